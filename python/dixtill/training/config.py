"""What a student's training depends on besides its data, and each method's own settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..errors import InputError
from ..runtime.cleaning import DEFAULT_RULES
from .examples import ExplainedClasses, Merge

Method = Literal["dixtill", "dixtill-paper", "kl", "mse", "none"]
KlForm = Literal["bounded", "plain"]
Explanation = Literal["gates", "contributions", "scores"]
_EXPLAINED: tuple[Method, ...] = ("dixtill", "dixtill-paper")


@dataclass(frozen=True)
class DistillConfig:
    """Everything that a run depends on besides its data; saved with the run.

    The defaults are those of the method dixtill; `of` gives each method its own.
    """

    method: Method = "dixtill"
    alpha: float = 0.9  # weight of what the teacher says against the labels
    temperature: float = 2.0
    kl: KlForm = "plain"  # 1 - exp(-KL) as published, or KL itself
    explanation: Explanation = "gates"  # what is aligned and shown
    explained_classes: ExplainedClasses = "all"
    explanation_weight: float = 2.0  # of the loss of explanations, that of answers has 1
    merge: Merge = "sum"
    additivity: float = 0.25  # weight of the loss that makes weights the effects of absence
    perturbed: int = 30  # texts for the teacher to answer, for each training text
    seed: int = 0
    epochs: int = 5  # passes over all texts, the perturbed ones too
    patience: int = 10  # epochs without a better validation score before stopping
    batch_size: int = 128
    learning_rate: float = 3e-3
    warmup_epochs: float = 1.0
    max_grad_norm: float = 1.0
    weight_decay: float = 0.01
    dropout: float = 0.15
    unknown_rate: float = 0.1  # share of pieces replaced by the unknown one in training
    embedding_dim: int = 50
    hidden_dim: int = 50
    attention_dim: int = 100
    null_score: bool = True  # whether attention may go to no piece
    max_pieces: int = 256
    cleaning: tuple[str, ...] = DEFAULT_RULES

    def __post_init__(self) -> None:
        limits = {
            "alpha": 0 <= self.alpha <= 1,
            "explanation_weight": self.explanation_weight >= 0,
            "additivity": self.additivity >= 0,
            "perturbed": self.perturbed >= 0,
            "temperature": self.temperature > 0,
            "epochs": self.epochs >= 1,
            "patience": self.patience >= 1,
            "batch_size": self.batch_size >= 1,
            "learning_rate": self.learning_rate > 0,
            "warmup_epochs": self.warmup_epochs >= 0,
            "max_grad_norm": self.max_grad_norm > 0,
            "weight_decay": self.weight_decay >= 0,
            "dropout": 0 <= self.dropout < 1,
            "unknown_rate": 0 <= self.unknown_rate < 1,
            "embedding_dim": self.embedding_dim >= 1,
            "hidden_dim": self.hidden_dim >= 1,
            "attention_dim": self.attention_dim >= 1,
            "max_pieces": self.max_pieces >= 1,
        }
        for name, holds in limits.items():
            if not (holds and math.isfinite(getattr(self, name))):
                raise InputError(f"{name} is {getattr(self, name)}, which is out of range")
        for name, choices in (
            ("method", Method), ("kl", KlForm), ("explanation", Explanation), ("merge", Merge),
            ("explained_classes", ExplainedClasses),
        ):  # fmt: skip
            if getattr(self, name) not in get_args(choices):
                raise InputError(
                    f"unknown {name} '{getattr(self, name)}', expected one of "
                    f"{', '.join(get_args(choices))}"
                )
        if (self.explanation, self.explained_classes) == ("scores", "all"):
            raise InputError("raw scores explain one class; choose explained_classes 'predicted'")
        if self.explanation == "scores" and self.additivity:
            raise InputError(
                "the explanation 'scores' does not add up to an answer; choose additivity 0, or "
                "the explanation 'gates' or 'contributions'"
            )
        if self.explanation == "gates" and not self.null_score:
            raise InputError(
                "weights by gates need a null score, with which the attention can be empty; choose "
                "the explanation 'contributions', or null_score"
            )

    @classmethod
    def of(cls, method: Method, **given: Any) -> DistillConfig:
        """The method's own settings, but for those that are given.

        Raises:
            InputError: as DistillConfig; or explanation_weight is given to a method that learns no
                explanations.
        """
        learns_answers_alone = method in get_args(Method) and method not in _EXPLAINED
        if "explanation_weight" in given and learns_answers_alone:
            raise InputError(
                f"explanation_weight is given, but the method '{method}' learns no explanations; "
                f"choose {' or '.join(_EXPLAINED)}"
            )
        own = _OWN.get(method, {})
        if (own | given).get("perturbed") == 0:
            own = _FEW_TEXTS | own
        if given.get("null_score") is False:
            own = {"explanation": "contributions"} | own
        own = own | _IMPLIED.get(given.get("explanation", ""), {})
        return cls(method=method, **own | given)

    @property
    def is_explained(self) -> bool:
        """Whether the teacher's attributions are learnt from."""
        return self.method in _EXPLAINED


# What an explanation that is given needs.
_IMPLIED: dict[str, dict[str, Any]] = {
    "scores": {"explained_classes": "predicted", "additivity": 0.0},
    "gates": {"null_score": True},
}
# What suits the training texts alone, chosen on held-out texts.
_FEW_TEXTS: dict[str, Any] = {
    "epochs": 10,
    "batch_size": 64,
    "learning_rate": 2e-3,
    "dropout": 0.3,
}
# As published, the mean over a word's tokens included (Cantini et al. 2024, and their code).
_PUBLISHED: dict[str, Any] = {
    "temperature": 5.0,
    "kl": "bounded",
    "explanation": "scores",
    "explained_classes": "predicted",
    "explanation_weight": 1.0,
    "merge": "mean",
    "additivity": 0.0,
    "perturbed": 0,
    "null_score": False,
}
# What the other methods' students show is not aligned, and contributions say best what decided.
_OWN: dict[str, dict[str, Any]] = {
    "dixtill-paper": _PUBLISHED,
    **dict.fromkeys(("kl", "mse", "none"), _PUBLISHED | {"explanation": "contributions"}),
}
