"""The settings of a course, with their defaults, limits and choices. Needs no torch.

The command line takes its options from here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, NamedTuple, get_args

from .. import limits
from ..errors import InputError
from ..limits import Limits
from ..runtime.model_file.settings import check_explanation
from ..specification.cleaning import DEFAULT_RULES
from ..tables import LABEL_COLUMN, TEXT_COLUMN
from .method_defaults import IMPLIED, NOTHING_PERTURBED, OWN
from .settings import Settings, unknown_setting

Method = Literal["dixtill", "dixtill-paper", "kl", "mse", "none"]
KlForm = Literal["bounded", "plain"]
TeachingMode = Literal["fixed", "worst", "learned"]
Explanation = Literal["gates", "contributions", "scores"]
ExplainedClasses = Literal["predicted", "all"]
ClassesToExplain = Literal["predicted", "some", "all"]
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
Cell = Literal["lstm", "gru", "linear"]
ClassWeight = Literal["equal", "balanced"]
OutputKind = Literal["softmax", "sigmoid", "number"]  # one label, several, or a number
ADAPTIVE_RULE = "adaptive_simpson"
_EXPLAINED: tuple[Method, ...] = ("dixtill", "dixtill-paper")


@dataclass(frozen=True)
class DistillConfig(Settings):
    """Everything but the data that a student's training depends on; saved with the run.

    The defaults are those of the method dixtill; `of` gives each method its own.
    """

    method: Method = "dixtill"
    alpha: float = 0.9  # weight of the teacher's answers and explanations against labels
    temperature: float = 2.0
    kl: KlForm = "plain"  # KL itself; "bounded" is 1 - exp(-KL), as published
    explanation: Explanation = "gates"  # what is aligned and shown
    explained_classes: ExplainedClasses = "all"
    explanation_weight: float = 2.0  # weight of the explanation loss; the answer loss has 1
    merge: Merge = "sum"
    max_explained: int | None = 4000  # training texts whose attributions are learned; None: all
    hint_weight: float = 0.0  # loss weight of hints from the teacher's states, at the beginning
    teaching: TeachingMode = "fixed"  # which texts come more often, or weigh more
    class_weight: ClassWeight = "equal"  # balanced: texts of each class count as much in all
    additivity: float = 0.25  # weight of the loss that makes words' weights equal their effects
    perturbed: int | None = None  # made-up texts; None: a number that suits the other texts
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
    cell: Cell = "lstm"  # what reads the pieces
    directions: int = 2  # 1: from the first piece on; 2: from the last piece on as well
    embedding_dim: int = 50
    hidden_dim: int = 50
    attention_dim: int = 100
    null_score: bool = True  # whether attention may go to no piece
    max_pieces: int = 256
    max_bytes: int = 420_000  # of the student's file with 4-bit vectors; rare pieces are left out
    cleaning: tuple[str, ...] = DEFAULT_RULES
    symbols: bool = True  # whether symbols are words, and unknown variants get a plain form

    LIMITS: ClassVar[Mapping[str, Limits]] = {
        "alpha": limits.SHARE,
        "temperature": limits.POSITIVE,
        "explanation_weight": limits.NOT_NEGATIVE,
        "max_explained": limits.COUNT_OR_NONE,
        "hint_weight": limits.NOT_NEGATIVE,
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
        "directions": limits.DIRECTIONS,
        "embedding_dim": limits.WIDTH,
        "hidden_dim": limits.WIDTH,
        "attention_dim": limits.WIDTH,
        "max_pieces": limits.COUNT,
        "max_bytes": limits.COUNT,
    }

    def __post_init__(self) -> None:
        """Raise InputError if settings are out of range, unknown, or contradict each other."""
        super().__post_init__()
        for name, published in (("cell", "lstm"), ("directions", 2)):
            if self.method == "dixtill-paper" and (given := getattr(self, name)) != published:
                raise InputError(
                    f"{name} is {given!r}, but the method 'dixtill-paper' is the published one, "
                    "whose student is an LSTM that reads in both directions; choose "
                    f"{name} {published!r}, or the method 'dixtill'"
                )
        if self.teaching != "fixed" and self.method == "none":
            raise InputError(
                f"the teaching '{self.teaching}' follows the teacher's answers, but the method "
                "'none' learns none; choose the teaching 'fixed', or another method"
            )
        if (self.explanation, self.explained_classes) == ("scores", "all"):
            raise InputError("raw scores explain one class; choose explained_classes 'predicted'")
        if self.explanation == "scores" and self.additivity:
            raise InputError(
                "the explanation 'scores' does not add up to an answer; choose additivity 0, or "
                "the explanation 'gates' or 'contributions'"
            )
        check_explanation(self.explanation, self.cell)
        if self.explanation == "gates" and not self.null_score:
            raise InputError(
                "the explanation 'gates' needs a null score, so that attention can go to no piece; "
                "choose the explanation 'contributions', or null_score True"
            )

    @classmethod
    def of(cls, method: Method = "dixtill", **given: Any) -> DistillConfig:
        """Return the method's own settings, overridden by those that are given.

        Raises:
            InputError: as for DistillConfig, or the weight of a loss is given that the method does
                not have.
        """
        learns_answers_alone = method in get_args(Method) and method not in _EXPLAINED
        for name in ("explanation_weight", "max_explained"):
            if name in given and learns_answers_alone:
                raise InputError(
                    f"{name} is given, but the method '{method}' learns no explanations; "
                    f"choose {' or '.join(_EXPLAINED)}"
                )
        if given.get("hint_weight") and method == "none":
            raise InputError(
                "hint_weight is given, but the method 'none' does not ask the teacher; choose "
                "another method"
            )
        if "explanation_weight" in given and given.get("max_explained") == 0:
            raise InputError("explanation_weight is given, but max_explained is 0; give only one")
        own = OWN.get(method, {})
        if (own | given).get("perturbed") == 0:
            own = NOTHING_PERTURBED | own
        if given.get("null_score") is False:
            own = {"explanation": "contributions"} | own
        if given.get("cell") == "linear":
            own = own | {"explanation": "contributions"}
        own = own | IMPLIED.get(given.get("explanation", ""), {})
        return cls(method=method, **own | given)

    @property
    def is_explained(self) -> bool:
        """Whether the student learns from the teacher's attributions."""
        return self.method in _EXPLAINED and self.max_explained != 0

    @property
    def learns_hints(self) -> bool:
        """Whether the student learns from the teacher's states."""
        return self.method != "none" and self.hint_weight > 0


