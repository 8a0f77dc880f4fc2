"""int8 weights are close to the float student, within bounds, and right for the runtime."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dixtill.distillation.network.quantize import _best_step, _round_q4, dequantized, quantize
from dixtill.distillation.network.student import Student
from dixtill.errors import InputError
from dixtill.runtime.model_file.shape import CELLS, StudentShape
from dixtill.specification import reference
from dixtill.specification.kernels import pack_parameters

NUM_PIECES, NUM_CLASSES = 40, 3


@pytest.fixture(params=CELLS)
def cell(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[(50, 50, 100, 2), (6, 5, 4, 2), (1, 1, 1, 2), (50, 50, 100, 1)], ids=str)
def student(request: pytest.FixtureRequest, cell: str) -> Student:
    """PyTorch's initial weights, with embeddings and head scaled as in a trained student."""
    torch.manual_seed(0)
    *sizes, directions = request.param
    student = Student(StudentShape(cell, NUM_PIECES, *sizes, NUM_CLASSES, directions)).eval()
    with torch.no_grad():
        student.embedding.weight *= 0.4
        student.head.weight *= 4
        student.null_score.fill_(0.7)
    return student


@pytest.fixture
def texts() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, NUM_PIECES, size).astype(np.int32) for size in (1, 5, 12, 30, 60)]


def test_each_weight_is_within_half_a_step(student):
    weights = quantize(student)
    back = dequantized(weights)
    embedding = student.embedding.weight.detach()
    # The embedding has one step per column; its scale is folded into other weights.
    step = embedding.abs().amax(dim=0) / 127
    error = back.embedding.weight * step - embedding
    assert (error.abs() <= 0.5001 * step).all()
    for name, scale in (
        ("attention_weight.weight", weights.attention_scale), ("head.weight", weights.head_scale)
    ):  # fmt: skip
        mine, theirs = back.get_parameter(name), student.get_parameter(name)
        step = 127 * torch.from_numpy(scale)[:, None]  # 127 is the scale of the hidden state
        assert (step <= 1.02 * theirs.abs().sum(dim=1, keepdim=True) / 126).all()
        assert ((mine - theirs).abs() <= 0.5001 * step).all()
    for name in ("attention_vector.weight", "null_score", "head.bias"):
        assert torch.equal(back.get_parameter(name), student.get_parameter(name))


def readers(student: Student) -> list[torch.Tensor]:
    """The matrices [rows, d] of each direction that are multiplied with a piece's vector."""
    name = "weight" if student.shape.cell == "linear" else "weight_ih_l0"
    suffixes = ("", "_reverse")[: student.shape.directions]
    matrices = [student.cell.get_parameter(f"{name}{suffix}") for suffix in suffixes]
    d = student.shape.embedding_dim
    return [block for matrix in matrices for block in matrix.split(d, dim=1)]


def read_by_the_cell(weights) -> np.ndarray:
    """The embedding's share of the gates [pieces, rows of all readers]."""
    back = dequantized(weights)
    shares = [back.embedding.weight @ matrix.T for matrix in readers(back)]
    return torch.cat(shares, dim=1).detach().numpy()


def test_4_bits_are_multiples_of_16_on_both_sides_of_zero(student):
    weights = quantize(student, 4)
    assert weights.embedding_bits == 4
    assert set(np.unique(weights.embedding_q8)) <= set(range(-112, 113, 16))
    if weights.embedding_q8.size > 40:
        assert weights.embedding_q8.min() < -48
        assert weights.embedding_q8.max() > 48
    assert quantize(student, 8).embedding_bits == 8


@torch.no_grad()
def test_feedback_changes_what_the_cell_reads_less_than_rounding_does(student):
    """Inputs have unequal weights, as in a trained cell. Measured: at most 0.41 of the error."""
    if student.embedding.weight.shape[1] < 50:
        pytest.skip("one column has no others to make its error good")
    torch.manual_seed(1)
    mixing = torch.randn(50, 50) * torch.logspace(0, -2, 50)
    for matrix in readers(student):
        matrix.copy_(matrix @ mixing)
    exact = read_by_the_cell(quantize(student, 8))
    with_feedback = read_by_the_cell(quantize(student, 4)) - exact
    embedding = student.embedding.weight.double().numpy()
    step = _best_step(embedding)
    student.embedding.weight.copy_(torch.from_numpy(_round_q4(embedding / step) * step))
    without = read_by_the_cell(quantize(student, 8)) - exact
    assert (with_feedback**2).mean() < 0.6 * (without**2).mean()


def test_other_widths_are_refused(student):
    with pytest.raises(InputError, match="embedding_bits is 5, expected 4 or 8"):
        quantize(student, 5)


