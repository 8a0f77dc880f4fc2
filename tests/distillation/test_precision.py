"""Tests which precision and which attention are chosen."""

from __future__ import annotations

import pytest
import torch
from tiny_teachers import TEXTS

from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher import attention, precision
from dixtill.distillation.teacher.precision import autocast, quickest_precision, with_cast_weights

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def plain_calls(monkeypatch) -> list[torch.dtype]:
    """The precision of each call of the plain attention."""
    calls: list[torch.dtype] = []
    original = attention.plain_attention

    def recording(query, *others, **named):
        found = original(query, *others, **named)
        calls.append(found.dtype)
        return found

    monkeypatch.setattr(attention, "plain_attention", recording)
    return calls


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"amx_bf16": True}, "bfloat16"),
        ({"amx_bf16": False, "avx512_f": True}, "float32"),
        ({"architecture": "arm64"}, "float32"),
    ],
)
def test_a_cpu_with_units_for_bfloat16_uses_them(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert quickest_precision(CPU) == expected


@pytest.mark.parametrize(("times", "expected"), [(3.9, "bfloat16"), (0.8, "float32")])
def test_other_units_are_used_where_they_are_measured_to_be_faster(monkeypatch, times, expected):
    capabilities = {"amx_bf16": False, "avx512_bf16": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    monkeypatch.setattr(precision, "_speed_of_bfloat16", lambda: times)
    assert quickest_precision(CPU) == expected


def test_the_measured_speed_is_the_ratio_of_the_fastest_products(monkeypatch):
    duration = {torch.float32: 4.0, torch.bfloat16: 2.0}
    now, calls = [0.0], [0]

    def mm(left: torch.Tensor, right: torch.Tensor) -> None:
        calls[0] += 1
        slow = 10.0 if calls[0] % 3 == 0 else 0.0  # another process disturbs
        now[0] += duration[left.dtype] + slow

    monkeypatch.setattr(torch, "mm", mm)
    monkeypatch.setattr(precision, "perf_counter", lambda: now[0])
    assert precision._speed_of_bfloat16.__wrapped__() == 2.0


def test_where_pytorch_does_not_tell_it_is_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert quickest_precision(CPU) == "float32"


@pytest.mark.parametrize("has_units", [True, False])
def test_a_gpu_is_asked_for_units_of_its_own(monkeypatch, has_units):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": not has_units})
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_units)
    assert quickest_precision(GPU) == ("bfloat16" if has_units else "float32")


def test_gradients_in_bfloat16_are_of_plain_attention(any_teacher, plain_calls):
    Attributor(any_teacher, AttributionSettings(precision="bfloat16", steps=2))(TEXTS[:2])
    assert set(plain_calls) == {torch.bfloat16}


def test_weights_that_are_cast_once_give_the_same_answers_and_the_model_keeps_its_own(any_teacher):
    model = any_teacher.model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    cast = with_cast_weights(model)
    batch = any_teacher.encode(TEXTS)
    with autocast(CPU, "bfloat16"):
        logits = [one(batch.input_ids, batch.attention_mask).logits for one in (model, cast)]
    assert torch.equal(*logits)
    own = {id(tensor) for tensor in (*model.parameters(), *model.buffers())}
    for name, module in cast.named_modules():
        if isinstance(module, torch.nn.Linear):
            assert module.weight.dtype == torch.bfloat16, name
            own.add(id(module.weight))
    assert {id(tensor) for tensor in (*cast.parameters(), *cast.buffers())} <= own
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}


def test_answers_and_float32_keep_pytorchs_attention(bert, plain_calls):
    bert.predict(TEXTS, precision="bfloat16")
    Attributor(bert, AttributionSettings(steps=2))(TEXTS[:2])
    assert plain_calls == []
