"""The two baselines that shrink a teacher: int8 linear layers, and fewer attention heads."""

from __future__ import annotations

import pytest
import tiny_teachers
import torch
from tiny_teachers import TEXTS
from torch import nn

from dixtill.errors import InputError
from dixtill.training.compression import dynamic_int8, prune_attention_heads, stored_bytes
from dixtill.training.teacher import Teacher


def logits(model: nn.Module, teacher: Teacher) -> torch.Tensor:
    batch = teacher.encode(TEXTS)
    with torch.no_grad():
        return model(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits


def num_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_pruning_nothing_changes_nothing(kind):
    teacher = tiny_teachers.tiny_teacher(kind)
    pruned = prune_attention_heads(teacher.model, 2)
    assert torch.equal(logits(pruned, teacher), logits(teacher.model, teacher))


def test_a_pruned_model_is_smaller_by_its_heads_and_still_runs(bert):
    before = num_parameters(bert.model)
    pruned = prune_attention_heads(bert.model, 1)
    assert num_parameters(bert.model) == before  # the given model is left alone
    hidden, size, layers = 24, 12, 2
    assert before - num_parameters(pruned) == layers * (4 * hidden * size + 3 * size)
    assert logits(pruned, bert).shape == (len(TEXTS), 3)
    assert stored_bytes(pruned) < stored_bytes(bert.model)


@pytest.mark.parametrize("weak", [0, 1])
def test_the_weaker_head_goes(weak):
    """A head that writes nothing is the one that may go without a trace, first or last."""
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
    with pytest.raises(InputError, match="no attention layers of BERT's form"):
        prune_attention_heads(tiny_teachers.tiny_teacher("qwen2").model, 1)


def test_int8_is_near_the_float_model_and_smaller(bert):
    quantized = dynamic_int8(bert.model)
    exact, rounded = logits(bert.model, bert), logits(quantized, bert)
    assert not torch.equal(exact, rounded)
    assert (exact - rounded).abs().max() < 0.05 * exact.abs().max()
    assert not any(type(module) is nn.Linear for module in quantized.modules())
    assert any(type(module) is nn.Linear for module in bert.model.modules())
    assert stored_bytes(quantized) < stored_bytes(bert.model)
