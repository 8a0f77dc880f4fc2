
// Says which student a circle is, marks its row, and moves among circles by the arrow keys.
"use strict";
for (const chart of document.querySelectorAll(".front")) {
  const hint = chart.parentElement.querySelector(".hint");
  const circles = [...chart.querySelectorAll("a")]
    .sort((one, other) => one.dataset.x - other.dataset.x);
  const choose = (circle) => {
    for (const other of document.querySelectorAll(".chosen")) other.classList.remove("chosen");
    const name = circle.getAttribute("href");
    for (const same of document.querySelectorAll(`.front a[href="${name}"], tr${name}`)) {
      same.classList.add("chosen");
    }
    hint.textContent = circle.getAttribute("aria-label");
  };
  for (const [place, circle] of circles.entries()) {
    circle.addEventListener("mouseenter", () => choose(circle));
    circle.addEventListener("focus", () => choose(circle));
    circle.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      circles[(place + step + circles.length) % circles.length].focus();
    });
  }
}
