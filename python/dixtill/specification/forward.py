"""Defines what a forward pass of the student returns, from a kernel or the specification."""

from __future__ import annotations

from dataclasses import dataclass

from .parameters import Float32Array


@dataclass(slots=True, eq=False)  # making a frozen one takes a microsecond longer
class Forward:
    """Results for a ragged batch of B texts with P pieces in all and C classes.

    Adding a text's contributions to the head's bias, in order of time, gives its logits bit for
    bit.
    """

    logits: Float32Array  # [B, C]
    probabilities: Float32Array  # [B, C], as the output says; of a number, the logits themselves
    scores: Float32Array  # [P], raw attention scores, signed
    attention: Float32Array  # [P], softmax over each text's scores and the null score
    contributions: Float32Array  # [P, C], each piece's exact share of each logit
