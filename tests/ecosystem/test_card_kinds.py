"""The card of a student that gives several labels, or a number."""

from __future__ import annotations

import re

import pytest
import yaml
from tiny_students import random_model

from dixtill.cli import main
from dixtill.distillation.data.corpus import Corpus
from dixtill.errors import InputError
from dixtill.hub.card import CardText, card_of
from dixtill.hub.measures import measure
from dixtill.runtime.classifier import Classifier
from dixtill.specification.model_file import write_model

SCORES = {
    "sigmoid": {
        "micro_f1": 0.8125, "macro_f1": 0.7, "ranking_average_precision": 0.9,
        "calibration_error": 0.05,
    },
    "number": {"mean_absolute_error": 12.5, "pearson": 0.75},
}  # fmt: skip


def card(output: str, **changes) -> str:
    return card_of(random_model(output=output, **changes), 1000, None, CardText())


def test_a_card_of_several_labels_says_how_they_are_decided():
    provenance = {"temperature": [0.5, 1.25, 2.0], "int8_scores": SCORES["sigmoid"]}
    found = card("sigmoid", provenance=provenance)
    for text in (
        "gives a text any number of labels. They are `bearish`, `bullish`, `neutral`",
        "labels whose probability reaches their threshold", "exact share of the label's own logit.",
        "answer.labels, answer.probabilities, answer.words",
        "temperatures that calibrate its labels, in their order: 0.5, 1.25, 2\n",
        "micro-F1 0.8125, macro-F1 0.7000,", "`dixtill evaluate` measures it",
    ):  # fmt: skip
        assert text in found, text
    for text in ("compared with", "answer.label,", "[0.5", "card --data"):
        assert text not in found, text
    assert "multi-label-classification" in yaml.safe_load(found.split("---\n")[1])["tags"]


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (None, "the number, no interval (None), and"),
        (2.5, "an interval of 2.5 to either side of it, which holds the true number of 90%"),
    ],
)
def test_a_card_of_numbers_speaks_of_no_labels_and_no_probabilities(interval, said):
    provenance = {"temperature": 1.0, "int8_scores": SCORES["number"]}
    found = card("number", provenance=provenance, interval=interval)
    for text in (
        "gives a text a number, `stars`", said, "exact share of the number.",
        "answer.value, answer.interval, answer.words", "mean absolute error 12.5000",
    ):  # fmt: skip
        assert text in found, text
    assert not re.search(r"labels|probabilit|logit|\.label|classifier|temperature", found)


@pytest.mark.parametrize("output", ["sigmoid", "number"])
def test_a_card_without_scores_says_so_and_names_the_command_that_measures(output):
    found = card(output)
    assert "It was not measured; `dixtill evaluate` measures it on labeled texts." in found


@pytest.mark.parametrize("output", ["sigmoid", "number"])
def test_such_a_student_is_not_measured_for_its_card(output, tmp_path, capsys):
    model = random_model(output=output)
    with pytest.raises(InputError, match="measures of students that give one label, but this one"):
        measure(Classifier(model), Corpus(("up",), (0,), model.settings.labels))
    write_model(model, tmp_path / "s.safetensors")
    (tmp_path / "t.csv").write_text("text,label\nup,bearish|bullish\n")
    made = ["card", "--model", str(tmp_path / "s.safetensors"), "--out", str(tmp_path / "made")]
    assert main([*made, "--data", str(tmp_path / "t.csv")]) == 2
    assert "leave out the data (--data), and add what `dixtill eval" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*made, "--label-separator", "|"])
    assert "unrecognized arguments: --label-separator" in capsys.readouterr().err
    assert main(made) == 0
