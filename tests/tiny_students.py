"""Make small students with random weights, for tests that need no trained one."""

from __future__ import annotations

from typing import Any

import numpy as np

from dixtill.runtime.model_file.settings import StudentSettings
from dixtill.specification.model_file import StudentModel
from dixtill.specification.parameters import StudentParameters

_PIECES = """apple shares share jump after record earn fall profit up down
a ##a ##b ##s ##ed ##ings 中 é & $ % . ! -"""
VOCABULARY = ("[UNK]", *_PIECES.split())


def random_weights(
    rng: np.random.Generator, num_pieces: int, d: int, h: int, a: int, c: int, bits: int = 8
) -> StudentParameters:
    """Weights of moderate size: no gate is saturated, and every piece has a say.

    `bits` are the embedding's.
    """

    def q8(*shape: int) -> np.ndarray:
        return rng.integers(-127, 128, shape).astype(np.int8)

    def floats(size: int, low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, size).astype(np.float32)

    def lstm(way: str) -> dict[str, np.ndarray]:
        unit = 3 / (127 * 127 * np.sqrt(d + h))
        return {
            f"{way}_weight_q8": q8(4 * h, d + h),
            f"{way}_scale": floats(4 * h, 0.5 * unit, 1.5 * unit),
            f"{way}_bias": floats(4 * h, -0.5, 0.5),
        }

    embedding_q8 = q8(num_pieces, d)
    if bits == 4:
        embedding_q8 = (embedding_q8 / 18).astype(np.int8) * np.int8(16)
    unit = 10 / (127 * 127 * np.sqrt(2 * h))
    return StudentParameters(
        embedding_q8=embedding_q8,
        **lstm("forward"),
        **lstm("backward"),
        attention_weight_q8=q8(a, 2 * h),
        attention_scale=floats(a, 0.5 * unit, 1.5 * unit),
        attention_vector=floats(a, -1, 1),
        null_score=floats(1, -1, 1),
        head_weight_q8=q8(c, 2 * h),
        head_scale=floats(c, 0.5 * unit, 1.5 * unit),
        head_bias=floats(c, -0.5, 0.5),
    )


def random_model(seed: int = 0, bits: int = 8, d: int = 6, **changes: Any) -> StudentModel:
    """Make a student of three classes; `changes` replace its vocabulary, weights or settings."""
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
        sizes = {"num_pieces": len(vocabulary), "c": len(settings["labels"])}
        weights = random_weights(np.random.default_rng(seed), d=d, h=5, a=4, bits=bits, **sizes)
    return StudentModel(weights, vocabulary, StudentSettings(**settings))
