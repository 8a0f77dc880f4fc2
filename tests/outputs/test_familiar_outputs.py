"""Texts that are not familiar are told apart, and lose their labels, wherever answers go."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_students import VOCABULARY, random_model

from dixtill.cli import main
from dixtill.hub import from_pretrained
from dixtill.pages.page import page_html
from dixtill.pages.rows import ExplainedText, figures
from dixtill.runtime.classifier import load_classifier
from dixtill.specification.familiarity import Familiarity
from dixtill.specification.model_file import write_model

FAMILIAR, OTHER = "shares up", "🚀🚀🚀"
NOTE = "the text is not like those that the student learned from: familiarity 0.00"


@pytest.fixture
def student(tmp_path: Path) -> str:
    """A student to which all texts with a known word are familiar."""
    known = Familiarity(
        evidence=np.zeros(len(VOCABULARY), np.int8),
        known_words=np.zeros(2048, np.uint8),
        quantiles=np.full(101, -7, np.float32),
    )
    path = tmp_path / "student.safetensors"
    write_model(random_model(familiarity=known), path)
    return str(path)


def test_a_terminal_says_it(student, capsys):
    assert main(["infer", "--model", student, FAMILIAR, OTHER]) == 0
    familiar, other = capsys.readouterr().out.split("\n\n")
    assert NOTE not in familiar
    assert NOTE in other
    assert main(["infer", "--model", student, "--only-familiar", OTHER]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("and not familiar")


def test_a_label_that_is_below_the_threshold_as_well_says_that(student):
    answer = load_classifier(student, threshold=1.0, only_familiar=True)(OTHER)
    assert str(answer).splitlines()[0].endswith("is below 1.0")


def test_rows_have_their_familiarity_and_lose_their_labels(student, tmp_path, capsys):
    data = tmp_path / "texts.txt"
    data.write_text(f"{FAMILIAR}\n{OTHER}\n", encoding="utf-8")
    command = ["infer", "--model", student, "--input", str(data), "--no-words"]
    found = {}
    for options in ((), ("--only-familiar",)):
        assert main([*command, *options]) == 0
        rows = list(map(json.loads, capsys.readouterr().out.splitlines()))
        assert [row["familiarity"] for row in rows] == [1.0, 0.0]
        found[options] = [row["predicted_label"] for row in rows]
    assert None not in found[()]
    assert found[("--only-familiar",)] == [found[()][0], None]


def test_evaluate_counts_only_familiar_texts_as_answered(student, tmp_path, capsys):
    label = load_classifier(student)(FAMILIAR).top_label
    data = tmp_path / "texts.csv"
    data.write_text(f"text,label\n{FAMILIAR},{label}\n{OTHER},{label}\n", encoding="utf-8")
    command = ["evaluate", "--model", student, "--data", str(data), "--only-familiar", "--json"]
    for more in ([], ["--threshold", "0"], ["--target-precision", "1"]):
        assert main([*command, *more]) == 0
        found = json.loads(capsys.readouterr().out)["abstention"]
        assert (found["num_answered"], found["coverage"], found["precision"]) == (1, 0.5, 1.0)


def test_a_page_says_it(student):
    classifier = load_classifier(student, only_familiar=True)
    texts = [ExplainedText(answer) for answer in classifier([FAMILIAR, OTHER])]
    content = page_html(texts, "some texts")
    assert content.count(NOTE) == 1
    shown = {figure.name: figure for figure in figures(texts)}
    assert shown["not familiar"].value == "50.0%"
    assert shown["coverage"].remark == "1 are familiar"
    plain = [ExplainedText(answer) for answer in load_classifier(student)([FAMILIAR, FAMILIAR])]
    assert {"not familiar", "coverage"} & {figure.name for figure in figures(plain)} == set()


def test_a_folder_of_the_hub_is_loaded_with_it(student):
    classifier = from_pretrained(Path(student).parent, only_familiar=True)
    assert classifier(OTHER).label is None


def test_info_says_whether_a_student_can_tell(student, capsys):
    assert main(["info", "--json", "--model", student]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["familiarity"] is True
