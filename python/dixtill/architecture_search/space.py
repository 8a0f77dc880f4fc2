"""The settings that a search chooses, and the settings of a course that each choice stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from ..distillation.config import CourseSettings, DistillConfig, EmbeddingBits
from ..errors import InputError

Choices: TypeAlias = Mapping[str, Any]  # a value for each name in the space

# Settings of a course that are searched unless they are given.
SEARCHED = frozenset(
    (
        "cell", "directions", "embedding_dim", "hidden_dim", "attention_dim", "embedding_bits",
        "dropout", "perturbed", "teaching",
    )
)  # fmt: skip
_FEWEST_PIECES, _MOST_PIECES = 2000, 30_000
# Perturbed texts are cut down to this share of all of them at most.
_SMALLEST_SHARE = 16


@dataclass(frozen=True)
class Space:
    """What is searched, and what all students share."""

    distributions: Mapping[str, BaseDistribution]  # of the settings that are chosen
    shared: Mapping[str, Any]  # settings of a course that were given, by their names
    num_pieces: int  # in all texts
    num_perturbed: int  # texts that the teacher has answered

    @classmethod
    def of(
        cls, shared: Mapping[str, Any], num_pieces: int, num_perturbed: int, num_real: int
    ) -> Space:
        """Return the space for texts with these numbers of pieces, perturbed and real texts.

        Settings that were given are not searched.
        """
        found: dict[str, BaseDistribution] = {
            "embedding_dim": IntDistribution(16, 96, step=8),
            "hidden_dim": IntDistribution(8, 96, step=8),
            "attention_dim": IntDistribution(8, 128, step=8),
            "pieces": _pieces(num_pieces),
            "embedding_bits": CategoricalDistribution((4, 8)),
            "dropout": FloatDistribution(0.0, 0.5, step=0.05),
        }
        alternatives = {**DistillConfig.choices(), "directions": (1, 2)}
        for name in ("cell", "directions", "teaching"):
            if len(allowed := _allowed(shared, name, alternatives[name])) > 1:
                found[name] = CategoricalDistribution(allowed)
        if num_perturbed > 1:
            fewest = max(1, num_perturbed // _SMALLEST_SHARE)
            found["perturbed"] = IntDistribution(fewest, num_perturbed, log=True)
        if num_real:
            found["real_texts"] = CategoricalDistribution((True, False))
        kept = {name: found[name] for name in found if name not in shared}
        return cls(kept, dict(shared), num_pieces, num_perturbed)

    @property
    def defaults(self) -> list[dict[str, Any]]:
        """The choices nearest to the defaults of a course with each cell, its own cell first."""
        own, searched = self.default, self.distributions.get("cell")
        if not isinstance(searched, CategoricalDistribution):
            return [own]
        cells = dict.fromkeys([own["cell"], *searched.choices])
        return [own | {"cell": cell} for cell in cells]

    @property
    def default(self) -> dict[str, Any]:
        """The choices nearest to the defaults of a course, with as many texts as there are."""
        config = DistillConfig.of(**_config_of(self.shared))
        wanted = {
            **{name: getattr(config, name) for name in DistillConfig.names()},
            "embedding_bits": CourseSettings.embedding_bits,
            "pieces": self.num_pieces,
            "perturbed": self.num_perturbed,
            "real_texts": True,
        }
        return {name: _nearest(of, wanted[name]) for name, of in self.distributions.items()}

    def recipe(self, choices: Choices) -> Recipe:
        """Return the settings of a course with these choices."""
        chosen = {**self.shared, **choices}
        return Recipe(
            config=DistillConfig.of(**_config_of({"perturbed": self.num_perturbed} | chosen)),
            embedding_bits=chosen.get("embedding_bits", CourseSettings.embedding_bits),
            calibrate=chosen.get("calibrate", CourseSettings.calibrate),
            num_pieces=min(choices["pieces"], self.num_pieces),
            has_real_texts=choices.get("real_texts", True),
        )


@dataclass(frozen=True)
class Recipe:
    """How one student is made."""

    config: DistillConfig
    embedding_bits: EmbeddingBits
    calibrate: bool
    num_pieces: int  # the most frequent ones of all texts
    has_real_texts: bool


def _config_of(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in DistillConfig.names()}


def _allowed(shared: Mapping[str, Any], name: str, values: Iterable[Any]) -> list[Any]:
    """Return the values of a setting that do not contradict the given settings."""
    kept = []
    for value in values:
        try:
            DistillConfig.of(**_config_of({**shared, name: value}))
        except InputError:
            continue
        kept.append(value)
    return kept


def _pieces(available: int) -> IntDistribution:
    """Return from 2,000 to 30,000 pieces, or from a quarter of those that there are."""
    most = min(_MOST_PIECES, available)
    fewest = min(_FEWEST_PIECES, max(2, most // 4))
    return IntDistribution(min(fewest, most), most, log=True)


def _nearest(distribution: BaseDistribution, wanted: Any) -> Any:
    """Return the value of a distribution that is nearest to the wanted one."""
    if isinstance(distribution, CategoricalDistribution):
        return wanted if wanted in distribution.choices else distribution.choices[0]
    assert isinstance(distribution, (IntDistribution, FloatDistribution))
    low, high = distribution.low, distribution.high
    step = distribution.step or 0.0
    near = min(max(wanted, low), high)
    if step:
        near = low + round((near - low) / step) * step
    return int(near) if isinstance(distribution, IntDistribution) else round(near, 10)
