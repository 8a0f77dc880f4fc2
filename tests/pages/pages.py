"""Make pages, and read what a browser shows of them."""

from __future__ import annotations

from pathlib import Path

from explained import predicted

from dixtill.pages.rows import ExplainedText

HEADLINES = Path(__file__).parents[2] / "docs" / "examples" / "headlines.csv"
DESKTOP, PHONE = (1280, 900), (360, 740)

# The WCAG 2 contrast of each visible piece of text with its background. Colors are read from a
# canvas, which understands all notations; every background of the page is opaque.
CONTRASTS = """() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
      if (color[3]) throw new Error("half transparent: " + e.outerHTML);
    }
    throw new Error("nothing is behind it");
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const pair = [rgba(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    found.push([ratio, element.tagName + "." + element.className, walker.currentNode.data]);
  }
  return found;
}"""


def taught(texts, labels=("bullish", "bearish")):
    """Add a teacher that predicts these labels in turn."""
    return [
        ExplainedText(
            text.prediction,
            text.true_label,
            predicted(text.prediction.text, label=labels[number % len(labels)]),
            text.line,
        )
        for number, text in enumerate(texts)
    ]


def rows_of(page):
    """Return the texts of the cells of each visible row."""
    return page.eval_on_selector_all(
        ".texts tbody tr",
        "rows => rows.filter(r => r.checkVisibility())"
        ".map(r => [...r.cells].map(c => c.innerText.trim()))",
    )


def numbers_of(page):
    return [int(row[0]) for row in rows_of(page)]


def numbers_of_phone(page):
    return page.eval_on_selector_all(
        ".texts tbody th", "all => all.map(e => Number(e.textContent))"
    )


def rgb(page, selector):
    return page.eval_on_selector(selector, "e => getComputedStyle(e).backgroundColor")
