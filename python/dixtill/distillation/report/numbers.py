"""The part of a report about answers that are numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...runtime.prediction import Prediction
from ...runtime.show.html import escaped
from .measures import Answers
from .tables import examples_html, table_html

_TENTHS = 10


def answers_html(answers: Answers) -> str:
    """Return how far the answers are from the numbers, in ten ranges of these."""
    targets, errors = answers.corpus.targets[:, 0], answers.errors()
    order = np.argsort(targets, kind="stable")
    rows = [
        (
            f"{targets[some].min():g} to {targets[some].max():g}",
            f"{(targets + errors)[some].mean():.4g}",
            f"{np.abs(errors[some]).mean():.4g}",
            f"{len(some):,}",
        )
        for some in np.array_split(order, min(_TENTHS, len(order)))
    ]
    columns = (answers.labels[0], "mean answer", "mean absolute error", "texts")
    return (
        "<h2>Answers</h2><p>These are the answers of the file to the validation texts. They chose "
        "the best epoch, so errors on other texts will be a little larger. "
        f"{_about_interval(answers)}</p>"
        f'<div class="charts"><div>{table_html("By number", columns, rows)}</div></div>\n'
    )


def _about_interval(answers: Answers) -> str:
    interval = answers.interval
    if interval is None:
        return "They are too few for an interval around an answer."
    return (
        f"Of other texts like these, 90% have a number at most {interval:.4g} from the answer "
        "(split conformal prediction)."
    )


def number_examples_html(answers: Answers) -> str:
    """Return the answers that are closest and farthest, and the largest and smallest."""
    pairs, errors = answers.pairs(), answers.errors()

    def describe(prediction: Prediction, target: npt.NDArray[np.float64]) -> str:
        name = escaped(answers.labels[0])
        return f"{name} <b>{prediction.value:.4g}</b>, labeled with {target[0]:g}"

    order = np.argsort(np.abs(errors), kind="stable")
    by_value = sorted(pairs, key=lambda pair: pair[0].value or 0.0)
    kinds = {
        "Closest": [pairs[row] for row in order],
        "Farthest": [pairs[row] for row in order[::-1]],
        "Largest": by_value[::-1],
        "Smallest": by_value,
    }
    return examples_html(kinds, describe, "a larger number")
