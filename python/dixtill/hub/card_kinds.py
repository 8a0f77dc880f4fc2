"""What a card says of each kind of answer: one label, several labels, or a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..distillation.measures.interval import COVERED
from ..distillation.progress.metrics import shown_scores
from ..escapes import as_code

if TYPE_CHECKING:
    from ..runtime.model_file.settings import StudentSettings

_WEIGHTS = {  # what a word's weight is, of what `CardKind.explained` names
    "gates": "the integrated gradient of {}, over a gate in the attention",
    "contributions": "its exact share of {}",
    "scores": "the student's raw attention score, as in the paper",
}
_UNMEASURED = "It was not measured on texts that played no part in its training"


class CardKind(NamedTuple):
    """The sentences of one kind of answer."""

    task: str  # with the size of the file, the labels, and what a word's weight is
    explained: str  # what the words' weights explain
    fields: str  # of an answer, as Python reads them
    calibrated: str  # what holds for texts like the validation texts
    validated: str  # with the scores on the validation texts
    scores: tuple[str, ...]  # their names in the provenance
    advice: str  # how to measure the student
    tags: tuple[str, ...] = ()  # of the hub


_KINDS = {
    "softmax": CardKind(
        task="A text classifier of {size} bytes, made by dixtill. Its labels are {labels}. Each "
        "answer is a label, its probabilities, and a signed weight for each word: {weights}.",
        explained="the label's logit, compared with the mean of all labels",
        fields="answer.label, answer.probabilities, answer.words",
        calibrated="Its probabilities are calibrated, if at all,",
        validated="it has an accuracy of {accuracy:.3f}, a macro-F1 of {macro_f1:.3f} and a "
        "calibration error (ECE) of {calibration_error:.3f}",
        scores=("accuracy", "macro_f1", "calibration_error"),
        advice="`dixtill card --data` measures it on labeled texts",
    ),
    "sigmoid": CardKind(
        task="A text classifier of {size} bytes, made by dixtill, that gives a text any number of "
        "labels. They are {labels}. Each answer is the labels whose probability reaches their "
        "threshold, the probability of each label, and a signed weight of each word for the most "
        "probable label, or for any other that is asked for: {weights}.",
        explained="the label's own logit",
        fields="answer.labels, answer.probabilities, answer.words",
        calibrated="Its probabilities are calibrated, if at all, and its thresholds are chosen",
        validated="these are its scores, with thresholds that the same texts chose: {shown}",
        scores=("micro_f1", "macro_f1", "ranking_average_precision", "calibration_error"),
        advice="`dixtill evaluate` measures it on labeled texts",
        tags=("multi-label-classification",),
    ),
    "number": CardKind(
        task="A model of {size} bytes, made by dixtill, that gives a text a number, {labels}. Each "
        "answer is the number, {interval}, and a signed weight for each word: {weights}.",
        explained="the number",
        fields="answer.value, answer.interval, answer.words",
        calibrated="Its interval, if it has one, holds as many numbers as it says",
        validated="these are its scores: {shown}",
        scores=("mean_absolute_error", "pearson"),
        advice="`dixtill evaluate` measures it on labeled texts",
        tags=("text-scoring",),
    ),
}  # fmt: skip


def kind_of(output: str) -> CardKind:
    """Return the sentences for a student's output."""
    return _KINDS[output]


def task_of(output: str, settings: StudentSettings, num_bytes: int) -> str:
    """Say what the student does, and what its answers are."""
    kind, width = _KINDS[output], settings.interval
    return kind.task.format(
        size=f"{num_bytes:,}",
        labels=", ".join(map(as_code, settings.labels)),
        weights=_WEIGHTS[settings.explanation].format(kind.explained),
        interval="no interval (None)"
        if width is None
        else f"an interval of {width:.4g} to either side of it, which holds the true number of "
        f"{COVERED:.0%} of the texts",
    )


def validation_of(output: str, scores: Mapping[str, Any]) -> str:
    """Say how the student did on its validation texts, as its file's provenance has it."""
    kind = _KINDS[output]
    found = {name: scores.get(name) for name in kind.scores}
    known = {name: score for name, score in found.items() if isinstance(score, float)}
    if len(known) < len(found):
        return f"It was not measured; {kind.advice}."
    sentence = kind.validated.format(**known, shown=shown_scores(known, ", "))
    advice = "" if output == "softmax" else f"; {kind.advice}"
    return f"On the validation texts, which chose its epoch, {sentence}. {_UNMEASURED}{advice}."
