"""Write one self-contained HTML page that explains texts, in the form of the paper's figure.

The table works without JavaScript; filters, search and sorting need it. A content security
policy forbids every request, and every script and style except the page's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..runtime.show.headline import headline, labels_of, number_of
from ..runtime.show.html import NUM_LEVELS, UNKNOWN_NOTE, escaped, signed, words_html
from ..runtime.show.scale import common_scale
from ..runtime.show.terminal import check_sentences, notes
from ..version import __version__
from .rows import (
    ExplainedText,
    TellingWord,
    Weights,
    figures,
    telling_words,
    weights_of_all_labels,
)
from .shell import figures_html, head_html, header_html

if TYPE_CHECKING:
    from ..runtime.prediction import Prediction

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
_SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")

_MOST_TELLING = 10  # telling words shown for each class
_FEW = 20  # with fewer texts than this, no telling words are shown
_MANY = 200  # with more texts than this, the browser lays out only those in view
_MOST_WEIGHTS = 100_000  # of all labels, which a page may hold: about a megabyte
_LEAST, _RARE = 3, 0.002  # a telling word must occur in this number and this share of the texts


def page_html(texts: Sequence[ExplainedText], title: str, remark: str = "") -> str:
    """Return the page, to be written as UTF-8."""
    return "".join(_parts(texts, title, remark))


def _parts(texts: Sequence[ExplainedText], title: str, remark: str) -> Iterator[str]:
    own_scale = common_scale(text.prediction.words for text in texts)
    teachers = [text.teacher for text in texts if text.teacher is not None]
    teachers_scale = common_scale(teacher.words for teacher in teachers)
    yield head_html(title, _STYLE, _SCRIPT)
    yield header_html(title, remark)
    yield figures_html(figures(texts)) if len(texts) > 1 else ""
    yield _telling_words(texts)
    yield _controls(texts) if len(texts) > 1 else ""
    all_weights = weights_of_all_labels(texts, _MOST_WEIGHTS)
    yield _legend(texts, own_scale, teachers_scale)
    yield _chooser(texts, own_scale) if all_weights else ""
    yield _table(texts, own_scale, teachers_scale, all_weights)
    yield f"<footer>Made by dixtill {__version__}.</footer>\n</main>\n<script>{_SCRIPT}</script>\n"


def _telling_words(texts: Sequence[ExplainedText]) -> str:
    if len(texts) < _FEW:
        return ""
    least = max(_LEAST, round(_RARE * len(texts)))
    found = telling_words(texts, least, _MOST_TELLING)
    if not any(found.values()):
        return ""
    largest = max(word.mean for words in found.values() for word in words)
    tables = (_class_table(label, words, largest) for label, words in found.items() if words)
    return (
        '<section class="telling"><h2>The most telling words</h2>\n'
        "<p>Mean weight in texts that are explained for the label, and number of these texts; only "
        f"words that occur in at least {least} texts.</p>\n<div>{''.join(tables)}</div></section>\n"
    )


def _class_table(label: str, words: Sequence[TellingWord], largest: float) -> str:
    rows = (
        f'<tr><th scope="row" dir="auto">{escaped(word.word)}</th><td>{_bar(word.mean / largest)}'
        f"</td><td>{signed(word.mean)}</td><td>{word.num_texts:,}</td></tr>"
        for word in words
    )
    return (
        f'<table><caption dir="auto">{escaped(label)}</caption><thead class="unseen"><tr>'
        '<th scope="col">word</th><th scope="col">bar</th><th scope="col">mean weight</th>'
        f'<th scope="col">texts</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _bar(share: float) -> str:
    return (
        '<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * share:.0f}" height="8"/></svg>'
    )


def _controls(texts: Sequence[ExplainedText]) -> str:
    """Return the filters, hidden until the script runs."""
    labels = list(texts[0].prediction.probabilities)
    named = [("", "all"), *zip(labels, labels, strict=True)]
    choices = [_choice("predicted", "Predicted", named)] if labels else []
    if any(text.true_label is not None for text in texts):
        choices.append(_choice("true", "True", named))
    if labels:
        choices.append(_choice("below", "Probability", [("", "all"), *_bounds(texts)]))
    choices.append(_choice("order", "Sort by", _orders(texts)))
    boxes = [_box("errors", "errors only")] if any(t.true_label is not None for t in texts) else []
    if any(text.teacher is not None for text in texts):
        boxes.append(_box("disagree", "the teacher disagrees"))
    return (
        "<h2>Texts</h2>\n"
        # Without autocomplete="off", some browsers restore the choices after a reload.
        '<form id="controls" role="search" aria-label="Filter and sort the texts" '
        'autocomplete="off" hidden>'
        '<div class="search"><label for="search">Search</label>'
        '<input type="search" id="search"></div>'
        f"{''.join(choices)}{''.join(boxes)}"
        '<p><output id="shown" role="status"></output>'
        '<button type="reset">Show all</button></p></form>\n'
    )


def _choice(name: str, caption: str, options: Sequence[tuple[str, str]]) -> str:
    items = (
        f'<option value="{escaped(value)}">{escaped(shown)}</option>' for value, shown in options
    )
    return (
        f'<div><label for="{name}">{caption}</label>'
        f'<select id="{name}">{"".join(items)}</select></div>'
    )


def _box(name: str, caption: str) -> str:
    return f'<label class="box"><input type="checkbox" id="{name}">{caption}</label>'


def _bounds(texts: Sequence[ExplainedText]) -> list[tuple[str, str]]:
    bounds = {0.5, 0.6, 0.7, 0.8, 0.9, *(text.prediction.threshold for text in texts)} - {0.0}
    return [(f"{bound:g}", f"below {bound:g}") for bound in sorted(bounds, reverse=True)]


def _orders(texts: Sequence[ExplainedText]) -> list[tuple[str, str]]:
    least, most = "least probable first", "most probable first"
    if texts[0].prediction.value is not None:
        least, most = "smallest number first", "largest number first"
    orders = [("", "as given"), ("probability", least), ("-probability", most)]
    orders += [("-score", "highest score first"), ("score", "lowest score first")]
    if any(text.teacher is not None for text in texts):
        orders.append(("agreement", "least agreement first"))
    return orders


def _legend(texts: Sequence[ExplainedText], scale: float, teachers_scale: float) -> str:
    names = [f"n{level}" for level in range(NUM_LEVELS, 0, -1)]
    names += ["", *(f"p{level}" for level in range(1, NUM_LEVELS + 1))]
    swatches = "".join(f'<b class="{name}">&nbsp;&nbsp;</b>' for name in names)
    teacher = f" (the teacher’s: ±{teachers_scale:.2f})" if teachers_scale else ""
    outlined, numbers = "", "show the weights"
    if any(text.prediction.check for text in texts):
        outlined = " Without the outlined words the label changes."
        numbers = "show weights / effects"
    dotted = ""
    if any(word.is_unknown for text in texts for word in text.prediction.words):
        dotted = f" {UNKNOWN_NOTE[0].upper()}{UNKNOWN_NOTE[1:]}."
    return (
        '<div class="legend"><p><span>opposes the label</span> '
        f'<span class="dixtill-words" aria-hidden="true">{swatches}</span> '
        "<span>supports it</span></p>"
        f"<p>Full color is a weight of ±{scale:.2f} or more{teacher}. What opposes has dashes "
        f"below.{outlined}{dotted}</p>"
        f'<label class="box"><input type="checkbox" id="weights">{numbers}</label></div>\n'
    )


def _chooser(texts: Sequence[ExplainedText], scale: float) -> str:
    """Return the choice of the label that words are weighed for, hidden until the script runs."""
    labels = texts[0].prediction.kind.labels
    own = "the attribution label" if len(texts) == 1 else "each text’s attribution label"
    options = [("", own), *((str(index), label) for index, label in enumerate(labels))]
    choice = _choice("explained", "Weigh words for", options)
    return f'<div class="legend" id="chooser" data-scale="{scale:.6g}" hidden>{choice}</div>\n'


def _table(
    texts: Sequence[ExplainedText],
    scale: float,
    teachers_scale: float,
    all_weights: list[list[Weights]] | None,
) -> str:
    names = "texts" if any(text.true_label is not None for text in texts) else "texts unlabeled"
    names += " many" if len(texts) > _MANY else ""
    number = "line" if any(text.line is not None for text in texts) else "text"
    columns = [
        (number, number), ("true", "true label"), ("predicted", _predicted_head(texts)),
        ("label", "attribution label"), ("score", "attribution score"), ("words", "words"),
    ]  # fmt: skip
    head = "".join(
        f'<th role="columnheader" scope="col" data-key="{key}">{caption}</th>'
        for key, caption in columns
    )
    rows = (
        _row(text, text.line or place, scale, teachers_scale, weights)
        for place, (text, weights) in enumerate(
            zip(texts, all_weights or [[]] * len(texts), strict=True), start=1
        )
    )
    return (
        f'<table class="{names}" role="table" aria-label="Texts and their explanations">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{"".join(rows)}</tbody></table>\n'
        '<p id="none" hidden>No text matches.</p>\n'
    )


def _row(
    text: ExplainedText,
    number: int,
    scale: float,
    teachers_scale: float,
    all_weights: Sequence[Weights],
) -> str:
    """Return one row, with unquoted attributes and open cells to save bytes."""
    prediction = text.prediction
    true = "–" if text.true_label is None else escaped(text.true_label)
    error = " <em>error</em>" if text.is_wrong else ""
    return (
        f"<tr role=row{_row_classes(text)}><th role=rowheader scope=row>{number}"
        f"<td role=cell>{true}{error}<td role=cell>{_predicted(prediction)}"
        f"<td role=cell>{escaped(prediction.explained_label)}<td role=cell>{signed(text.score)}"
        f"<td role=cell>{words_html(prediction, scale, all_weights)}{_notes(text)}"
        f"{_teacher(text, text.teacher, teachers_scale) if text.teacher else ''}\n"
    )


def _predicted_head(texts: Sequence[ExplainedText]) -> str:
    output = texts[0].prediction.kind.output if texts else "softmax"
    if output == "number":
        return "predicted number"
    return f"predicted label{'s' if output == 'sigmoid' else ''} (probability)"


def _predicted(prediction: Prediction) -> str:
    """Return the labels, the number or that there is no label; with what rows are sorted by."""
    if prediction.value is not None:
        shown, _ = number_of(prediction)
        return f"<data value={prediction.value:.6g}>{shown}</data>"
    (_, value), *others = labels_of(prediction) or [("", prediction.probability)]
    label = escaped(prediction.labels[0]) if prediction.labels else "no label"
    rest = "".join(f", {escaped(name)} ({probability:.2f})" for name, probability in others)
    return f"{label} <data value={value:.4f}>({value:.2f})</data>{rest}"


def _row_classes(text: ExplainedText) -> str:
    names = ["wrong"] * text.is_wrong + ["other"] * text.disagrees
    return f' class="{" ".join(names)}"' if names else ""


def _notes(text: ExplainedText) -> str:
    found = check_sentences(text.prediction) if text.prediction.words else ["there are no words"]
    found += notes(text.prediction)
    return f"<p class=note>{escaped('; '.join(found))}</p>" if found else ""


def _teacher(text: ExplainedText, teacher: Prediction, scale: float) -> str:
    agreement = ""
    if text.agreement is not None:
        agreement = f", agreement <data value={text.agreement:.2f}>{text.agreement:.0%}</data>"
    return (
        f"<div class=teacher><p class=note>teacher: {escaped(''.join(headline(teacher)))}"
        f"{agreement}</p>{words_html(teacher, scale)}</div>"
    )
