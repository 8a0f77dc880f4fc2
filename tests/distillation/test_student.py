"""Compares the float student with its cell on one text at a time, and tests its identities."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from dixtill.distillation.network.linear_cell import LinearSteps
from dixtill.distillation.network.student import Student, StudentOutput
from dixtill.runtime.model_file.shape import CELLS, StudentShape
from dixtill.specification.parameters import NO_NULL_SCORE

NUM_PIECES, NUM_CLASSES = 30, 3
LENGTHS = (4, 9, 1, 0, 7)


def shape(d: int, h: int, a: int, directions: int = 2, cell: str = "lstm") -> StudentShape:
    return StudentShape(cell, NUM_PIECES, d, h, a, NUM_CLASSES, directions)


@pytest.fixture(params=[(6, 5, 4), (1, 1, 1), (8, 3, 10), (6, 5, 4, 1)], ids=str)
def student(request: pytest.FixtureRequest, cell: str) -> Student:
    torch.manual_seed(0)
    student = Student(shape(*request.param, cell=cell), dropout=0.5).eval()
    torch.nn.init.constant_(student.null_score, 0.7)
    return student


@pytest.fixture(params=CELLS)
def cell(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def texts() -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(NUM_PIECES, (length,), generator=generator) for length in LENGTHS]


def batch_of(texts: list[Tensor], width: int, padding: int = 0) -> tuple[Tensor, Tensor]:
    ids = torch.full((len(texts), width), padding)
    mask = torch.zeros(len(texts), width, dtype=torch.bool)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = True
    return ids, mask


def linear_states(student: Student, text: Tensor) -> tuple[Tensor, list[list[Tensor]]]:
    """Loop over one text; return its states [time, states], and what each piece adds, by direction.

    What is added counts as given, so that gradients with respect to it are those of the states.
    """
    vectors, cell = student.embedding(text), student.cell
    places = range(len(text))
    states: list[list[Tensor]] = [[] for _ in places]
    added: list[list[Tensor]] = [[] for _ in places]
    ways = ("", places), ("_reverse", reversed(places))
    for way, order in ways[: student.shape.directions]:
        weight, bias = cell.get_parameter(f"weight{way}"), cell.get_parameter(f"bias{way}")
        before, state = torch.zeros_like(vectors[0]), torch.zeros(student.shape.hidden_dim)
        for t in order:
            z, n = (weight @ torch.cat([vectors[t], before]) + bias).chunk(2)
            added[t].append((z.sigmoid() * n.tanh()).detach().requires_grad_())
            state = (1 - z.sigmoid()) * state + added[t][-1]
            states[t].append(state)
            before = vectors[t]
    return torch.stack([torch.cat(ways) for ways in states]), added


def gradient_shares(logits: Tensor, added: list[list[Tensor]]) -> Tensor:
    """Return added . d logit / d added for each piece [time, classes]."""
    leaves = [leaf for both in added for leaf in both]
    columns = []
    for logit in logits:
        gradients = torch.autograd.grad(logit, leaves, retain_graph=True)
        shares = [leaf @ of for leaf, of in zip(leaves, gradients, strict=True)]
        columns.append(torch.stack(shares).view(len(added), -1).sum(dim=1))
    return torch.stack(columns, dim=1).detach()


@torch.enable_grad()
def by_hand(student: Student, text: Tensor) -> StudentOutput:
    """The method's formulas, applied to one text at a time."""
    is_linear = student.shape.cell == "linear"
    states, added = (
        linear_states(student, text)
        if is_linear
        else (student.cell(student.embedding(text)[None])[0][0], [])
    )  # [time, states]
    scores = (
        torch.tanh(states @ student.attention_weight.weight.T)
        @ (student.attention_vector.weight[0])
    )
    attention = torch.cat([student.null_score, scores]).softmax(dim=0)[1:].detach()
    context = (attention[:, None] * states).sum(dim=0)
    logits = student.head(context)
    shares = [a * (student.head.weight @ h) for a, h in zip(attention, states, strict=True)]
    contributions = gradient_shares(logits, added) if is_linear else torch.stack(shares)
    return StudentOutput(logits, scores, attention, context, lambda: contributions)


@torch.no_grad()
def test_it_computes_the_formulas_of_the_method(student, texts):
    output = student(*batch_of(texts, max(LENGTHS)))
    for row, text in enumerate(texts):
        if len(text):
            expected = by_hand(student, text)
            torch.testing.assert_close(output.logits[row], expected.logits)
            for name in ("scores", "attention", "contributions"):
                actual = getattr(output, name)[row]
                torch.testing.assert_close(actual[: len(text)], getattr(expected, name))
                assert (actual[len(text) :] == 0).all()


@torch.no_grad()
@pytest.mark.parametrize("padding", [0, 7])
def test_padding_and_company_never_change_an_answer(student, texts, padding):
    together = student(*batch_of(texts, 15, padding))
    for row, text in enumerate(texts):
        alone = student(*batch_of([text], max(1, len(text))))
        torch.testing.assert_close(together.logits[row], alone.logits[0])
        for name in ("scores", "attention", "contributions"):
            torch.testing.assert_close(
                getattr(together, name)[row, : len(text)], getattr(alone, name)[0, : len(text)]
            )


@torch.no_grad()
@pytest.mark.parametrize("is_training", [False, True])
def test_contributions_and_bias_sum_to_the_logits(student, texts, is_training):
    """With dropout too, since the loss of explanations is for such outputs."""
    output = student.train(is_training)(*batch_of(texts, 12))
    logits = student.head(output.attended)
    torch.testing.assert_close(output.logits, logits)
    torch.testing.assert_close(output.contributions.sum(dim=1) + student.head.bias, logits)


