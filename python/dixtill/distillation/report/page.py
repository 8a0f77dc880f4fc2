"""Writes the report.html of a run folder: one self-contained page without a script."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...pages.shell import figures_html, head_html, header_html
from ...runtime.classifier import Classifier, load_classifier
from ...runtime.prediction import Prediction
from ...runtime.show.html import escaped, signed, words_html
from ...version import __version__
from ...whole_file import write_whole
from ..attribution.attributor import Attribution
from ..data.corpus import Corpus
from ..measures.scores import Scores
from ..progress.metrics import EpochMetrics, best_epoch
from .charts import epochs_chart, reliability_chart
from .measures import (
    Answers,
    Comparison,
    ExplanationMeasure,
    agreement_of,
    answers_of,
    faithfulness_of,
)

_STYLE = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
_SHOWN = 4  # examples of a kind


def write_report(
    path: Path,
    student: Path,
    history: Sequence[EpochMetrics],
    float_scores: Scores,
    valid: Corpus,
    explained: Mapping[str, Attribution],
    explained_are: str = "training texts",
) -> None:
    """Write the page of a finished student.

    Args:
        path: the page.
        student: the student's file, which is loaded from disk, since the page is about that file.
        history: the metrics of every epoch.
        float_scores: of the student on `valid` before it was quantized.
        valid: the texts that chose the best epoch.
        explained: the teacher's attributions by text, with which the student's weights are
            compared.
        explained_are: which texts those are.
    """
    page = "".join(_parts(student, history, float_scores, valid, explained, explained_are))
    write_whole(path, page.encode())


def _parts(
    student: Path,
    history: Sequence[EpochMetrics],
    float_scores: Scores,
    valid: Corpus,
    explained: Mapping[str, Attribution],
    explained_are: str,
) -> Iterator[str]:
    classifier = load_classifier(student)
    answers = answers_of(classifier, valid)
    yield head_html(student.name, _STYLE)
    labels = ", ".join(valid.label_names)
    yield header_html(student.name, f"A student of {labels}, and how its training went.")
    yield _figures(student, classifier, float_scores, answers)
    yield _curves(history, best_epoch(history).epoch)
    yield _answers(answers)
    yield _explanations(
        faithfulness_of(classifier, answers.predictions),
        agreement_of(classifier, explained),
        explained_are,
    )
    yield _examples(answers)
    yield _use(student)
    yield _settings(classifier.model.settings.provenance)
    yield (
        f"<footer>Made by dixtill {__version__} from the file with the SHA-256 "
        f"{_digest(student)}.</footer>\n</main>\n"
    )


def describes(page: Path, student: Path) -> bool:
    """Return whether `page` is the report of the student's file as it is now."""
    return _digest(student) in page.read_text(encoding="utf-8", errors="replace")


def _digest(student: Path) -> str:
    return sha256(student.read_bytes()).hexdigest()


def _figures(student: Path, classifier: Classifier, float_scores: Scores, answers: Answers) -> str:
    scores, whole = answers.scores, float_scores
    num_parameters = classifier.model.shape.num_parameters
    found = [
        ("accuracy", f"{scores.accuracy:.1%}", f"float32: {whole.accuracy:.1%}"),
        ("macro-F1", f"{scores.macro_f1:.1%}", f"float32: {whole.macro_f1:.1%}"),
        ("calibration error", f"{scores.calibration_error:.1%}", "ECE, 15 bins"),
        ("bytes", f"{student.stat().st_size:,}", f"{num_parameters:,} parameters"),
        ("validation texts", f"{len(answers.corpus):,}", "they chose epoch and temperature"),
    ]
    return figures_html(found)


def _curves(history: Sequence[EpochMetrics], best: int) -> str:
    losses = {"total": [metrics.loss for metrics in history]}
    for name in history[-1].terms:
        losses[name] = [metrics.terms.get(name, float("nan")) for metrics in history]
    scores = {
        "accuracy": [metrics.accuracy for metrics in history],
        "macro-F1": [metrics.macro_f1 for metrics in history],
    }
    weights = {
        name: [metrics.weights.get(name, float("nan")) for metrics in history]
        for name in history[-1].weights
    }
    caption = "Mean weight of texts by epoch, by kind and by the teacher’s confidence"
    return (
        "<h2>Training</h2><p>The dashed line is the best epoch, whose parameters were kept. Losses "
        "are means over the training texts; the total weighs them.</p>"
        '<div class="charts">'
        f"{epochs_chart(losses, best, 'Losses by epoch')}"
        f"{epochs_chart(scores, best, 'Scores on the validation texts by epoch')}"
        f"{epochs_chart(weights, best, caption) if weights else ''}</div>\n"
    )


def _answers(answers: Answers) -> str:
    error = answers.scores.calibration_error
    chart = reliability_chart(
        answers.bins(),
        f"Share of right answers by their probability (calibration error {error:.3f})",
    )
    return (
        "<h2>Answers</h2><p>These are the answers of the file to the validation texts. They chose "
        "the best epoch and the temperature, so scores on other texts will be a little lower. A "
        "calibrated student’s dots lie on the diagonal; their area is the number of texts.</p>"
        f'<div class="charts"><div>{_confusion(answers)}{_classes(answers)}</div>'
        f"<div>{chart}{_bins(answers)}</div></div>\n"
    )


