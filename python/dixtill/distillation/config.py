"""The settings of a course, with their defaults, limits and choices. Needs no torch.

The command line takes its options from here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, ClassVar, Literal, NamedTuple, get_args

from .. import limits
from ..errors import InputError
from ..limits import Limits
from ..specification.cleaning import DEFAULT_RULES
from ..tables import LABEL_COLUMN, TEXT_COLUMN
from .settings import Settings

Method = Literal["dixtill", "dixtill-paper", "kl", "mse", "none"]
KlForm = Literal["bounded", "plain"]
Explanation = Literal["gates", "contributions", "scores"]
ExplainedClasses = Literal["predicted", "all"]
Merge = Literal["sum", "mean"]  # of the attributions of a word's tokens
Precision = Literal["float32", "bfloat16"]  # of the products in a teacher
PrecisionChoice = Literal["auto", "float32", "bfloat16"]
Layer = Literal["embeddings", "word_embeddings"]
Output = Literal["logit", "probability"]
Explainer = Literal[
    "integrated_gradients", "captum", "gradient_x_input", "deep_lift", "gradient_shap", "occlusion"
]
FixedRule = Literal["gausslegendre", "riemann_middle", "riemann_trapezoid"]
EmbeddingBits = Literal[4, 8]
ADAPTIVE_RULE = "adaptive_simpson"
_EXPLAINED: tuple[Method, ...] = ("dixtill", "dixtill-paper")


@dataclass(frozen=True)
class DistillConfig(Settings):
    """Everything that a student's training depends on besides its data; saved with the run.

    The defaults are those of the method dixtill; `of` gives each method its own.
    """

    method: Method = "dixtill"
    alpha: float = 0.9  # weight of what the teacher says against the labels
    temperature: float = 2.0
    kl: KlForm = "plain"  # 1 - exp(-KL) as published, or KL itself
    explanation: Explanation = "gates"  # what is aligned and shown
    explained_classes: ExplainedClasses = "all"
    explanation_weight: float = 2.0  # of the loss of explanations; that of answers has 1
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

    LIMITS: ClassVar[Mapping[str, Limits]] = {
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

    def __post_init__(self) -> None:
        """Raise InputError if settings are out of range, unknown or do not fit each other."""
        super().__post_init__()
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
    def of(cls, method: Method = "dixtill", **given: Any) -> DistillConfig:
        """The method's own settings, except for those that are given.

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
            own = _NOTHING_PERTURBED | own
        if given.get("null_score") is False:
            own = {"explanation": "contributions"} | own
        own = own | _IMPLIED.get(given.get("explanation", ""), {})
        return cls(method=method, **own | given)

    @property
    def is_explained(self) -> bool:
        """Whether the student learns from the teacher's attributions."""
        return self.method in _EXPLAINED


# What an explanation needs where it is chosen.
_IMPLIED: dict[str, dict[str, Any]] = {
    "scores": {"explained_classes": "predicted", "additivity": 0.0},
    "gates": {"null_score": True},
}
# What suits the training texts alone; it was chosen on held-out texts.
_NOTHING_PERTURBED: dict[str, Any] = {
    "epochs": 10,
    "batch_size": 64,
    "learning_rate": 2e-3,
    "dropout": 0.3,
}
# As published, with the mean over a word's tokens (Cantini et al. 2024, and their code).
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
# Students of the other methods are not aligned; contributions say best what decided in them.
_OWN: dict[str, dict[str, Any]] = {
    "dixtill-paper": _PUBLISHED,
    **dict.fromkeys(("kl", "mse", "none"), _PUBLISHED | {"explanation": "contributions"}),
}


