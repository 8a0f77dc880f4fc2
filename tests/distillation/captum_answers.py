"""Integrated gradients by direct calls of Captum, the reference for those of dixtill."""

from __future__ import annotations

from functools import cache

import torch
from captum.attr import LayerIntegratedGradients
from torch import Tensor

from dixtill.distillation.attribution.attributor import Attribution
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.teacher import Teacher


@cache
def baseline_ids(teacher: Teacher, text: str) -> tuple[Tensor, Tensor, list[tuple[int, int]]]:
    """Ids [1, time] of the text and its baseline, and offsets, from the tokenizer itself."""
    encoded = teacher.tokenizer(
        text, return_offsets_mapping=True, return_special_tokens_mask=True, return_tensors="pt"
    )
    ids = encoded["input_ids"]
    special = encoded["special_tokens_mask"] == 1
    baseline = ids.where(special, torch.tensor(teacher.tokenizer.pad_token_id))
    return ids, baseline, encoded["offset_mapping"][0].tolist()


def output(logits: Tensor, kind: str) -> Tensor:
    return logits.softmax(dim=1) if kind == "probability" else logits


def captum(teacher: Teacher, text: str, target: int, settings: AttributionSettings) -> Tensor:
    """Attributions of one text's tokens [time] by Captum's LayerIntegratedGradients."""
    ids, baseline, _ = baseline_ids(teacher, text)
    layer = getattr(teacher, settings.layer)

    def forward(ids: Tensor, mask: Tensor) -> Tensor:
        return output(teacher.model(input_ids=ids, attention_mask=mask).logits, settings.output)

    return (
        LayerIntegratedGradients(forward, layer)
        .attribute(
            ids,
            baselines=baseline,
            additional_forward_args=(torch.ones_like(ids),),
            target=target,
            n_steps=settings.steps,
            method=settings.quadrature,
        )
        .sum(dim=2)[0]
    )


def summed_over_words(by_token: Tensor, offsets, row: Attribution) -> list[float]:
    """Sum over words; a token counts for the word that it shares most characters with."""
    sums = [0.0] * len(row.starts)
    for value, (start, end) in zip(by_token.tolist(), offsets, strict=True):
        words = zip(row.starts, row.ends, strict=True)
        overlaps = [len({*range(start, end)} & {*range(*word)}) for word in words]
        if any(overlaps):
            sums[overlaps.index(max(overlaps))] += value
    return sums
