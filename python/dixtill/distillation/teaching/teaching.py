"""Decides which texts an epoch has, and how much the teacher's answer to each of them weighs.

The trainer asks before each epoch and in each step, and tells how far student and teacher differ.
All that a teaching has learned is in its state, which is part of a checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...errors import InputError
from ..config import DistillConfig
from ..data.kind import Kind
from .groups import GroupMeans
from .resampling import shares_by_divergence, systematic_sample
from .weighting import Weighting

Rows = npt.NDArray[np.int64]

_QUIZ_SHARE = 0.1  # of the labeled texts
_LOOK_AHEAD_EVERY = 2  # steps; each would make training three times as slow as without


class Teaching:
    """Fixed teaching: every text once in an epoch, with the weight 1. The others derive from it."""

    def __init__(self, num_texts: int) -> None:
        self.texts: Rows = np.arange(num_texts)
        """The rows of the texts that are trained on; an epoch has as many."""

    def rows(self, rng: np.random.Generator) -> Rows:
        """Return the rows of the next epoch's texts, which may repeat."""
        return self.texts

    def weights(self, rows: Rows, divergences: Tensor) -> Tensor | None:
        """Return the weights [batch] of the texts `rows`, or None for the weight 1.

        `divergences` [batch] are the unweighted losses of the teacher's answers in this step.
        """
        return None

    def quiz_rows(self, size: int) -> Rows | None:
        """Return up to `size` rows for a quiz if this step is to look ahead, else None."""
        return None

    def learn(self, effects: Tensor) -> None:
        """Learn from dQ/dw_i [batch], the effects of the last weights on the quiz loss."""

    def take_means(self) -> dict[str, float]:
        """Return the epoch's mean weight in groups of texts; empty if all weights are 1."""
        return {}

    def state(self) -> dict[str, Any]:
        """Return what `load` needs to go on to the same bits."""
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take a state that `state` returned."""


class WorstTeaching(Teaching):
    """After the first epoch, texts on which student and teacher last differed come more often."""

    def __init__(self, kinds: Tensor, confidences: Tensor) -> None:
        """Begin an untaught course; `kinds` and `confidences` are those of all texts."""
        super().__init__(len(kinds))
        self._means = GroupMeans(kinds.numpy(), confidences.numpy())
        self._divergences = torch.full((len(kinds),), torch.nan)  # NaN until a text was read

    def rows(self, rng: np.random.Generator) -> Rows:
        rows = self.texts
        if not bool(self._divergences.isnan().any()):
            shares = shares_by_divergence(self._divergences.numpy())
            rows = systematic_sample(shares, len(rows), rng)
        counts = np.bincount(rows, minlength=len(self.texts))
        self._means.add(self.texts, counts.astype(np.float64))
        return rows

    def weights(self, rows: Rows, divergences: Tensor) -> None:
        self._divergences[rows] = divergences

    def take_means(self) -> dict[str, float]:
        return self._means.take()

    def state(self) -> dict[str, Any]:
        return {"divergences": self._divergences}

    def load(self, state: Mapping[str, Any]) -> None:
        self._divergences = state["divergences"]


class LearnedTeaching(Teaching):
    """A weighting of texts is trained along with the student, on a quiz that is held out for it."""

    def __init__(self, kinds: Tensor, confidences: Tensor, seed: int) -> None:
        """Hold out the quiz: a tenth of the labeled texts, drawn by `seed`.

        Raises:
            InputError: there are fewer than two labeled texts.
        """
        super().__init__(len(kinds))
        self._rng = np.random.default_rng([seed, 1])  # the trainer's own is that of [seed]
        labeled = self.texts[kinds.numpy() == Kind.LABELED]
        if len(labeled) < 2:
            raise InputError(
                f"the teaching 'learned' needs at least 2 labeled texts, but there are "
                f"{len(labeled)}; give more, or choose the teaching 'fixed' or 'worst'"
            )
        count = max(1, round(_QUIZ_SHARE * len(labeled)))
        self.quiz: Rows = np.sort(self._rng.permutation(labeled)[:count])
        self.texts = np.setdiff1d(self.texts, self.quiz)
        self._kinds, self._confidences = kinds, confidences
        self._means = GroupMeans(kinds.numpy(), confidences.numpy())
        self._weighting = Weighting(seed)
        self._steps = 0
        self._last = torch.empty(0)

    def weights(self, rows: Rows, divergences: Tensor) -> Tensor:
        self._last = self._weighting(self._kinds[rows], self._confidences[rows], divergences)
        weights = self._last.detach()
        self._means.add(rows, weights.numpy())
        return weights

    def quiz_rows(self, size: int) -> Rows | None:
        self._steps += 1
        if self._steps % _LOOK_AHEAD_EVERY:
            return None
        return self._rng.permutation(self.quiz)[:size]

    def learn(self, effects: Tensor) -> None:
        self._weighting.learn(self._last, effects)

    def take_means(self) -> dict[str, float]:
        return self._means.take()

    def state(self) -> dict[str, Any]:
        return {
            "weighting": self._weighting.state(),
            "steps": self._steps,
            "rng": self._rng.bit_generator.state,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        self._weighting.load(state["weighting"])
        self._steps = state["steps"]
        self._rng.bit_generator.state = state["rng"]


def teaching_of(config: DistillConfig, kinds: Tensor, confidences: Tensor) -> Teaching:
    """Return the teaching that `config` names.

    Args:
        config: the settings of the course.
        kinds: [texts] int64, values of Kind.
        confidences: [texts], how sure the teacher is of its answers.

    Raises:
        InputError: there are too few labeled texts for a quiz.
    """
    if config.teaching == "fixed":
        return Teaching(len(kinds))
    if config.teaching == "worst":
        return WorstTeaching(kinds, confidences)
    return LearnedTeaching(kinds, confidences, config.seed)
