"""int8 weights: close to the float student, within bounds, and what the runtime computes."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch

from dixtill.errors import InputError
from dixtill.runtime import reference
from dixtill.training.quantize import dequantized, quantize
from dixtill.training.student import Student

NUM_PIECES, NUM_CLASSES = 40, 3


@pytest.fixture(params=[(50, 50, 100), (6, 5, 4), (1, 1, 1)], ids=str)
def student(request: pytest.FixtureRequest) -> Student:
    """Weights as PyTorch starts them, embeddings and head with the spread of a trained student."""
    torch.manual_seed(0)
    student = Student(NUM_PIECES, NUM_CLASSES, *request.param).eval()
    with torch.no_grad():
        student.embedding.weight *= 0.4
        student.head.weight *= 4
    return student


@pytest.fixture
def texts() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, NUM_PIECES, size).astype(np.int32) for size in (1, 5, 12, 30, 60)]


def test_each_weight_is_within_half_a_step(student):
    weights = quantize(student)
    back = dequantized(weights)
    embedding = student.embedding.weight.detach()
    # One step a column for the embedding, whose int8 values have the scale folded elsewhere.
    step = embedding.abs().amax(dim=0) / 127
    error = back.embedding.weight * step - embedding
    assert (error.abs() <= 0.5001 * step).all()
    for name in ("attention_weight.weight", "head.weight"):
        mine, theirs = back.get_parameter(name), student.get_parameter(name)
        step = theirs.abs().amax(dim=1, keepdim=True) / 127
        assert ((mine - theirs).abs() <= 0.5001 * step).all()
    for name in ("attention_vector.weight", "head.bias"):
        assert torch.equal(back.get_parameter(name), student.get_parameter(name))


def test_both_biases_of_the_lstm_become_one(student):
    weights = quantize(student)
    for way, suffix in (("forward", ""), ("backward", "_reverse")):
        biases = [student.lstm.get_parameter(f"bias_{of}_l0{suffix}") for of in ("ih", "hh")]
        expected = sum(bias.detach().double() for bias in biases).float()
        assert np.array_equal(getattr(weights, f"{way}_bias"), expected.numpy())


@torch.no_grad()
def test_the_dequantized_student_answers_as_the_float_one(student, texts):
    """Rounding of weights alone. Measured: at most 0.012 on logits of up to 2.6."""
    back = dequantized(quantize(student))
    for text in texts:
        ids = torch.from_numpy(text).long()[None]
        mask = torch.ones_like(ids, dtype=torch.bool)
        for mine, theirs in zip(back(ids, mask), student(ids, mask), strict=True):
            torch.testing.assert_close(mine, theirs, atol=0.03, rtol=0)


@torch.no_grad()
def test_the_runtime_answers_as_the_float_student(student, texts):
    """Weights and states in int8, and the runtime's own tanh and exp."""
    weights = quantize(student)
    for text in texts:
        actual = reference.forward(weights, text, np.array([0, len(text)]))
        ids = torch.from_numpy(text).long()[None]
        expected = student(ids, torch.ones_like(ids, dtype=torch.bool))
        for mine, theirs in (
            (actual.logits[0], expected.logits[0]),
            (actual.scores, expected.scores[0]),
            (actual.attention, expected.attention[0]),
            (actual.contributions, expected.contributions[0]),
        ):
            np.testing.assert_allclose(mine, theirs.numpy(), atol=0.05, rtol=0)


@torch.no_grad()
def test_rows_and_columns_of_zeros_stay_zero(student):
    student.embedding.weight[3] = 0
    student.embedding.weight[:, 0] = 0
    student.head.weight[1] = 0
    student.attention_weight.weight.zero_()
    student.lstm.weight_ih_l0[2] = 0
    student.lstm.weight_hh_l0[2] = 0
    weights = quantize(student)
    assert not weights.embedding_q8[3].any()
    assert not weights.embedding_q8[:, 0].any()
    assert not weights.head_weight_q8[1].any()
    assert not weights.attention_weight_q8.any()
    assert not weights.forward_weight_q8[2].any()
    for field in fields(weights):
        assert np.isfinite(getattr(weights, field.name)).all()
    assert (weights.head_scale > 0).all()
    assert torch.equal(
        dequantized(weights).head.weight[1], torch.zeros_like(student.head.weight[1])
    )


@torch.no_grad()
def test_the_largest_magnitude_is_127_on_either_side(student):
    student.embedding.weight.abs_().neg_()
    student.head.weight.abs_().neg_()
    weights = quantize(student)
    assert (weights.embedding_q8.min(axis=0) == -127).all()
    assert (weights.head_weight_q8.min(axis=1) == -127).all()
    for field in fields(weights):
        if field.name.endswith("_q8"):
            assert np.abs(getattr(weights, field.name).astype(int)).max() == 127


def test_the_student_is_not_changed(student):
    before = {name: tensor.clone() for name, tensor in student.state_dict().items()}
    quantize(student)
    for name, tensor in student.state_dict().items():
        assert torch.equal(tensor, before[name])


@torch.no_grad()
def test_a_student_that_diverged_is_refused(student):
    student.head.weight[0, 0] = torch.nan
    with pytest.raises(InputError, match=r"weight 'head.weight' of the student is not finite"):
        quantize(student)
