"""Make small students with random weights, for tests that need no trained one."""

from __future__ import annotations

from typing import Any

import numpy as np

from dixtill.runtime.model_file.familiarity import (
    NUM_QUANTILES,
    NUM_WORD_BYTES,
    num_evidence_pieces,
)
from dixtill.runtime.model_file.settings import StudentSettings
from dixtill.runtime.model_file.shape import StudentShape
from dixtill.specification.familiarity import Familiarity
from dixtill.specification.model_file import StudentModel
from dixtill.specification.parameters import StudentParameters

_PIECES = """apple shares share jump after record earn fall profit up down
a ##a ##b ##s ##ed ##ings 中 é & $ % . ! -"""
_RANGES = {"attention_vector": (-1, 1), "null_score": (-1, 1)}  # of floats that are no scales
VOCABULARY = ("[UNK]", *_PIECES.split())


def random_weights(
    rng: np.random.Generator,
    num_pieces: int,
    d: int,
    h: int,
    a: int,
    c: int,
    bits: int = 8,
    cell: str = "lstm",
    directions: int = 2,
    output: str = "softmax",
) -> StudentParameters:
    """Weights of moderate size: no gate is saturated, and every piece has a say.

    `bits` are the embedding's.
    """
    shapes = StudentShape(cell, num_pieces, d, h, a, c, directions).parameters()
    drawn: dict[str, Any] = {}
    unit = 0.0  # of the scales of the matrix that was drawn last
    for name, shape in shapes.items():
        if name.endswith("_q8"):
            drawn[name] = rng.integers(-127, 128, shape).astype(np.int8)
            is_of_cell = name in ("forward_weight_q8", "backward_weight_q8")
            unit = (3 if is_of_cell else 10) / (127 * 127 * np.sqrt(shape[1]))
        else:
            low, high = _RANGES.get(name, (-0.5, 0.5))
            if name.endswith("_scale"):
                low, high = 0.5 * unit, 1.5 * unit
            drawn[name] = rng.uniform(low, high, shape).astype(np.float32)
    if bits == 4:
        drawn["embedding_q8"] = (drawn["embedding_q8"] / 18).astype(np.int8) * np.int8(16)
    return StudentParameters(**drawn, cell=cell, output=output)


def random_model(
    seed: int = 0,
    bits: int = 8,
    d: int = 6,
    cell: str = "lstm",
    directions: int = 2,
    output: str = "softmax",
    **changes: Any,
) -> StudentModel:
    """Make a student of three classes; `changes` replace its vocabulary, weights or settings.

    One that answers a number has one name instead.
    """
    if output == "number":
        changes = {"labels": ("stars",), **changes}
    familiarity = changes.pop("familiarity", None)
    vocabulary = changes.pop("vocabulary", VOCABULARY)
    weights = changes.pop("parameters", None)
    settings: dict[str, Any] = {
        "labels": ("bearish", "bullish", "neutral"),
        "cleaning": ("html_entities_v2", "urls_v2"),
        "lowercase": True,
        "strip_accents": True,
        "symbols": True,
        "max_pieces": 16,
        "explanation": "contributions",
        "provenance": {"teacher": "tiny", "metrics": {"accuracy": 0.75}, "seeds": [0, 1]},
        **changes,
    }
    if weights is None:
        weights = random_weights(
            np.random.default_rng(seed), len(vocabulary), d=d, h=5, a=4, c=len(settings["labels"]),
            bits=bits, cell=cell, directions=directions, output=output,
        )  # fmt: skip
    return StudentModel(weights, vocabulary, StudentSettings(**settings), familiarity)


def model_with_familiarity(
    vocabulary: tuple[str, ...] = VOCABULARY, seed: int = 0, **more: Any
) -> StudentModel:
    """Make a random model that can tell familiar texts from others."""
    known = random_familiarity(np.random.default_rng(seed), len(vocabulary))
    return random_model(seed, vocabulary=vocabulary, familiarity=known, **more)


def random_familiarity(rng: np.random.Generator, num_pieces: int) -> Familiarity:
    """Make what tells familiar texts from others: some words are known, and quantiles repeat."""
    quantiles = np.sort(rng.uniform(-3, 3, NUM_QUANTILES)).round(1).astype(np.float32)
    quantiles[0] = -7
    return Familiarity(
        evidence=rng.integers(-8, 8, num_evidence_pieces(num_pieces)).astype(np.int8),
        known_words=rng.integers(0, 256, NUM_WORD_BYTES).astype(np.uint8),
        quantiles=quantiles,
    )
