"""Plain attention equals PyTorch's, and replaces it only in one thread and inside the context."""

from __future__ import annotations

from threading import Thread

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from dixtill.distillation.teacher import attention
from dixtill.distillation.teacher.attention import PlainAttention, plain_attention

TIME = 5
SOME = torch.tensor([[True, True, True, False, False]]).expand(TIME, TIME)


def heads(number: int, seed: int) -> torch.Tensor:
    """[batch, heads, time, width]"""
    return torch.randn(2, number, TIME, 8, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"attn_mask": SOME},
        {"attn_mask": SOME[None, None]},
        {"attn_mask": torch.linspace(-2, 2, TIME * TIME).view(TIME, TIME)},
        {"is_causal": True},
        {"scale": 0.2},
        {"enable_gqa": True},
        {"dropout_p": 1.0},
    ],
    ids=str,
)
def test_plain_attention_is_pytorchs(arguments):
    query, key, value = (heads(4, 0), heads(2, 1), heads(2, 2))
    if "enable_gqa" not in arguments:
        key, value = heads(4, 1), heads(4, 2)
    inputs = [x.requires_grad_() for x in (query, key, value)]
    one = plain_attention(*inputs, **arguments)
    two = scaled_dot_product_attention(*inputs, **arguments)
    torch.testing.assert_close(one, two)
    for gradient, expected in zip(
        torch.autograd.grad(one.sin().sum(), inputs),
        torch.autograd.grad(two.sin().sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(gradient, expected)


def test_dropout_leaves_out_and_scales():
    value = torch.ones(1, 1, 4000, 1)
    query = torch.zeros(1, 1, 2, 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        found = plain_attention(query, torch.zeros_like(value), value, dropout_p=0.5)
    assert found.squeeze().tolist() == pytest.approx([1, 1], abs=0.1)
    assert not torch.equal(found, torch.ones_like(found))


def test_a_query_without_keys_gets_the_mean_of_the_values():
    nothing = torch.zeros(TIME, TIME, dtype=torch.bool)
    value = heads(4, 2)
    found = plain_attention(heads(4, 0), heads(4, 1), value, attn_mask=nothing)
    torch.testing.assert_close(found, value.mean(dim=2, keepdim=True).expand_as(value))


def test_it_stands_in_for_pytorchs_in_one_thread_and_inside_its_context(monkeypatch):
    calls = []
    monkeypatch.setattr(attention, "plain_attention", lambda *_, **named: calls.append(named))
    inputs = [heads(4, seed) for seed in range(3)]

    def elsewhere() -> None:
        scaled_dot_product_attention(*inputs)

    with PlainAttention():
        scaled_dot_product_attention(*inputs, scale=0.2)
        thread = Thread(target=elsewhere)
        thread.start()
        thread.join()
    scaled_dot_product_attention(*inputs)
    assert calls == [{"scale": 0.2}]
