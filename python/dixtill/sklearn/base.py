"""What a classifier and a regressor of texts have in common: their settings, and how they learn.

distillation/course.py does the work.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from .. import limits
from ..distillation.config import Cell, DistillConfig, Method, OutputKind, TeachingMode
from ..distillation.course import distill
from ..distillation.data.corpus import Corpus
from ..distillation.data.sources import check_teachers_output
from ..distillation.progress.bars import bars_on_terminal
from ..distillation.teacher.teacher import Teacher
from ..errors import InputError
from ..runtime.classifier import Classifier
from ..runtime.model_file.source import STUDENT_FILE
from ..runtime.prediction import Prediction
from ..specification.model_file import StudentModel, write_model
from .classes import checked_texts

# With the method's own settings, few texts give so few steps that a student hardly learns.
_FOR_FEW_TEXTS: dict[str, Any] = {"epochs": 40, "batch_size": 16, "learning_rate": 3e-3}
_FEW = 1000
_LEAST_TO_CALIBRATE = 50  # a temperature found on fewer texts depends on very few errors


class DixtillEstimator(BaseEstimator):  # type: ignore[misc]  # untyped base
    """Distills a student from the texts that it is fitted to.

    The arguments are stored unchanged, and `fit` checks them. None is the method's own value.

    Args:
        teacher: folder or hub name of a sequence classifier, which knows every label of y, by
            name or by number; None learns from the labels alone.
        method: as in `dixtill distill`; dixtill with a teacher, none without.
        epochs: passes over the texts; 40 (with batches of 16 and a learning rate of 3e-3) if there
            are fewer than 1,000 texts and none are perturbed.
        batch_size: texts per step.
        learning_rate: the highest learning rate.
        dropout: dropout of piece vectors and states.
        alpha: weight of the teacher against the labels.
        temperature: softens the answers of teacher and student.
        perturbed: number of made-up texts for the teacher to answer; a small number needs more
            epochs and smaller batches.
        max_explained: number of training texts that the teacher explains at most; 0 for none.
        teaching: which texts come more often or weigh more: fixed, worst or learned.
        cell: what reads the pieces: lstm, gru or linear.
        directions: 2 to read a text in both directions, 1 to read it only forward.
        embedding_dim: width of a piece's vector.
        hidden_dim: units of the cell per direction.
        attention_dim: attention units.
        max_pieces: longer texts are cut after this many pieces.
        max_bytes: rare pieces are left out, so that the file is no larger with 4 embedding bits.
        embedding_bits: 4 or 8.
        validation_fraction: share of each class held out to choose the epoch and, with at least 50
            texts, to calibrate the probabilities. If it is less than one text, all texts choose,
            and numbers have no interval.
        attributions: a folder for the teacher's explanations and answers, which the folds of a
            cross-validation can share.
        class_weight: of a classifier, "balanced" or a weight for each class, as in scikit-learn.
        random_state: seed of the split and of the training.
        labels: names for the teacher's outputs, in their order, instead of its own.
        trust_remote_code: whether to run code that comes with the teacher.

    After `fit`, `student_` is the Classifier that `dixtill.load` returns for the file that `save`
    writes. Pickles contain the student.
    """

    def __init__(
        self,
        teacher: str | os.PathLike[str] | None = None,
        *,
        method: Method | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        dropout: float | None = None,
        alpha: float | None = None,
        temperature: float | None = None,
        perturbed: int | None = None,
        max_explained: int | None = None,
        teaching: TeachingMode | None = None,
        cell: Cell | None = None,
        directions: int | None = None,
        embedding_dim: int | None = None,
        hidden_dim: int | None = None,
        attention_dim: int | None = None,
        max_pieces: int = 256,
        max_bytes: int = 420_000,
        embedding_bits: int = 4,
        validation_fraction: float = 0.1,
        attributions: str | os.PathLike[str] | None = None,
        class_weight: str | dict[Any, float] | None = None,
        random_state: Any = None,
        labels: Sequence[str] | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        self.teacher = teacher
        self.method = method
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.dropout = dropout
        self.alpha = alpha
        self.temperature = temperature
        self.perturbed = perturbed
        self.max_explained = max_explained
        self.teaching = teaching
        self.cell = cell
        self.directions = directions
        self.embedding_dim = embedding_dim
        self.hidden_dim = hidden_dim
        self.attention_dim = attention_dim
        self.max_pieces = max_pieces
        self.max_bytes = max_bytes
        self.embedding_bits = embedding_bits
        self.validation_fraction = validation_fraction
        self.attributions = attributions
        self.class_weight = class_weight
        self.random_state = random_state
        self.labels = labels
        self.trust_remote_code = trust_remote_code

    def _fit(self, teacher: Teacher | None, corpus: Corpus, sample_weight: Any) -> None:
        """Distill a student from a corpus, whose texts weigh as `sample_weight` says.

        Texts of the weight 0 are left out.

        Raises:
            InputError: a setting is out of range, or as for a course.
        """
        limits.RATE.checked("validation_fraction", self.validation_fraction)
        self._check_class_weight(corpus.output)
        if sample_weight is not None:
            corpus = weighed(corpus, sample_weight)
        self._model = self._distilled(teacher, corpus)
        self.student_ = Classifier(self._model)

    def _check_class_weight(self, output: OutputKind) -> None:
        """Raise InputError unless the texts can be weighed by class as `class_weight` says."""
        given = self.class_weight
        if given is None:
            return
        is_dict = isinstance(given, dict)
        if output == "number":
            raise InputError(
                "class_weight is given, but numbers have no classes; leave it out, or give "
                "sample_weight"
            )
        if is_dict and output == "sigmoid":
            raise InputError(
                "class_weight is a dict, but the texts have several labels; choose 'balanced', or "
                "give sample_weight"
            )
        if not is_dict and not (isinstance(given, str) and given == "balanced"):
            raise InputError(
                f"class_weight is {given!r:.40}, expected None, 'balanced' or a dict with a weight "
                "for each class"
            )

    def _loaded_teacher(self, output: OutputKind) -> Teacher | None:
        """Return the teacher, if there is one.

        Raises:
            InputError: it cannot be loaded, or gives something else than the `output` of y.
        """
        if self.teacher is None:
            if self.labels is not None:
                raise InputError("labels are the names of a teacher's outputs; give a teacher too")
            return None
        teacher = Teacher.load(
            os.fspath(self.teacher), labels=self.labels, trust_remote_code=self.trust_remote_code
        )
        check_teachers_output(teacher.output, output)
        return teacher

    def explain(self, X: Any) -> list[Prediction]:
        """Return the student's Prediction for each text, with the weights of its words."""
        check_is_fitted(self)
        return self.student_(checked_texts(X))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the student as a model file for `dixtill.load`."""
        check_is_fitted(self)
        write_model(self._model, path)

    def _distilled(self, teacher: Teacher | None, corpus: Corpus) -> StudentModel:
        random = check_random_state(self.random_state)
        split_seed, seed = (int(random.randint(2**31 - 1)) for _ in range(2))
        train, valid = self._split(corpus, split_seed)
        with TemporaryDirectory() as folder:
            result = distill(
                teacher,
                train,
                valid,
                out=Path(folder) / STUDENT_FILE,
                watcher=bars_on_terminal(),
                attributions=self.attributions,
                embedding_bits=self.embedding_bits,
                calibrate=train is not valid and len(valid) >= _LEAST_TO_CALIBRATE,
                report=False,
                **self._settings(len(train), seed),
            )
        return result.model

    def _split(self, corpus: Corpus, seed: int) -> tuple[Corpus, Corpus]:
        """Return training and validation texts; all texts as both if too few to hold any out."""
        counts = np.bincount(corpus.groups)
        if not any(round(self.validation_fraction * count) for count in counts):
            return corpus, corpus
        return corpus.split(self.validation_fraction, seed)

    def _settings(self, num_texts: int, seed: int) -> dict[str, Any]:
        """Return the settings of the method, without those that are None."""
        names = [name for name in DistillConfig.names() if name != "class_weight"]
        given = {name: getattr(self, name) for name in names if hasattr(self, name)}
        given = {name: value for name, value in given.items() if value is not None}
        given |= {"method": self.method or ("none" if self.teacher is None else "dixtill")}
        if num_texts < _FEW and DistillConfig.of(**given).perturbed == 0:
            given = _FOR_FEW_TEXTS | given
        if self.class_weight == "balanced":
            given["class_weight"] = "balanced"
        return {**given, "seed": seed}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


def weighed(corpus: Corpus, sample_weight: Any) -> Corpus:
    """Return the texts that have a weight, with their weights.

    Raises:
        ValueError: there is not one number for each text, one is negative, or all are 0.
    """
    checked: npt.NDArray[Any] = _check_sample_weight(
        sample_weight, list(corpus.texts), dtype=np.float64, ensure_non_negative=True
    )
    kept = np.flatnonzero(checked).tolist()
    own = np.ones(len(corpus)) if corpus.weights is None else np.asarray(corpus.weights)
    weights = tuple((own * checked)[kept].tolist())
    return replace(corpus.take(kept), weights=weights)
