"""What training does with one kind of output; each kind is a module beside this one.

Everything that a kind of output decides in training is a method here, so that no other module asks
which kind it is. Formulas are in ../losses.py, measures in ../../measures/.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...config import OutputKind
from ...data.scale import Scale
from ...measures.scores import AnyScores, scores_for
from ...teacher.head import answers_of

Temperature = float | list[float]
"""What divides the logits, or those of each label."""


class OutputRules(ABC):
    """The rules of training for one kind of output.

    Logits are those of the student, which learns standardized numbers; the teacher's and the
    labels are in the user's unit. For classes and labels there is no difference.
    """

    output: ClassVar[OutputKind]
    scale = Scale()

    @abstractmethod
    def targets(self, labels: npt.NDArray[Any]) -> Tensor:
        """Return `Corpus.targets` as a tensor for losses, one row for each text."""

    @abstractmethod
    def no_targets(self, count: int, num_labels: int) -> Tensor:
        """Return targets that say of `count` texts that their labels are unknown."""

    @abstractmethod
    def is_labeled(self, targets: Tensor) -> Tensor:
        """Return for each text whether its labels are known, bool [texts]."""

    @abstractmethod
    def task_loss(self, logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """Return the loss of the labels: the mean over all texts, the unlabeled ones being zero.

        Args:
            logits: [batch, C].
            targets: as `targets` returns them.
            weights: [batch], of the texts; None is 1 for all.
        """

    @abstractmethod
    def kl_loss(
        self, logits: Tensor, teacher: Tensor, temperature: float, weights: Tensor | None = None
    ) -> Tensor:
        """Return the mean divergence of the logits [batch, C] from the teacher's."""

    @abstractmethod
    def kl_by_text(self, logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
        """Return each text's term [batch] of the mean that `kl_loss` returns."""

    def known(self, teacher: Tensor) -> Tensor:
        """Return the teacher's logits [batch, C] as the student is to give them."""
        return teacher

    def margins(self, values: Tensor) -> Tensor:
        """Return what explains a label [..., C]: its logit, as far as the answer depends on it."""
        return values

    @abstractmethod
    def confidences(self, teacher: Tensor) -> Tensor:
        """Return how sure the teacher is of its answers, [texts], in [0, 1]."""

    def answers(self, logits: Tensor) -> Tensor:
        """Return probabilities [texts, C], or numbers [texts, 1] in the user's unit."""
        return answers_of(self.output, logits)

    def scores(
        self, logits: Tensor, targets: Tensor, thresholds: Sequence[float] | None = None
    ) -> AnyScores:
        """Score the student's logits."""
        answers = self.answers(logits).numpy()
        return scores_for(self.output, self.labels(targets), answers, thresholds)

    def labels(self, targets: Tensor) -> npt.NDArray[Any]:
        """Return targets as `Corpus.targets` has them."""
        found: npt.NDArray[Any] = targets.numpy()
        return found

    @abstractmethod
    def temperature(self, logits: Tensor, targets: Tensor) -> Temperature:
        """Return the temperature that makes the labels most likely; 1 if there is nothing to fit.

        Raises:
            InputError: a logit is not finite.
        """


class FloatTargetRules(OutputRules):
    """What kinds share whose targets are floats [texts, C], NaN if a text's labels are unknown."""

    def targets(self, labels: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(labels.astype(np.float32))

    def no_targets(self, count: int, num_labels: int) -> Tensor:
        return torch.full((count, num_labels), torch.nan)

    def is_labeled(self, targets: Tensor) -> Tensor:
        return ~targets.isnan().any(dim=1)


def mean_over_texts(losses: Tensor, weights: Tensor | None) -> Tensor:
    """Return the mean of `losses` [batch], each with its weight [batch]; None is 1 for all."""
    return losses.mean() if weights is None else (weights * losses).mean()


def weighed(*weights: Tensor | None) -> Tensor | None:
    """Return the product of those weights that are given; None if none is."""
    given = [each for each in weights if each is not None]
    return torch.stack(given).prod(dim=0) if given else None
