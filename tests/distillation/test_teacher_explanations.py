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

NAMES = tuple(LABELS.values())


@pytest.fixture
def folder(bert, tmp_path):
    """Attributions of two texts."""
    attributor = Attributor(bert, AttributionSettings(steps=3))
    AttributionStore(tmp_path / "attributions").run(attributor, TEXTS[:2])
    return tmp_path / "attributions"


def test_the_teachers_answers_and_attributions_are_read(folder, bert):
    found = read_teacher_explanations(folder, [*TEXTS[:2], "never explained"], NAMES)
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
        read_teacher_explanations(folder, ["another"], NAMES)
    with pytest.raises(InputError, match="is not a folder of attributions"):
        read_teacher_explanations(tmp_path / "none", TEXTS, NAMES)
    with pytest.raises(InputError, match="a teacher of 3 classes; the student has 2: a, b"):
        read_teacher_explanations(folder, TEXTS, ["a", "b"])
    other = Attributor(bert, AttributionSettings(steps=4))
    AttributionStore(folder).run(other, TEXTS[:1])
    with pytest.raises(InputError, match="attributions of 2 settings; use a separate folder"):
        read_teacher_explanations(folder, TEXTS, NAMES)


def test_the_teacher_is_the_students_own_where_that_is_known(folder, bert):
    expected = read_teacher_explanations(folder, TEXTS, NAMES)
    assert read_teacher_explanations(folder, TEXTS, NAMES, bert.fingerprint) == expected
    assert read_teacher_explanations(folder, TEXTS, NAMES, "of an older version") == expected
    with pytest.raises(InputError, match="attributions of another teacher than the student's"):
        read_teacher_explanations(folder, TEXTS, NAMES, bert.fingerprint[:-1])


def test_the_command_shows_them_beside_the_students(folder, tmp_path, capsys):
    out = tmp_path / "page.html"
    arguments = ["--attributions", str(folder), "--html", str(out)]
    assert main(["explain", *arguments, *TEXTS[:2], "never explained"]) == 0
    html = out.read_text(encoding="utf-8")
    assert html.count("<div class=teacher>") == 2
    assert html.count("agreement <data") == 2
    assert "<dt>with the teacher</dt>" in html
    assert 'id="disagree"' in html
