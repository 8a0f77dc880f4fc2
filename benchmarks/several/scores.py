"""Scores answers by scikit-learn and SciPy alone, which neither dixtill nor its peers wrote."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import pearsonr
from sklearn.metrics import f1_score, label_ranking_average_precision_score, mean_absolute_error
from sklearn.metrics import precision_recall_curve as curve

from dixtill.distillation.data.corpus import Corpus

Answers = npt.NDArray[np.float64]
Thresholds = npt.NDArray[np.float64]


def thresholds_on(answers: Answers, corpus: Corpus) -> Thresholds:
    """Return each label's threshold of the best F1 on these texts."""
    found = np.full(answers.shape[1], 0.5)
    for k, has in enumerate(corpus.targets.T):
        if has.any():
            precision, recall, bounds = curve(has, answers[:, k])
            f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
            found[k] = bounds[f1[:-1].argmax()]
    return found


def scores_of(answers: Answers, corpus: Corpus, thresholds: Thresholds | None) -> dict[str, float]:
    """Return micro- and macro-F1 and ranking average precision, or MAE and Pearson."""
    if thresholds is None:
        targets = corpus.targets[:, 0]
        return {
            "MAE": float(mean_absolute_error(targets, answers[:, 0])),
            "Pearson": float(pearsonr(targets, answers[:, 0]).statistic),
        }
    given, targets = answers >= thresholds, corpus.targets
    return {
        "micro-F1": float(f1_score(targets, given, average="micro", zero_division=0.0)),
        "macro-F1": float(f1_score(targets, given, average="macro", zero_division=0.0)),
        "LRAP": float(label_ranking_average_precision_score(targets, answers)),
    }


def quality(answers: Answers, corpus: Corpus) -> float:
    """Return what settings are chosen by: LRAP, which needs no thresholds, or less error."""
    if corpus.output == "number":
        return -float(mean_absolute_error(corpus.targets[:, 0], answers[:, 0]))
    return scores_of(answers, corpus, thresholds_on(answers, corpus))["LRAP"]
