"""Defines a scikit-learn classifier of texts whose `fit` distills a student.

base.py has its settings; classes.py and label_sets.py turn labels into those of a student.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from ..distillation.data.corpus import Corpus
from .base import DixtillEstimator, weighed
from .classes import Classes, checked_labels, checked_texts
from .label_sets import LabelSets, are_sets


class DixtillClassifier(ClassifierMixin, DixtillEstimator):  # type: ignore[misc]  # untyped base
    """Distills a student that classifies texts; `DixtillEstimator` describes the arguments.

    A text has one of the labels or, if y is an indicator matrix or holds a list of labels for each
    text, any number of them; then answers are indicator matrices, with a column for each of
    `classes_`.

    >>> classifier = DixtillClassifier(epochs=5)
    >>> texts = ["shares soar", "profit falls", "stock soars", "sales fall"] * 4
    >>> classifier.fit(texts, ["up", "down"] * 8).classes_.tolist()
    ['down', 'up']
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> DixtillClassifier:
        """Distill a student from the texts `X` and their labels `y`.

        Texts count as `sample_weight` says, one number for each; None is the same for all.

        Raises:
            InputError: a text is not a str, y is None or has one class only, a setting is out of
                range, or the teacher does not know a label.
        """
        sets = LabelSets.of(y) if are_sets(y) else None
        labels = checked_labels(y) if sets is None else np.empty(len(sets.rows))
        texts = tuple(checked_texts(X))
        check_consistent_length(texts, labels)
        teacher = self._loaded_teacher("softmax" if sets is None else "sigmoid")
        known = teacher.labels if teacher else None
        if sets is None:
            classes = Classes.of(labels, known)
            corpus = Corpus(texts, classes.indices_of(labels), classes.names)
            corpus = self._with_class_weights(corpus, labels)
            values, columns = classes.values, classes.columns
        else:
            names, values = sets.matched(known)
            corpus = Corpus(texts, sets.indices(names), names, "sigmoid")
            columns = list(range(len(names)))
        self._fit(teacher, corpus, sample_weight)
        self.classes_, self._columns, self._is_multilabel = values, columns, sets is not None
        return self

    def _with_class_weights(self, corpus: Corpus, labels: npt.NDArray[Any]) -> Corpus:
        """Return the corpus with the weights of its classes, if they are given one by one."""
        if not isinstance(self.class_weight, dict):
            return corpus
        return weighed(corpus, compute_sample_weight(self.class_weight, labels))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable of `classes_` for each text, or an indicator matrix [N, C]."""
        probabilities = self.predict_proba(X)
        if self._is_multilabel:
            thresholds = np.asarray(self.student_.model.settings.thresholds)
            return (probabilities >= thresholds).astype(np.int64)
        labels: npt.NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def predict_proba(self, X: Any) -> npt.NDArray[np.float32]:
        """Return probabilities [texts, classes], in the order of `classes_`."""
        rows = [list(answer.probabilities.values()) for answer in self.explain(X)]
        probabilities = np.array(rows, np.float32).reshape(len(rows), len(self._columns))
        return probabilities[:, self._columns]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of texts whose labels are all right."""
        check_is_fitted(self)
        if self._is_multilabel and are_sets(y):
            y = LabelSets.of(y).indicator(self.classes_)
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