@torch.no_grad()
@pytest.mark.parametrize("kind", [torch.nn.LSTM, torch.nn.GRU])
@pytest.mark.parametrize("directions", [1, 2])
def test_the_states_are_those_of_pytorchs_cell(texts, kind, directions):
    torch.manual_seed(0)
    student = Student(shape(6, 5, 4, directions, kind.__name__.lower())).eval()
    cell = kind(6, 5, bidirectional=directions == 2)
    cell.load_state_dict(student.cell.state_dict())
    output = student(*batch_of(texts, 12))
    for row, text in enumerate(texts):
        if len(text):
            states, _ = cell(student.embedding(text))
            expected = output.attention[row, : len(text)] @ states
            torch.testing.assert_close(output.attended[row], expected)


@torch.no_grad()
def test_one_direction_reads_forward(cell):
    """What follows a piece changes nothing of its score."""
    torch.manual_seed(0)
    student = Student(shape(6, 5, 4, 1, cell)).eval()
    text, mask = torch.arange(9)[None], torch.ones(1, 9, dtype=torch.bool)
    scores, begun = student(text, mask).scores, student(text[:, :4], mask[:, :4]).scores
    torch.testing.assert_close(begun, scores[:, :4])
    changed = text.clone()
    changed[:, 0] = 20
    assert (student(changed, mask).scores != scores).all()


def test_contributions_are_computed_once_and_only_if_they_are_read(student, texts, monkeypatch):
    calls = []
    monkeypatch.setattr(
        LinearSteps, "shares", lambda _, readers: calls.append(1) or readers[..., 0]
    )
    output = student(*batch_of(texts, 12))
    output.logits.sum().backward()
    assert not calls
    assert output.contributions is output.contributions
    assert len(calls) == (student.shape.directions if student.shape.cell == "linear" else 0)


def test_contributions_have_gradients_if_the_logits_do(student, texts):
    for has_gradients in (False, True):
        with torch.set_grad_enabled(has_gradients):
            output = student(*batch_of(texts, 12))
        with torch.set_grad_enabled(not has_gradients):
            assert output.contributions.requires_grad is has_gradients


def test_contributions_have_the_gradients_of_finite_differences():
    torch.manual_seed(0)
    student = Student(shape(3, 2, 2, cell="linear")).double()
    ids, mask = batch_of([torch.tensor([1, 2, 3]), torch.tensor([4])], 4)
    names, values = zip(*student.named_parameters(), strict=True)
    values = tuple(value.detach().requires_grad_() for value in values)

    def contributions(*given: Tensor) -> Tensor:
        parameters = dict(zip(names, given, strict=True))
        return torch.func.functional_call(student, parameters, (ids, mask)).contributions

    assert torch.autograd.gradcheck(contributions, values)


@torch.no_grad()
def test_attention_sums_to_what_the_null_score_leaves(student, texts):
    ids, mask = batch_of(texts, 12)
    output = student(ids, mask)
    of_pieces = (output.scores.exp() * mask).sum(dim=1)
    expected = of_pieces / (student.null_score.exp() + of_pieces)
    torch.testing.assert_close(output.attention.sum(dim=1), expected)
    assert (expected < 1).all()
    assert (output.attention >= 0).all()


@pytest.mark.parametrize("length", [1, 7, 8, 20])
def test_without_a_null_score_attention_is_softmax_to_the_last_bit(length):
    torch.manual_seed(length)
    student = Student(shape(6, 5, 4), has_null_score=False)
    scores, wanted = torch.randn(2, 16, length)
    scores[3, length // 2 :] = -torch.inf  # padding
    scores[5] = -torch.inf
    results = []
    for attention_of in (student._attention, lambda s: s.softmax(dim=1).nan_to_num(0.0)):
        given = scores.clone().requires_grad_()
        attention = attention_of(given.masked_fill(scores == -torch.inf, -torch.inf))
        (attention * wanted).sum().backward()
        results.append((attention, given.grad))
    for mine, plain in zip(*results, strict=True):
        assert torch.equal(mine, plain)


def test_a_null_score_is_trained_or_so_low_that_it_takes_nothing():
    with_one = Student(shape(6, 5, 4))
    assert with_one.null_score.requires_grad
    assert with_one.null_score.item() == 0
    without = Student(shape(6, 5, 4), has_null_score=False)
    assert not without.null_score.requires_grad
    assert without.null_score.item() == np.float32(NO_NULL_SCORE)


@torch.no_grad()
def test_a_text_without_pieces_gets_the_bias(student, texts):
    output = student(*batch_of(texts, 12))
    empty = LENGTHS.index(0)
    assert torch.equal(output.logits[empty], student.head.bias)
    assert not output.attention[empty].any()
    assert not output.scores[empty].any()


def test_a_text_without_pieces_does_not_spoil_the_gradients(student, texts):
    student(*batch_of(texts, 12)).logits.square().sum().backward()
    for parameter in student.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()
        assert parameter.grad.any()


@torch.no_grad()
def test_dropout_acts_on_embeddings_and_on_states_in_training_only(student, texts):
    seen: dict[str, Tensor] = {}
    batch = batch_of([text for text in texts if len(text)], 9)
    real = batch[1]
    packs = student.shape.cell != "linear"
    student.cell.register_forward_pre_hook(
        lambda _, args: seen.update(embeddings=args[0].data if packs else args[0][real])
    )
    student.attention_weight.register_forward_pre_hook(lambda _, args: seen.update(states=args[0]))

    def dropped() -> list[bool]:
        student(*batch)
        return [bool((values == 0).any()) for values in (seen["embeddings"], seen["states"][real])]

    assert dropped() == [False, False]
    student.train()
    assert dropped() == [True, True]