def sums_of_four(rows: np.ndarray) -> list[int]:
    """AVX2 adds columns 8n + (0, 1, 4, 5), and 8n + (2, 3, 6, 7), in one int16."""
    return [
        sum(abs(int(row[c])) for c in (n + k, n + k + 1, n + k + 4, n + k + 5) if c < len(row))
        for row in rows
        for n in range(0, len(row), 8)
        for k in (0, 2)
    ]


def test_four_products_of_every_matrix_fit_in_int16(student):
    weights = quantize(student)
    d = weights.shape.embedding_dim
    for way in weights.shape.ways:
        matrix = getattr(weights, f"{way}_weight_q8")
        assert 110 < max(sums_of_four(matrix[:, :d]) + sums_of_four(matrix[:, d:])) <= 128
    for matrix in (weights.attention_weight_q8, weights.head_weight_q8):
        assert 110 < max(sums_of_four(matrix)) <= 128  # and no step is wasted


def test_kernels_find_small_sums_in_every_matrix(student):
    packed = pack_parameters(quantize(student))
    backward = student.shape.directions - 1
    assert packed[56:59].tolist() == [1, backward, 1]  # and readout: csrc/student/layout.h


def test_both_biases_become_one_but_for_a_grus_new_state(student):
    weights = quantize(student)
    for way, suffix in zip(weights.shape.ways, ("", "_reverse"), strict=False):
        if student.shape.cell == "linear":
            expected = student.cell.get_parameter(f"bias{suffix}").detach()
        else:
            of_input, of_state = (
                student.cell.get_parameter(f"bias_{of}_l0{suffix}").detach().double()
                for of in ("ih", "hh")
            )
            expected = (of_input + of_state).float()
            if student.shape.cell == "gru":
                rows = slice(2 * student.shape.hidden_dim, None)
                both = torch.cat([of_input[rows], of_state[rows]]).float()
                expected = torch.cat([expected[: rows.start], both])
        assert np.array_equal(getattr(weights, f"{way}_bias"), expected.numpy())


@torch.no_grad()
def test_the_dequantized_student_answers_as_the_float_one(student, texts):
    """Only weights are rounded. Measured: at most 0.009 on logits of up to 1.8."""
    back = dequantized(quantize(student))
    for text in texts:
        ids = torch.from_numpy(text).long()[None]
        mask = torch.ones_like(ids, dtype=torch.bool)
        mine, theirs = back(ids, mask), student(ids, mask)
        for name in ("logits", "scores", "attention", "attended", "contributions"):
            torch.testing.assert_close(
                getattr(mine, name), getattr(theirs, name), atol=0.02, rtol=0
            )


@torch.no_grad()
@pytest.mark.parametrize(("bits", "tolerance"), [(8, 0.02), (4, 0.06)])
def test_the_runtime_answers_as_the_float_student(student, texts, bits, tolerance):
    """Weights and states are in int8, with the runtime's own tanh and exp.

    Measured: at most 0.009 and 0.029 on logits of up to 1.8."""
    weights = quantize(student, bits)
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
            np.testing.assert_allclose(mine, theirs.numpy(), atol=tolerance, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("bits", [4, 8])
def test_rows_and_columns_of_zeros_stay_zero(student, bits):
    student.embedding.weight[3] = 0
    student.embedding.weight[:, 0] = 0
    student.head.weight[1] = 0
    student.attention_weight.weight.zero_()
    for name, matrix in student.cell.named_parameters():
        if name.startswith("weight") and not name.endswith("_reverse"):
            matrix[1] = 0
    weights = quantize(student, bits)
    assert not weights.embedding_q8[3].any()
    assert not weights.embedding_q8[:, 0].any()
    assert not weights.head_weight_q8[1].any()
    assert not weights.attention_weight_q8.any()
    assert not weights.forward_weight_q8[1].any()
    assert all(weights.direction(way).weight_q8[1].any() for way in weights.shape.ways[1:])
    for values in weights.arrays().values():
        assert np.isfinite(values).all()
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
    student.embedding.weight.neg_()
    assert (quantize(student).embedding_q8.max(axis=0) == 127).all()


@pytest.mark.parametrize("bits", [4, 8])
def test_the_student_is_not_changed(student, bits):
    before = {name: tensor.clone() for name, tensor in student.state_dict().items()}
    quantize(student, bits)
    for name, tensor in student.state_dict().items():
        assert torch.equal(tensor, before[name])


@torch.no_grad()
def test_a_student_that_diverged_is_refused(student):
    student.head.weight[0, 0] = torch.nan
    with pytest.raises(InputError, match=r"weight 'head.weight' of the student is not finite"):
        quantize(student)
