"use strict";
// Weighs words for another label, and filters, searches and sorts the rows; the page is complete
// without it.
function signed(number) {
  return (number < 0 ? "" : "+") + number.toFixed(2).replace("-", "\u2212");
}

function scoreOf(row) {
  return Number(row.cells[4].textContent.replace("\u2212", "-"));
}

// The levels are those of show/scale.py.
function weighForChosenLabel(chooser) {
  if (!chooser) return; // the page has the weights of one label alone
  const select = chooser.querySelector("select");
  const scale = Number(chooser.dataset.scale);
  const rows = [...document.querySelectorAll(".texts tbody tr")].map((row) => ({
    cells: [row.cells[3], row.cells[4]].map((cell) => [cell, cell.textContent]),
    words: [...row.querySelectorAll("b[data-w]")].map((word) => ({
      word,
      title: word.title,
      classes: word.className,
      weights: word.dataset.w.split(",").map(Number),
    })),
  }));

  function weigh({ word, title, classes, weights }, index) {
    const others = classes.split(" ").filter((name) => !/^[np]\d$/.test(name));
    const weight = weights[index];
    const size = scale > 0 ? Math.min(5, Math.floor((Math.abs(weight) / scale) * 5 + 0.5)) : 0;
    const strength = size ? [(weight > 0 ? "p" : "n") + size] : [];
    word.className = [...strength, ...others].join(" ");
    word.title = signed(weight) + (title.endsWith("(unknown)") ? " (unknown)" : "");
    if (!word.className) word.removeAttribute("class");
    return weight;
  }

  function restore({ word, title, classes }) {
    word.title = title;
    word.className = classes;
    if (!classes) word.removeAttribute("class");
  }

  select.addEventListener("change", () => {
    for (const { cells, words } of rows) {
      if (select.value === "") {
        words.forEach(restore);
        for (const [cell, text] of cells) cell.textContent = text;
      } else {
        const sum = words.reduce((total, word) => total + weigh(word, Number(select.value)), 0);
        cells[0][0].textContent = select.selectedOptions[0].textContent;
        cells[1][0].textContent = signed(sum);
      }
    }
    document.dispatchEvent(new Event("weighed"));
  });
  chooser.hidden = false;
}

(() => {
  const byId = (id) => document.getElementById(id);
  weighForChosenLabel(byId("chooser"));
  const form = byId("controls");
  const body = document.querySelector(".texts tbody");
  const head = document.querySelector(".texts thead");
  if (!form) return; // a single text
  const controls = Object.fromEntries(
    ["search", "predicted", "true", "below", "order", "errors", "disagree"].map((id) => [id, byId(id)]),
  );

  const firstText = (cell) => cell.firstChild.textContent.trim();
  const rows = [...body.rows].map((element, place) => {
    const [number, truth, predicted, label, , words] = element.cells;
    const agreement = words.querySelector(".teacher data");
    return {
      element,
      place,
      number: Number(number.textContent),
      text: words.firstChild.textContent.toLowerCase(),
      true: firstText(truth),
      predicted: firstText(predicted),
      label: label.textContent.trim(),
      probability: Number(predicted.querySelector("data").value),
      score: scoreOf(element),
      agreement: agreement ? Number(agreement.value) : Infinity,
      wrong: element.classList.contains("wrong"),
      disagrees: element.classList.contains("other"),
    };
  });

  const valueOf = (control) => (control ? control.value.trim() : "");
  const isChecked = (control) => Boolean(control && control.checked);

  function isWanted(row, wanted) {
    return (
      row.text.includes(wanted.search) &&
      (!wanted.predicted || row.label === wanted.predicted) &&
      (!wanted.true || row.true === wanted.true) &&
      (!wanted.below || row.probability < Number(wanted.below)) &&
      (!wanted.errors || row.wrong) &&
      (!wanted.disagree || row.disagrees)
    );
  }

  function filter() {
    const wanted = {
      search: controls.search.value.trim().toLowerCase(),
      predicted: valueOf(controls.predicted),
      true: valueOf(controls.true),
      below: valueOf(controls.below),
      errors: isChecked(controls.errors),
      disagree: isChecked(controls.disagree),
    };
    let shown = 0;
    for (const row of rows) {
      row.element.hidden = !isWanted(row, wanted);
      shown += row.element.hidden ? 0 : 1;
    }
    byId("shown").textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} texts`;
    byId("none").hidden = shown > 0;
  }

  function compare(a, b) {
    return typeof a === "string" ? a.localeCompare(b) : a - b || 0;
  }

  function sortBy(key, sign) {
    const sorted = [...rows].sort((a, b) => sign * compare(a[key], b[key]));
    body.append(...sorted.map((row) => row.element));
    for (const cell of head.rows[0].cells) {
      if (cell.dataset.sort === key && key !== "place") {
        cell.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      } else {
        cell.removeAttribute("aria-sort");
      }
    }
  }

  function sortAsChosen() {
    const order = controls.order.value;
    sortBy(order.replace("-", "") || "place", order.startsWith("-") ? -1 : 1);
  }

  function button(name, onClick) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = name;
    made.addEventListener("click", onClick);
    return made;
  }

  // A column's name becomes a button: the first click sorts up, the second down.
  const keys = { line: "number", text: "number", predicted: "probability", words: null };
  for (const cell of head.rows[0].cells) {
    const key = cell.dataset.key in keys ? keys[cell.dataset.key] : cell.dataset.key;
    if (key) {
      cell.dataset.sort = key;
      const turn = () => {
        controls.order.value = "";
        sortBy(key, cell.getAttribute("aria-sort") === "ascending" ? -1 : 1);
      };
      cell.replaceChildren(button(cell.textContent, turn));
    }
  }

  for (const cell of document.querySelectorAll(".telling tbody th")) {
    const word = cell.textContent;
    const search = () => {
      controls.search.value = word;
      filter();
      controls.search.focus();
      form.scrollIntoView();
    };
    const made = button(word, search);
    made.setAttribute("aria-label", `${word}: search for it`);
    cell.replaceChildren(made);
  }

  document.addEventListener("weighed", () => {
    for (const row of rows) row.score = scoreOf(row.element);
    sortAsChosen();
  });
  form.addEventListener("input", (event) => (event.target === controls.order ? sortAsChosen() : filter()));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => [filter(), sortAsChosen()]));
  form.hidden = false;
  filter();
})();