@dataclass(frozen=True)
class AttributionSettings(Settings):
    """The settings that a teacher's attributions depend on; part of their key in the store."""

    layer: Layer = "embeddings"
    output: Output = "logit"
    classes: ClassesToExplain = "some"  # an Attributor replaces "some" by "all" if they are few
    classes_per_text: int = 3  # how many "some" are; what they take is twice the time of one
    explainer: Explainer = "integrated_gradients"
    tolerance: float = 0.08  # completeness error as a share of the sum of absolute values
    max_steps: int = 63  # at most this many gradients per text and class
    steps: int | None = None  # exactly this many instead, by the fixed rule `quadrature`
    quadrature: FixedRule = "gausslegendre"
    precision: PrecisionChoice = "auto"  # an Attributor replaces "auto" with its choice
    cleaning: tuple[str, ...] = DEFAULT_RULES
    symbols: bool = True  # whether symbols are words, as for the student

    LIMITS: ClassVar[Mapping[str, Limits]] = {
        "classes_per_text": limits.CLASSES,
        "tolerance": limits.POSITIVE,
        "max_steps": limits.MAX_STEPS,
        "steps": limits.STEPS,
    }

    def as_dict(self) -> dict[str, Any]:
        """Return the settings for JSON: those that are used, and the rule in words."""
        unused = () if self.classes == "some" else ("classes_per_text",)
        values = {name: value for name, value in asdict(self).items() if name not in unused}
        if self.explainer == "integrated_gradients" and self.steps is None:
            values["quadrature"] = ADAPTIVE_RULE
        return values


@dataclass(frozen=True)
class CourseSettings(Settings):
    """The other settings of a course: what it reads, keeps and writes."""

    labels: Sequence[str] | None = None  # names for the teacher's outputs instead of its own
    trust_remote_code: bool = False  # whether to run code that comes with the teacher
    holdout: float = 0.1  # share of each class to hold out if no validation texts are given
    exclude: str | os.PathLike[str] | Sequence[str] | None = None
    unlabeled: str | os.PathLike[str] | Sequence[str] | None = None
    text_column: str = TEXT_COLUMN
    label_column: str = LABEL_COLUMN
    label_separator: str | None = None  # what joins several labels of a text
    label_columns: Sequence[str] | None = None  # of 1 and 0, one for each label
    numbers: bool = False  # whether the label column holds numbers to predict, not classes
    weight_column: str | None = None  # of training texts: how much each counts
    label_precision: float | None = None  # of several labels' thresholds; None: the best F1
    input_format: str | None = None
    delimiter: str | None = None
    run_folder: str | os.PathLike[str] | None = None  # None: the student's path plus .run
    attributions: str | os.PathLike[str] | None = None  # None: folders in the run folder
    embedding_bits: EmbeddingBits = 4
    calibrate: bool = True
    report: bool = True
    rows_per_pass: int = 1024  # tokens times steps in one pass of the teacher; bounds memory
    threads: int | None = None  # None: PyTorch's choice

    LIMITS: ClassVar[Mapping[str, Limits]] = {
        "holdout": limits.PART,
        "label_precision": limits.PRECISION,
        "rows_per_pass": limits.COUNT,
        "threads": limits.THREADS,
    }


class AllSettings(NamedTuple):
    """All settings of a course."""

    config: DistillConfig
    attribution: AttributionSettings
    course: CourseSettings

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> AllSettings:
        """Sort the given settings into the three classes; the others get their defaults.

        Cleaning and symbols are the same for the student and for the teacher's attributions.

        Raises:
            InputError: a name is unknown, a value is out of range, or values contradict each other.
        """
        kinds: tuple[type[Settings], ...] = (DistillConfig, AttributionSettings, CourseSettings)
        known = dict.fromkeys(name for kind in kinds for name in kind.names())
        for name in given:
            if name not in known:
                raise unknown_setting(name, known)
        of_kind = [{name: given[name] for name in kind.names() if name in given} for kind in kinds]
        config = DistillConfig.of(**of_kind[0])
        attribution = AttributionSettings(**of_kind[1])
        learned, explained = config.explained_classes, attribution.classes
        if config.is_explained and (learned, explained) == ("all", "predicted"):
            raise InputError(
                "explained_classes 'all' needs attributions of every class, or of some that are "
                "drawn; choose classes 'some' or 'all', or explained_classes 'predicted'"
            )
        return cls(config, attribution, CourseSettings(**of_kind[2]))
