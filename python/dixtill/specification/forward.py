"""What a forward pass of the student returns, from a kernel or from the specification."""

from __future__ import annotations

from dataclasses import dataclass

from .weights import Float32Array


@dataclass(slots=True, eq=False)  # frozen, it would take a microsecond more to make
class Forward:
    """Results for a ragged batch of B texts with P pieces in all and C classes.

    A text's contributions and the head's bias, added in order of time to the bias, are its logits:
    not about, but bit for bit.
    """

    logits: Float32Array  # [B, C]
    probabilities: Float32Array  # [B, C], softmax of the logits
    scores: Float32Array  # [P], raw attention scores, signed
    attention: Float32Array  # [P], softmax over each text's scores and the null score
    contributions: Float32Array  # [P, C], each piece's exact share of each logit
