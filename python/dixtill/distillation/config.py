"""What a student's training depends on besides its data, and each method's own settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from .. import limits
from ..errors import InputError
from ..specification.cleaning import DEFAULT_RULES

Method = Literal["dixtill", "dixtill-paper", "kl", "mse", "none"]
KlForm = Literal["bounded", "plain"]
Explanation = Literal["gates", "contributions", "scores"]
ExplainedClasses = Literal["predicted", "all"]
Merge = Literal["sum", "mean"]  # of the attributions of a word's tokens
Precision = Literal["float32", "bfloat16"]  # of the products in a teacher
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
    symbols: bool = True  # whether they are words of their own, and variants have a plain form

    def __post_init__(self) -> None:
        for name, limit in _LIMITS.items():
            object.__setattr__(self, name, limit.checked(name, getattr(self, name)))
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


_LIMITS = {
    "alpha": limits.SHARE,
    "temperature": limits.POSITIVE,
    "explanation_weight": limits.NOT_NEGATIVE,
    "additivity": limits.NOT_NEGATIVE,
    "perturbed": limits.COUNT_OR_NONE,
    "seed": limits.SEED,
    "epochs": limits.COUNT,
    "patience": limits.COUNT,
    "batch_size": limits.COUNT,
    "learning_rate": limits.POSITIVE,
    "warmup_epochs": limits.NOT_NEGATIVE,
    "max_grad_norm": limits.POSITIVE,
    "weight_decay": limits.NOT_NEGATIVE,
    "dropout": limits.RATE,
    "unknown_rate": limits.RATE,
    "embedding_dim": limits.WIDTH,
    "hidden_dim": limits.WIDTH,
    "attention_dim": limits.WIDTH,
    "max_pieces": limits.COUNT,
}
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
