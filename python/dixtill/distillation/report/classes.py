"""The part of a report about answers that are one label of several."""

from __future__ import annotations

from ...runtime.prediction import Prediction
from ...runtime.show.html import escaped
from .charts import reliability_chart
from .measures import Answers
from .tables import Pair, by_turns, examples_html, table_html


def answers_html(answers: Answers) -> str:
    """Return the confusion of the labels, their scores, and how well they are calibrated."""
    error = answers.calibration_error
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
    return table_html("", ("probability", "texts", "mean", "right"), rows)


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
    return table_html("By class", ("label", "precision", "recall", "F1", "texts"), rows)


def class_examples_html(answers: Answers) -> str:
    """Return right, wrong and unsure answers with their words."""
    by_probability = sorted(answers.pairs(), key=lambda pair: -pair[0].probability)

    def is_right(pair: Pair) -> bool:
        return bool(pair[0].top_label == answers.labels[pair[1]])

    def describe(prediction: Prediction, true: int) -> str:
        return (
            f"<b>{escaped(prediction.top_label)}</b> ({prediction.probability:.2f}), true label "
            f"{escaped(answers.labels[true])}"
        )

    kinds = {
        "Right and sure": by_turns([pair for pair in by_probability if is_right(pair)]),
        "Wrong and sure": by_turns([pair for pair in by_probability if not is_right(pair)]),
        "Unsure": by_turns(by_probability[::-1]),
    }
    return examples_html(kinds, describe, "the predicted label")
