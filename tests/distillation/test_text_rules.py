"""Tests that the same rules for text hold from the teacher to the finished student."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tiny_students import random_model
from tiny_teachers import TEXTS, tiny_teacher

from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.student.vocabulary import student_vocabulary
from dixtill.specification.cleaning import DEFAULT_RULES
from dixtill.specification.model_file import read_model, write_model

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from set_text_rules import with_rules_of_today

FIRST_RULES = ("urls", "html_entities")


def test_a_reference_is_explained_as_its_character(any_teacher):
    """WordPiece, BPE and SentencePiece read the cleaned text; the words are those of the user's."""
    attributor = Attributor(any_teacher, AttributionSettings(steps=3))
    written, meant = attributor(["Profit&#233;s &amp; a&nbsp;loss", "Profités & a\xa0loss"])
    words = zip(written.starts, written.ends, strict=True)
    assert [written.text[start:end] for start, end in words] == [
        "Profit&#233;s", "&amp;", "a", "loss",
    ]  # fmt: skip
    assert written.num_tokens == meant.num_tokens
    assert written.logits == pytest.approx(meant.logits, abs=1e-5)
    assert written.attributions == pytest.approx(meant.attributions, abs=1e-5)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_students_pieces_know_symbols(kind):
    texts = (*TEXTS, "Shares soar🚀🚀")
    told = student_vocabulary(texts, tiny_teacher(kind), symbols=True)
    untold = student_vocabulary(texts, tiny_teacher(kind))
    assert (told.normalizer.symbols, untold.normalizer.symbols) == (True, False)
    if kind == "roberta":  # pieces are trained on the texts
        assert "🚀" in told.pieces
        assert "##🚀" in untold.pieces
    assert not any("🚀" in piece for piece in told.pieces if piece != "🚀")


def test_a_student_that_is_told_new_rules_says_so(tmp_path):
    old = random_model(cleaning=FIRST_RULES, symbols=False, provenance={"teacher": "tiny"})
    write_model(with_rules_of_today(old), tmp_path / "s.safetensors")
    new = read_model(tmp_path / "s.safetensors")
    assert (new.settings.cleaning, new.settings.symbols) == (DEFAULT_RULES, True)
    assert new.settings.provenance == {
        "teacher": "tiny",
        "text_rules": {
            "cleaning": list(DEFAULT_RULES),
            "symbols": True,
            "trained_by": {"cleaning": list(FIRST_RULES), "symbols": False},
        },
    }
    assert new.vocabulary == old.vocabulary
    assert with_rules_of_today(new) is new
