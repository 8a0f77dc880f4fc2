"""Tests the baselines that compress a teacher: int8 linear layers, and fewer attention heads."""

from __future__ import annotations

import copy

import pytest
import tiny_teachers
import torch
from tiny_teachers import TEXTS
from torch import nn
from transformers import MPNetConfig, MPNetForSequenceClassification

from dixtill.distillation.teacher.compression import (
    dynamic_int8,
    head_importance,
    prune_attention_heads,
    random_head_scores,
    stored_bytes,
)
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

HEADS, SIZE = 2, 12  # of the tiny teachers' layers
TRUTH = [0, 1, 2, 1, 2, 0, 1, 1]


@pytest.fixture(scope="module")
def mpnet() -> Teacher:
    """One module holds all projections, and all layers share a position bias for each head."""
    _, tokenizer = tiny_teachers.build("bert")
    config = MPNetConfig(
        vocab_size=len(tokenizer), hidden_size=HEADS * SIZE, num_hidden_layers=2,
        num_attention_heads=HEADS, intermediate_size=32, max_position_embeddings=66,
        initializer_range=0.3, num_labels=3,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        return Teacher(MPNetForSequenceClassification(config), tokenizer)


@pytest.fixture(params=["bert", "roberta", "mpnet"])
def prunable(request: pytest.FixtureRequest) -> Teacher:
    if request.param == "mpnet":
        return request.getfixturevalue("mpnet")
    return tiny_teachers.tiny_teacher(request.param)


def output_projections(model: nn.Module) -> list[nn.Linear]:
    """The projections that read the heads of each layer."""
    endings = ("attention.output.dense", "attention.attn.o")
    return [module for name, module in model.named_modules() if name.endswith(endings)]


def losses(teacher: Teacher, layer: int, head: int, scale: float) -> torch.Tensor:
    """Cross-entropy of each text with one head's output scaled: its columns of the projection."""
    weight = output_projections(teacher.model)[layer].weight
    columns = weight[:, head * SIZE : (head + 1) * SIZE]
    before = columns.clone()
    columns *= scale
    try:
        return nn.functional.cross_entropy(
            logits(teacher.model, teacher), torch.tensor(TRUTH), reduction="none"
        )
    finally:
        columns.copy_(before)


def logits(model: nn.Module, teacher: Teacher) -> torch.Tensor:
    batch = teacher.encode(TEXTS)
    with torch.no_grad():
        return model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits


def num_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_pruning_nothing_changes_nothing(prunable):
    pruned = prune_attention_heads(prunable.model, HEADS)
    assert torch.equal(logits(pruned, prunable), logits(prunable.model, prunable))


@pytest.mark.parametrize("kept", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_heads_with_the_highest_scores_stay_and_the_others_have_no_effect(prunable, kept):
    scores = [torch.nn.functional.one_hot(torch.tensor(head), HEADS).float() for head in kept]
    pruned = prune_attention_heads(prunable.model, 1, scores)
    silenced = copy.deepcopy(prunable.model)
    for projection, head in zip(output_projections(silenced), kept, strict=True):
        projection.weight.data[:, (1 - head) * SIZE : (2 - head) * SIZE] = 0
    torch.testing.assert_close(
        logits(pruned, prunable), logits(silenced, prunable), rtol=1e-5, atol=1e-5
    )


def test_importance_is_the_mean_size_of_the_loss_gradient_of_a_head_mask(prunable):
    """Compare with finite differences in float64, by changing the weights that read the head."""
    found = head_importance(prunable, TEXTS, TRUTH, batch_size=3)
    exact = Teacher(copy.deepcopy(prunable.model).double(), prunable.tokenizer)
    step = 1e-5
    numeric = [
        [
            (losses(exact, layer, head, 1 + step) - losses(exact, layer, head, 1 - step))
            .div(2 * step)
            .abs()
            .mean()
            for head in range(HEADS)
        ]
        for layer in range(len(found))
    ]
    torch.testing.assert_close(
        torch.stack(found).double(), torch.tensor(numeric).double(), rtol=1e-3, atol=1e-5
    )


def test_random_scores_depend_on_the_seed_alone(bert):
    first, again, other = (torch.stack(random_head_scores(bert.model, n)) for n in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (2, HEADS)


def test_scores_of_another_model_are_refused(bert):
    with pytest.raises(InputError, match=r"scores for \[3, 3\] heads, the model has \[2, 2\]"):
        prune_attention_heads(bert.model, 1, [torch.zeros(3)] * 2)


def test_a_pruned_model_is_smaller_by_its_heads_and_still_runs(bert):
    before = num_parameters(bert.model)
    pruned = prune_attention_heads(bert.model, 1)
    assert num_parameters(bert.model) == before  # the given model is not changed
    hidden, size, layers = 24, 12, 2
    assert before - num_parameters(pruned) == layers * (4 * hidden * size + 3 * size)
    assert logits(pruned, bert).shape == (len(TEXTS), 3)
    assert stored_bytes(pruned) < stored_bytes(bert.model)


@pytest.mark.parametrize("weak", [0, 1])
def test_the_weaker_head_is_pruned(weak):
    """Pruning a head whose output is zero changes nothing, whichever head it is."""
    model, tokenizer = tiny_teachers.build("bert")
    for layer in model.bert.encoder.layer:
        output = layer.attention.output.dense.weight.data
        output[:, weak * 12 : (weak + 1) * 12] = 0
    teacher = Teacher(model, tokenizer)
    pruned = prune_attention_heads(model, 1)
    torch.testing.assert_close(
        logits(pruned, teacher), logits(model, teacher), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("keep", [0, 3])
def test_a_layer_keeps_some_of_the_heads_it_has(bert, keep):
    with pytest.raises(InputError, match=f"cannot keep {keep} of 2 attention heads"):
        prune_attention_heads(bert.model, keep)


def test_a_model_without_such_attention_is_refused():
    with pytest.raises(InputError, match="no attention layers of BERT's or MPNet's form"):
        prune_attention_heads(tiny_teachers.tiny_teacher("qwen2").model, 1)


def test_int8_is_near_the_float_model_and_smaller(bert):
    quantized = dynamic_int8(bert.model)
    exact, rounded = logits(bert.model, bert), logits(quantized, bert)
    assert not torch.equal(exact, rounded)
    assert (exact - rounded).abs().max() < 0.05 * exact.abs().max()
    assert not any(type(module) is nn.Linear for module in quantized.modules())
    assert any(type(module) is nn.Linear for module in bert.model.modules())
    assert stored_bytes(quantized) < stored_bytes(bert.model)