@dataclass(frozen=True)
class AttributionSettings(Settings):
    """What a teacher's attributions depend on; part of the key under which they are stored."""

    layer: Layer = "embeddings"
    output: Output = "logit"
    classes: ExplainedClasses = "all"
    explainer: Explainer = "integrated_gradients"
    tolerance: float = 0.08  # completeness error as a share of the sum of sizes
    max_steps: int = 63  # most gradients of a text and class
    steps: int | None = None  # this many instead, of the fixed rule `quadrature`
    quadrature: FixedRule = "gausslegendre"
    precision: PrecisionChoice = "auto"  # an Attributor replaces "auto" by what it chose
    cleaning: tuple[str, ...] = DEFAULT_RULES
    symbols: bool = True  # whether they are words of their own, as the student's are

    LIMITS: ClassVar[Mapping[str, Limits]] = {
        "tolerance": limits.POSITIVE,
        "max_steps": limits.MAX_STEPS,
        "steps": limits.STEPS,
    }

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON holds them, with the quadrature that is used."""
        is_adaptive = self.explainer == "integrated_gradients" and self.steps is None
        return {**asdict(self), **({"quadrature": ADAPTIVE_RULE} if is_adaptive else {})}


@dataclass(frozen=True)
class FinetuneConfig(Settings):
    """Everything that a teacher's training depends on besides its base and its data."""

    epochs: int = 3
    learning_rate: float = 5e-5
    head_learning_rate_factor: float = 1.0  # a new head may learn faster than the body
    batch_size: int = 32
    max_length: int = 128  # tokens; longer texts are cut
    warmup: float = 0.1  # share of the steps
    weight_decay: float = 0.01
    seed: int = 0
    precision: Precision = "float32"
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


@dataclass(frozen=True)
class CourseSettings(Settings):
    """What a course reads, keeps and writes besides what its methods depend on."""

    holdout: float = 0.1  # share of each class to hold out where no validation texts are given
    exclude: str | os.PathLike[str] | Sequence[str] | None = None
    unlabeled: str | os.PathLike[str] | Sequence[str] | None = None
    text_column: str = TEXT_COLUMN
    label_column: str = LABEL_COLUMN
    input_format: str | None = None
    delimiter: str | None = None
    run_folder: str | os.PathLike[str] | None = None  # None: the student's path with .run
    attributions: str | os.PathLike[str] | None = None  # None: folders in the run folder
    embedding_bits: EmbeddingBits = 4
    calibrate: bool = True
    report: bool = True
    rows_per_pass: int = 1024  # tokens times steps in one pass of the teacher; bounds memory
    threads: int | None = None  # None: PyTorch's choice

    LIMITS: ClassVar[Mapping[str, Limits]] = {
        "holdout": limits.PART,
        "rows_per_pass": limits.COUNT,
        "threads": limits.THREADS,
    }


class AllSettings(NamedTuple):
    """All that a course is told by name."""

    config: DistillConfig
    attribution: AttributionSettings
    course: CourseSettings

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> AllSettings:
        """The settings that are given by name; the others are the method's own or the defaults.

        Cleaning and symbols are the same for the student and for the teacher's attributions.

        Raises:
            InputError: a name is unknown, a value cannot be, or values do not fit each other.
        """
        kinds: tuple[type[Settings], ...] = (DistillConfig, AttributionSettings, CourseSettings)
        known = dict.fromkeys(name for kind in kinds for name in kind.names())
        for name in given.keys() - known.keys():
            close = get_close_matches(name, known, n=1)
            meant = f"; did you mean '{close[0]}'?" if close else ";"
            raise InputError(f"unknown setting '{name}'{meant} The settings are {', '.join(known)}")
        of_kind = [{name: given[name] for name in kind.names() if name in given} for kind in kinds]
        config = DistillConfig.of(**of_kind[0])
        attribution = AttributionSettings(**of_kind[1])
        if config.is_explained and (config.explained_classes, attribution.classes) == (
            "all", "predicted",
        ):  # fmt: skip
            raise InputError(
                "explained_classes 'all' needs attributions of every class; choose classes 'all', "
                "or explained_classes 'predicted'"
            )
        return cls(config, attribution, CourseSettings(**of_kind[2]))