def _confusion(answers: Answers) -> str:
    counts = answers.confusion()
    head = "".join(f'<th scope="col" dir="auto">{escaped(label)}</th>' for label in answers.labels)
    rows = ""
    for label, row in zip(answers.labels, counts.tolist(), strict=True):
        total = sum(row) or 1
        cells = "".join(f'<td class="h{round(9 * n / total)}">{n:,}</td>' for n in row)
        rows += f'<tr><th scope="row" dir="auto">{escaped(label)}</th>{cells}</tr>'
    return (
        '<table class="confusion"><caption>True label (rows) and predicted label (columns)'
        f"</caption><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _bins(answers: Answers) -> str:
    rows = [
        (
            f"{one.low:.2f} to {one.high:.2f}",
            f"{one.count:,}",
            f"{one.probability:.3f}",
            f"{one.accuracy:.3f}",
        )
        for one in answers.bins()
    ]
    return _table("", ("probability", "texts", "mean", "right"), rows)


def _classes(answers: Answers) -> str:
    rows = [
        (
            one.label,
            f"{one.precision:.3f}",
            f"{one.recall:.3f}",
            f"{one.f1:.3f}",
            f"{one.rows:,}",
        )
        for one in answers.classes()
    ]
    return _table("By class", ("label", "precision", "recall", "F1", "texts"), rows)


def _explanations(faithfulness: Comparison, agreement: Comparison, explained_are: str) -> str:
    if not faithfulness.rows:
        return ""
    columns = ("", "weights", "random weights")
    caption = f"Do they hold for the student itself? ({faithfulness.count:,} validation texts)"
    tables = [_table(caption, columns, _rows(faithfulness.rows))]
    if agreement.rows:
        caption = f"Are they the teacher’s? ({agreement.count:,} {explained_are})"
        tables.append(_table(caption, columns, _rows(agreement.rows)))
    return (
        "<h2>Explanations</h2><p>Leave one out is the rank correlation of the weights with what "
        "each word’s absence costs. Comprehensiveness and insertion are good when large, "
        "sufficiency and deletion when small. Compare them with those of random weights.</p>"
        f'<div class="charts">{"".join(f"<div>{table}</div>" for table in tables)}</div>\n'
    )


def _rows(found: Sequence[ExplanationMeasure]) -> list[tuple[str, ...]]:
    return [(one.name, f"{one.weights:.3f}", f"{one.random:.3f}") for one in found]


def _examples(answers: Answers) -> str:
    pairs = list(zip(answers.predictions, answers.corpus.labels, strict=True))
    by_probability = sorted(pairs, key=lambda pair: -pair[0].probability)

    def is_right(pair: tuple[Prediction, int]) -> bool:
        return pair[0].top_label == answers.labels[pair[1]]

    kinds = {
        "Right and sure": [pair for pair in by_probability if is_right(pair)],
        "Wrong and sure": [pair for pair in by_probability if not is_right(pair)],
        "Unsure": by_probability[::-1],
    }
    sections = "".join(
        f"<h3>{name}</h3>{''.join(_example(answers, *pair) for pair in _by_turns(chosen)[:_SHOWN])}"
        for name, chosen in kinds.items()
        if chosen
    )
    return (
        "<h2>Examples</h2><p>Blue supports the predicted label, orange (dashed) opposes it; a "
        f"word’s title is its weight.</p>{sections}\n"
    )


def _by_turns(pairs: Sequence[tuple[Prediction, int]]) -> list[tuple[Prediction, int]]:
    """Take the predicted labels in turns, because the surest answers may all have one label."""
    turns: Counter[str] = Counter()
    ranked = []
    for pair in pairs:
        label = pair[0].top_label
        ranked.append((turns[label], pair))
        turns[label] += 1
    return [pair for _, pair in sorted(ranked, key=lambda item: item[0])]


def _example(answers: Answers, prediction: Prediction, true: int) -> str:
    score = signed(sum(word.weight for word in prediction.words))
    return (
        f'<div class="example"><p><b>{escaped(prediction.top_label)}</b> '
        f"({prediction.probability:.2f}), true label {escaped(answers.labels[true])}, score "
        f"{score}</p>"
        f"<p>{words_html(prediction)}</p></div>"
    )


def _use(student: Path) -> str:
    command = f'dixtill infer --model {shlex.quote(str(student))} "a text"'
    code = f'import dixtill\n\nstudent = dixtill.load({str(student)!r})\nstudent("a text").label'
    return f"<h2>Use it</h2><pre>{escaped(command)}</pre><pre>{escaped(code)}</pre>\n"


def _settings(provenance: Mapping[str, Any]) -> str:
    rows = [(name, _shown(value)) for name, value in sorted(_flat(provenance).items())]
    return f"<details><summary>Settings and provenance</summary>{_table('', (), rows)}</details>\n"


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escaped(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row" dir="auto">{escaped(first)}</th>'
        f"{''.join(f'<td>{escaped(value)}</td>' for value in rest)}</tr>"
        for first, *rest in rows
    )
    return (
        f"<table>{f'<caption>{escaped(caption)}</caption>' if caption else ''}"
        f"{f'<thead><tr>{head}</tr></thead>' if columns else ''}<tbody>{body}</tbody></table>"
    )
