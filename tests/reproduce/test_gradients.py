"""Tests integrated gradients of a student against Captum, and by completeness."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from benchmarks.reproduce.gradients import StudentGradients
from captum.attr import LayerIntegratedGradients

import dixtill
from dixtill.distillation.network.quantize import dequantized
from dixtill.specification.model_file import read_model
from dixtill.specification.words import UNKNOWN_PIECE

TEXT = "Apple shares jump after record earnings, analysts' expectations notwithstanding"
STEPS = 48


@pytest.fixture(scope="module")
def model():
    return read_model(dixtill.SHIPPED_MODEL)


@pytest.mark.parametrize("target", [0, 1, 2])
def test_words_get_what_captum_gives_to_their_pieces(model, target):
    student = dequantized(model.parameters)
    read = model.tokenizer()(TEXT)
    ids = torch.tensor([read.piece_ids])
    by_piece = (
        LayerIntegratedGradients(
            lambda given: student(given, torch.ones_like(given, dtype=torch.bool)).logits,
            student.embedding,
        )
        .attribute(
            ids,
            baselines=torch.full_like(ids, model.vocabulary.index(UNKNOWN_PIECE)),
            target=target,
            n_steps=STEPS,
            method="gausslegendre",
        )[0]
        .sum(dim=1)
    )
    expected = [
        sum(float(v) for v, w in zip(by_piece, read.word_of_piece, strict=True) if w == word)
        for word in range(len(read.spans))
    ]
    assert len(read.spans) < len(read.piece_ids)  # some word has several pieces
    found = StudentGradients(model, "unknown", STEPS)(TEXT, target)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("baseline", ["unknown", "zero"])
def test_words_add_up_to_what_the_text_changes(model, baseline):
    student = dequantized(model.parameters)
    ids = torch.tensor([model.tokenizer()(TEXT).piece_ids])
    mask = torch.ones_like(ids, dtype=torch.bool)
    with torch.no_grad():
        whole = student(ids, mask).logits[0, 1]
        if baseline == "unknown":
            ids = torch.full_like(ids, model.vocabulary.index(UNKNOWN_PIECE))
        else:
            student.embedding.weight.zero_()
        nothing = student(ids, mask).logits[0, 1]
    found = StudentGradients(model, baseline, 64)(TEXT, 1)
    assert found.sum() == pytest.approx(float(whole - nothing), rel=0.01, abs=0.01)
