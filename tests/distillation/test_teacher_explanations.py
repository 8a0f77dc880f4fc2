"""Reads explanations from a store of attributions, without the teacher."""

from __future__ import annotations

import pytest
import torch
from tiny_teachers import LABELS, TEXTS

from dixtill.cli import main
from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.attribution.teacher_explanations import read_teacher_explanations
from dixtill.distillation.config import AttributionSettings
from dixtill.errors import InputError
from dixtill.runtime.answer_kind import AnswerKind

NAMES = tuple(LABELS.values())
KIND = AnswerKind(NAMES)


@pytest.fixture
def folder(bert, tmp_path):
    """Attributions of two texts."""
    attributor = Attributor(bert, AttributionSettings(steps=3))
    AttributionStore(tmp_path / "attributions").run(attributor, TEXTS[:2])
    return tmp_path / "attributions"


def test_the_teachers_answers_are_of_the_students_kind(folder):
    """Logits are turned into sigmoids, or are the number itself."""
    (row,) = AttributionStore(folder).find(TEXTS[:1]).values()
    kind = AnswerKind(NAMES, "sigmoid", (0.5,) * len(NAMES))
    found = read_teacher_explanations(folder, TEXTS[:1], kind)[TEXTS[0]]
    expected = torch.sigmoid(torch.tensor(row.logits)).tolist()
    assert list(found.probabilities.values()) == pytest.approx(expected, abs=1e-6)
    assert set(found.labels) == {n for n, p in zip(NAMES, expected, strict=True) if p >= 0.5}


def test_the_teachers_answers_and_attributions_are_read(folder, bert):
    found = read_teacher_explanations(folder, [*TEXTS[:2], "never explained"], KIND)
    assert set(found) == set(TEXTS[:2])
    expected = Attributor(bert, AttributionSettings(steps=3))(TEXTS[:2])
    for text, row in zip(TEXTS[:2], expected, strict=True):
        probabilities = torch.softmax(torch.tensor(row.logits), 0).tolist()
        assert list(found[text].probabilities.values()) == pytest.approx(probabilities, abs=1e-5)
        assert found[text].top_label == NAMES[row.predicted]
        weights = [word.weight for word in found[text].words]
        assert weights == pytest.approx(list(row.attributions), abs=1e-5)
        assert all(word.text == text[word.start : word.end] for word in found[text].words)


def test_a_mistake_is_one_sentence(folder, bert, tmp_path):
    with pytest.raises(InputError, match="attributions of none of the 1 texts; run"):
        read_teacher_explanations(folder, ["another"], KIND)
    with pytest.raises(InputError, match="is not a folder of attributions"):
        read_teacher_explanations(tmp_path / "none", TEXTS, KIND)
    with pytest.raises(InputError, match="a teacher of 3 classes; the student has 2: a, b"):
        read_teacher_explanations(folder, TEXTS, AnswerKind(("a", "b")))
    other = Attributor(bert, AttributionSettings(steps=4))
    AttributionStore(folder).run(other, TEXTS[:1])
    with pytest.raises(InputError, match="attributions of 2 settings; use a separate folder"):
        read_teacher_explanations(folder, TEXTS, KIND)


def test_the_teacher_is_the_students_own_where_that_is_known(folder, bert):
    expected = read_teacher_explanations(folder, TEXTS, KIND)
    assert read_teacher_explanations(folder, TEXTS, KIND, bert.fingerprint) == expected
    assert read_teacher_explanations(folder, TEXTS, KIND, "of an older version") == expected
    with pytest.raises(InputError, match="attributions of another teacher than the student's"):
        read_teacher_explanations(folder, TEXTS, KIND, bert.fingerprint[:-1])


def test_the_command_shows_them_beside_the_students(folder, tmp_path, capsys):
    out = tmp_path / "page.html"
    arguments = ["--attributions", str(folder), "--html", str(out)]
    assert main(["explain", *arguments, *TEXTS[:2], "never explained"]) == 0
    html = out.read_text(encoding="utf-8")
    assert html.count("<div class=teacher>") == 2
    assert html.count("agreement <data") == 2
    assert "<dt>with the teacher</dt>" in html
    assert 'id="disagree"' in html
