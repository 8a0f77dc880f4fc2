"""The part of a report about answers that are several labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...runtime.prediction import Prediction
from ...runtime.show.html import escaped
from .charts import reliability_chart
from .measures import Answers
from .tables import by_turns, examples_html, table_html


def answers_html(answers: Answers) -> str:
    """Return the scores of each label at its threshold, and how well labels are calibrated."""
    rows = [
        (
            one.label, f"{threshold:g}", f"{one.precision:.3f}", f"{one.recall:.3f}",
            f"{one.f1:.3f}", f"{one.rows:,}",
        )
        for one, threshold in zip(answers.classes(), answers.thresholds, strict=True)
    ]  # fmt: skip
    columns = ("label", "threshold", "precision", "recall", "F1", "texts")
    chart = reliability_chart(
        answers.bins(),
        "Share of texts that have a label by its probability (calibration error "
        f"{answers.calibration_error:.3f})",
    )
    return (
        "<h2>Answers</h2><p>These are the answers of the file to the validation texts. They chose "
        "the best epoch, the temperatures and the thresholds, so scores on other texts will be a "
        "little lower. A text has each label whose probability reaches its threshold. Calibrated "
        "labels’ dots lie on the diagonal; their area is the number of pairs of a text and a "
        f'label.</p><div class="charts"><div>{table_html("By label", columns, rows)}</div>'
        f"<div>{chart}</div></div>\n"
    )


def set_examples_html(answers: Answers) -> str:
    """Return answers that are wholly right, and those with most wrong labels."""

    def num_wrong(prediction: Prediction, target: npt.NDArray[np.bool_]) -> int:
        return len({*prediction.labels} ^ {*_names(answers, target)})

    def describe(prediction: Prediction, target: npt.NDArray[np.bool_]) -> str:
        given = ", ".join(map(escaped, prediction.labels)) or "none"
        true = ", ".join(map(escaped, _names(answers, target))) or "none"
        return (
            f"<b>{given}</b>, true labels {true}; the words are for "
            f"{escaped(prediction.top_label)} ({prediction.probability:.2f})"
        )

    pairs = sorted(answers.pairs(), key=lambda pair: -pair[0].probability)
    kinds = {
        "All labels right": by_turns([pair for pair in pairs if not num_wrong(*pair)]),
        "Most labels wrong": sorted(
            (pair for pair in pairs if num_wrong(*pair)), key=lambda pair: -num_wrong(*pair)
        ),
    }
    return examples_html(kinds, describe, "the most probable label")


def _names(answers: Answers, target: npt.NDArray[np.bool_]) -> list[str]:
    return [answers.labels[k] for k in np.flatnonzero(target)]
