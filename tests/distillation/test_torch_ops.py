"""Tests the torch operators by opcheck, torch.compile, the specification and a float nn.LSTM."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dixtill import torch_ops
from dixtill.errors import InputError
from dixtill.runtime.model_file.shape import PARAMETERS
from dixtill.specification import reference
from dixtill.specification.parameters import StudentParameters

V, D, H, A, C = 40, 12, 10, 14, 3


@pytest.fixture(scope="module")
def weights() -> StudentParameters:
    rng = np.random.default_rng(0)

    def q8(*shape: int) -> np.ndarray:
        return rng.integers(-127, 128, shape, dtype=np.int8)

    def scale(rows: int, columns: int) -> np.ndarray:
        return (rng.uniform(0.5, 2.0, rows) / (73.0**2 * columns**0.5)).astype(np.float32)

    def floats(count: int) -> np.ndarray:
        return rng.normal(size=count).astype(np.float32)

    drawn = (
        q8(V, D),
        q8(4 * H, D + H), scale(4 * H, D + H), floats(4 * H),
        q8(4 * H, D + H), scale(4 * H, D + H), floats(4 * H),
        q8(A, 2 * H), scale(A, 2 * H), floats(A), floats(1),
        q8(C, 2 * H), scale(C, 2 * H), floats(C),
    )  # fmt: skip
    return StudentParameters(**dict(zip(PARAMETERS, drawn, strict=True)))


@pytest.fixture(scope="module")
def model(weights) -> tuple[Tensor, Tensor, int]:
    return torch.from_numpy(weights.embedding_q8), torch_ops.pack_parameters(weights), C


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    """Ids and a mask, with padding right, left, in the middle, nowhere, and everywhere."""
    mask = torch.tensor(
        [
            [1, 1, 1, 1, 0, 0, 0],
            [0, 0, 1, 1, 1, 1, 1],
            [1, 0, 1, 1, 0, 1, 0],
            [1, 1, 1, 1, 1, 1, 1],
            [0, 0, 0, 0, 0, 0, 0],
        ]
    )
    ids = torch.randint(0, V, mask.shape, generator=torch.Generator().manual_seed(1))
    return torch.where(mask == 1, ids, -7), mask


@pytest.fixture
def path() -> tuple[Tensor, Tensor, Tensor, Tensor, int]:
    """Arguments of ig_accumulate, with NaN on padding."""
    generator = torch.Generator().manual_seed(2)
    gradients = torch.randn(5, 3, 6, 11, generator=generator)
    delta = torch.randn(3, 6, 11, generator=generator)
    word_index = torch.tensor(
        [[0, 0, 1, 2, 3, 3], [0, 1, 1, -1, -1, -1], [-1, 0, 1, 2, 2, -1]], dtype=torch.int32
    )
    delta[word_index < 0] = torch.nan
    gradients[:, word_index < 0] = torch.nan
    return gradients, torch.rand(5, generator=generator), delta, word_index, 4


def test_opcheck_of_the_forward(batch, model):
    torch.library.opcheck(torch.ops.dixtill.masked_attention_bilstm, (*batch, *model))


def test_opcheck_of_the_accumulator(path):
    gradients, step_weights, delta, word_index, num_words = path
    finite = (gradients.nan_to_num(), step_weights, delta.nan_to_num(), word_index, num_words)
    torch.library.opcheck(torch.ops.dixtill.ig_accumulate, finite)


def test_the_forward_equals_the_specification_whatever_the_mask(batch, model, weights):
    logits, scores, attention, contributions = torch.ops.dixtill.masked_attention_bilstm(
        *batch, *model
    )
    for b, (ids, mask) in enumerate(zip(*batch, strict=True)):
        real = mask == 1
        text = ids[real].to(torch.int32).numpy()
        expected = reference.forward(weights, text, np.array([0, len(text)]))
        assert (logits[b].numpy() == expected.logits[0]).all()
        for mine, theirs in [
            (scores[b], expected.scores),
            (attention[b], expected.attention),
            (contributions[b], expected.contributions),
        ]:
            assert (mine[real].numpy() == theirs).all()
            assert (mine[~real] == 0).all()


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32, torch.int32])
def test_the_mask_may_be_of_any_type(batch, model, dtype):
    ids, mask = batch
    expected = torch.ops.dixtill.masked_attention_bilstm(ids, mask, *model)
    actual = torch.ops.dixtill.masked_attention_bilstm(ids.to(torch.int32), mask.to(dtype), *model)
    for mine, theirs in zip(actual, expected, strict=True):
        assert torch.equal(mine, theirs)


def test_the_accumulator_equals_the_specification(path):
    actual = torch.ops.dixtill.ig_accumulate(*path)
    *tensors, num_words = path
    expected = reference.ig_accumulate(*(tensor.numpy() for tensor in tensors), num_words)
    assert (actual.numpy() == expected).all()
    assert expected.any()


def test_compile_keeps_the_operators_in_one_graph(batch, model, path):
    def both(ids: Tensor, mask: Tensor, *arguments: Tensor) -> tuple[Tensor, Tensor]:
        logits, *_ = torch.ops.dixtill.masked_attention_bilstm(ids, mask, *model)
        return logits.softmax(-1), torch.ops.dixtill.ig_accumulate(*arguments, 4) * 2

    compiled = torch.compile(both, fullgraph=True, backend="aot_eager")
    for mine, theirs in zip(compiled(*batch, *path[:-1]), both(*batch, *path[:-1]), strict=True):
        assert torch.equal(mine, theirs)


class FloatStudent(nn.Module):
    """The student in float32 with dequantized weights, one text at a time."""

    def __init__(self, weights: StudentParameters) -> None:
        super().__init__()
        self.embedding = torch.from_numpy(weights.embedding_q8).float() / 127
        self.lstm = nn.LSTM(D, H, bidirectional=True)
        for suffix, q8, scale, bias in [
            ("l0", weights.forward_weight_q8, weights.forward_scale, weights.forward_bias),
            ("l0_reverse", weights.backward_weight_q8, weights.backward_scale,
             weights.backward_bias),
        ]:  # fmt: skip
            weight = _dequantize(q8, scale)
            _fill(self.lstm, f"weight_ih_{suffix}", weight[:, :D])
            _fill(self.lstm, f"weight_hh_{suffix}", weight[:, D:])
            _fill(self.lstm, f"bias_ih_{suffix}", torch.from_numpy(bias))
            _fill(self.lstm, f"bias_hh_{suffix}", torch.zeros(4 * H))
        self.attention = _dequantize(weights.attention_weight_q8, weights.attention_scale)
        self.vector = torch.from_numpy(weights.attention_vector)
        self.null_score = torch.from_numpy(weights.null_score)
        self.head = _dequantize(weights.head_weight_q8, weights.head_scale)
        self.head_bias = torch.from_numpy(weights.head_bias)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        states, _ = self.lstm(self.embedding[ids])
        scores = torch.tanh(states @ self.attention.T) @ self.vector
        attention = torch.cat([self.null_score, scores]).softmax(0)[1:]
        contributions = attention[:, None] * (states @ self.head.T)
        return contributions.sum(0) + self.head_bias, scores, attention, contributions


def _dequantize(weight_q8: np.ndarray, scale: np.ndarray) -> Tensor:
    """Activations are 127 times the float ones, so the weights take that factor."""
    return torch.from_numpy(weight_q8.astype(np.float32) * scale[:, None] * 127)


def _fill(module: nn.Module, name: str, values: Tensor) -> None:
    with torch.no_grad():
        getattr(module, name).copy_(values)


@torch.no_grad()
def test_the_forward_is_close_to_a_float_lstm(model, weights):
    """The two differ only by int8 hidden states (steps of 1/127) and by our tanh and exp.

    Measured over 240 texts: 0.012 on the logits, 0.056 on the scores (which the attention vector
    can make as large as the sum of its magnitudes), 0.006 on the attention and 0.010 on the
    contributions.
    """
    ids = torch.randint(0, V, (6, 25), generator=torch.Generator().manual_seed(3))
    actual = torch.ops.dixtill.masked_attention_bilstm(ids, torch.ones_like(ids), *model)
    student = FloatStudent(weights)
    for b in range(len(ids)):
        logits, scores, attention, contributions = student(ids[b])
        torch.testing.assert_close(actual[0][b], logits, atol=0.02, rtol=0)
        torch.testing.assert_close(actual[1][b], scores, atol=0.08, rtol=0)
        torch.testing.assert_close(actual[2][b], attention, atol=0.01, rtol=0)
        torch.testing.assert_close(actual[3][b], contributions, atol=0.02, rtol=0)


def test_wrong_arguments_of_the_forward_are_refused(batch, model):
    ids, mask = batch
    embedding_q8, packed, num_classes = model
    run = torch.ops.dixtill.masked_attention_bilstm
    with pytest.raises(InputError, match=r"expected both \[B, T\]"):
        run(ids, mask[:, 1:], *model)
    with pytest.raises(InputError, match=r"input_ids are torch.float32, expected an integer"):
        run(ids.float(), mask, *model)
    with pytest.raises(InputError, match=r"embedding_q8 is torch.float32"):
        run(ids, mask, embedding_q8.float(), packed, num_classes)
    with pytest.raises(InputError, match="must be contiguous"):
        run(ids, mask, embedding_q8[:, ::2], packed, num_classes)
    with pytest.raises(InputError, match="packed is not the result of pack_parameters"):
        run(ids, mask, embedding_q8, packed.float(), num_classes)
    with pytest.raises(ValueError, match="num_classes is 4, the packed parameters have 3"):
        run(ids, mask, embedding_q8, packed, 4)
    with pytest.raises(ValueError, match=rf"piece_ids\[0\] is {V}, expected 0 to {V - 1}"):
        run(torch.full_like(ids, V), mask, *model)
    with pytest.raises(InputError, match="input_ids holds 1099511627776, which does not fit"):
        run(torch.full_like(ids, 2**40), mask, *model)


def test_wrong_arguments_of_the_accumulator_are_refused(path):
    gradients, step_weights, delta, word_index, num_words = path
    run = torch.ops.dixtill.ig_accumulate
    with pytest.raises(InputError, match=r"step_weights has shape \[4\], expected \[5\]"):
        run(gradients, step_weights[1:], delta, word_index, num_words)
    with pytest.raises(InputError, match=r"gradients is torch.float64, contiguous; expected"):
        run(gradients.double(), step_weights, delta, word_index, num_words)
    with pytest.raises(InputError, match=r"delta is torch.float32, not contiguous; expected"):
        run(gradients, step_weights, delta.mT.contiguous().mT, word_index, num_words)
    with pytest.raises(InputError, match=r"word_index is torch.float32, expected an integer"):
        run(gradients, step_weights, delta, word_index.float(), num_words)
    with pytest.raises(ValueError, match=r"word_index\[0, 4\] is 3, expected -1 \(padding\) to 2"):
        run(gradients, step_weights, delta, word_index, 3)
