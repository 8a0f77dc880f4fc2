"""Writes the report.html of a run folder: one self-contained page without a script."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...pages.shell import figures_html, head_html, header_html
from ...runtime.classifier import Classifier, load_classifier
from ...runtime.show.html import escaped
from ...version import __version__
from ...whole_file import write_whole
from ..attribution.attributor import Attribution
from ..config import OutputKind
from ..data.corpus import Corpus
from ..measures.scores import AnyScores
from ..progress.metrics import TITLES, EpochMetrics, best_epoch
from . import classes, label_sets, numbers
from .charts import epochs_chart
from .measures import (
    Answers,
    Comparison,
    ExplanationMeasure,
    agreement_of,
    answers_of,
    faithfulness_of,
)
from .tables import table_html

_STYLE = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
_FIGURES = {"calibration_error": "calibration error"}  # longer names than in a line of scores
_NO_SHARES = ("mean_absolute_error", "pearson")
_CHOSE: Mapping[OutputKind, str] = {
    "softmax": "they chose epoch and temperature",
    "sigmoid": "they chose epoch, temperatures and thresholds",
    "number": "they chose the epoch",
}
_PARTS: Mapping[OutputKind, tuple[Callable[[Answers], str], Callable[[Answers], str]]] = {
    "softmax": (classes.answers_html, classes.class_examples_html),
    "sigmoid": (label_sets.answers_html, label_sets.set_examples_html),
    "number": (numbers.answers_html, numbers.number_examples_html),
}


def write_report(
    path: Path,
    student: Path,
    history: Sequence[EpochMetrics],
    float_scores: AnyScores,
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
    float_scores: AnyScores,
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
    answers_html, examples = _PARTS[valid.output]
    yield answers_html(answers)
    yield _explanations(
        faithfulness_of(classifier, answers.predictions),
        agreement_of(classifier, explained),
        explained_are,
    )
    yield examples(answers)
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


def _figures(
    student: Path, classifier: Classifier, float_scores: AnyScores, answers: Answers
) -> str:
    num_parameters = classifier.model.shape.num_parameters
    whole = asdict(float_scores)
    found = [
        (
            _FIGURES.get(name, TITLES[name]),
            _in_figures(name, value),
            "ECE, 15 bins" if name in _FIGURES else f"float32: {_in_figures(name, whole[name])}",
        )
        for name, value in asdict(answers.scores).items()
    ]
    found += [
        ("bytes", f"{student.stat().st_size:,}", f"{num_parameters:,} parameters"),
        ("validation texts", f"{len(answers.corpus):,}", _CHOSE[answers.corpus.output]),
    ]
    return figures_html(found)


def _in_figures(name: str, value: float) -> str:
    """Show a share in percent, and other scores as they are."""
    return f"{value:.4g}" if name in _NO_SHARES else f"{value:.1%}"


def _curves(history: Sequence[EpochMetrics], best: int) -> str:
    losses = {"total": [metrics.loss for metrics in history]}
    for name in history[-1].terms:
        losses[name] = [metrics.terms.get(name, float("nan")) for metrics in history]
    scores = {
        TITLES[name]: [metrics.scores[name] for metrics in history] for name in history[-1].scores
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


def _explanations(faithfulness: Comparison, agreement: Comparison, explained_are: str) -> str:
    if not faithfulness.rows:
        return ""
    columns = ("", "weights", "random weights")
    caption = f"Do they hold for the student itself? ({faithfulness.count:,} validation texts)"
    tables = [table_html(caption, columns, _rows(faithfulness.rows))]
    if agreement.rows:
        caption = f"Are they the teacher’s? ({agreement.count:,} {explained_are})"
        tables.append(table_html(caption, columns, _rows(agreement.rows)))
    return (
        "<h2>Explanations</h2><p>Leave one out is the rank correlation of the weights with what "
        "each word’s absence costs. Comprehensiveness and insertion are good when large, "
        "sufficiency and deletion when small. Compare them with those of random weights.</p>"
        f'<div class="charts">{"".join(f"<div>{table}</div>" for table in tables)}</div>\n'
    )


def _rows(found: Sequence[ExplanationMeasure]) -> list[tuple[str, ...]]:
    return [(one.name, f"{one.weights:.3f}", f"{one.random:.3f}") for one in found]


def _use(student: Path) -> str:
    command = f'dixtill infer --model {shlex.quote(str(student))} "a text"'
    code = f'import dixtill\n\nstudent = dixtill.load({str(student)!r})\nstudent("a text").label'
    return f"<h2>Use it</h2><pre>{escaped(command)}</pre><pre>{escaped(code)}</pre>\n"


def _settings(provenance: Mapping[str, Any]) -> str:
    rows = [(name, _shown(value)) for name, value in sorted(_flat(provenance).items())]
    return (
        f"<details><summary>Settings and provenance</summary>{table_html('', (), rows)}</details>\n"
    )


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
