"""The settings of a teacher's fine-tuning, with their defaults and limits. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .. import limits
from ..limits import Limits
from ..specification.cleaning import DEFAULT_RULES
from .config import ClassWeight, Precision
from .settings import Settings


@dataclass(frozen=True)
class FinetuneConfig(Settings):
    """Everything but the base model and the data that a teacher's training depends on."""

    epochs: int = 3
    learning_rate: float = 5e-5
    head_learning_rate_factor: float = 1.0  # a new head may learn faster than the body
    batch_size: int = 32
    max_length: int = 128  # tokens; longer texts are cut
    warmup: float = 0.1  # share of the steps
    weight_decay: float = 0.01
    seed: int = 0
    precision: Precision = "float32"
    class_weight: ClassWeight = "equal"
    cleaning: tuple[str, ...] = DEFAULT_RULES

    LIMITS: ClassVar[Mapping[str, Limits]] = {
        "epochs": limits.COUNT,
        "learning_rate": limits.POSITIVE,
        "head_learning_rate_factor": limits.POSITIVE,
        "batch_size": limits.COUNT,
        "max_length": limits.COUNT,
        "warmup": limits.RATE,
        "weight_decay": limits.NOT_NEGATIVE,
        "seed": limits.SEED,
    }
