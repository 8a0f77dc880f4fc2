"""Refuses teachers that compare two texts, such as those of natural language inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....errors import InputError

# Keys that sentence-transformers writes into the config of a CrossEncoder.
_OF_CROSS_ENCODERS = ("sentence_transformers", "sbert_ce_default_activation_function")


def check_reads_one_text(config: Any, labels: Sequence[str]) -> None:
    """Raise InputError if the labels, or the library that saved the model, are about pairs.

    A pair's label follows from neither text alone, and weights of words would need both.
    """
    if any("entail" in label.casefold() for label in labels):
        reason = (
            f"by its labels ({', '.join(labels)}), it says whether one text follows from another"
        )
    elif any(getattr(config, key, None) is not None for key in _OF_CROSS_ENCODERS):
        reason = "it was saved as a CrossEncoder of sentence-transformers, which compares two texts"
    else:
        return
    raise InputError(
        f"{reason}, but a student reads one text; take a classifier of single texts, or make one "
        "with dixtill finetune"
    )
