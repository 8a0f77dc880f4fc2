"""Measures explanations: agreement with another one, and faithfulness to the explained classifier.

These are pure functions of weights, one for each word of a text, and of a function that answers
texts. A number means little by itself: compare it with that of `random_weights`.

Sources: feature, sign and rank agreement, Krishna et al. 2022, "The Disagreement Problem in
Explainable Machine Learning"; comprehensiveness and sufficiency, DeYoung et al. 2020, "ERASER",
averaged over the shares of words that it uses for continuous scores; deletion and insertion,
Petsiuk et al. 2018, "RISE".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import stats

from ...errors import InputError

if TYPE_CHECKING:
    from ...runtime.prediction import Prediction
    from ..attribution.attributor import Attribution

Weights = npt.NDArray[np.float64]
Span = tuple[int, int]
Answer = Callable[[list[str]], Sequence[float]]
"""Maps texts to the probabilities of the explained label."""

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)  # shares of the words, as in ERASER; at least one word


def feature_agreement(a: Weights, b: Weights, k: int) -> float:
    """Return the share that both have of the `k` words of largest magnitude; of all, if fewer.

    Raises:
        InputError: the weights are empty or differ in number, or `k` is below 1.
    """
    first, second = _top(a, b, k)
    return len(set(first) & set(second)) / len(first)


def sign_agreement(a: Weights, b: Weights, k: int) -> float:
    """Return the feature agreement that counts only common words of the same sign."""
    first, second = _top(a, b, k)
    common = set(first) & set(second)
    return sum(bool(np.sign(a[i]) == np.sign(b[i])) for i in common) / len(first)


def rank_agreement(a: Weights, b: Weights, k: int) -> float:
    """Return the share of the first `k` ranks that have the same word in both."""
    first, second = _top(a, b, k)
    return sum(i == j for i, j in zip(first, second, strict=True)) / len(first)


def spearman(a: Weights, b: Weights) -> float:
    """Return the rank correlation of the signed weights; 0 if either is constant."""
    _check(a, b)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(stats.spearmanr(a, b).statistic)


def cosine(a: Weights, b: Weights) -> float:
    """Return the cosine of the signed weights; 0 if either is all zeros."""
    _check(a, b)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else 0.0


@dataclass(frozen=True)
class Faithfulness:
    """How the label's probability changes when words are removed, largest weights first.

    Comprehensiveness and insertion should be large, sufficiency and deletion small. leave_one_out
    is the rank correlation of the weights with the drop of the probability without each word.
    """

    comprehensiveness: float
    sufficiency: float
    deletion: float
    insertion: float
    leave_one_out: float


def faithfulness(
    answer: Answer, text: str, spans: Sequence[Span], weights: Weights
) -> Faithfulness:
    """Measure `weights`, which are positive for the label, by removing words from `text`.

    Spaces replace a removed word. `answer` is called once.

    Raises:
        InputError: there are no words, or not one weight for each word.
    """
    if not spans or len(spans) != len(weights):
        raise InputError(f"there are {len(weights)} weights for {len(spans)} words")
    order = [int(i) for i in np.argsort(-weights, kind="stable")]
    everything = set(order)
    tops = [set(order[: max(1, round(share * len(order)))]) for share in SHARES]
    prefixes = [set(order[:count]) for count in range(len(order) + 1)]
    kept = [
        everything,
        *(everything - top for top in tops),
        *tops,
        *(everything - prefix for prefix in prefixes),
        *prefixes,
        *(everything - {word} for word in range(len(order))),
    ]
    values = np.asarray(answer([_only(text, spans, words) for words in kept]), np.float64)
    whole, values = values[0], values[1:]
    sizes = [len(tops), len(tops), len(prefixes), len(prefixes)]
    without, alone, deleted, inserted, one_out = np.split(values, np.cumsum(sizes))
    return Faithfulness(
        comprehensiveness=float(np.mean(whole - without)),
        sufficiency=float(np.mean(whole - alone)),
        deletion=_area(deleted),
        insertion=_area(inserted),
        leave_one_out=spearman(weights, whole - one_out),
    )


def by_words(prediction: Prediction, teacher: Attribution) -> Weights:
    """Return the teacher's attributions in the order of the student's words, by their spans."""
    return by_spans([(word.start, word.end) for word in prediction.words], teacher)


def by_spans(spans: Iterable[Span], teacher: Attribution) -> Weights:
    """Return the teacher's attributions of the words at `spans`; 0 for a span that it lacks."""
    own_spans = zip(teacher.starts, teacher.ends, strict=True)
    by_span = dict(zip(own_spans, teacher.attributions, strict=True))
    return np.array([by_span.get(span, 0.0) for span in spans])


def random_weights(num_words: int, seed: int) -> Weights:
    """Draw normally distributed weights, as a control."""
    return np.random.default_rng(seed).normal(size=num_words)


def _only(text: str, spans: Sequence[Span], kept: Iterable[int]) -> str:
    """Return `text` with spaces in place of the words that are not `kept`."""
    chars = list(text)
    for start, end in (spans[i] for i in set(range(len(spans))) - set(kept)):
        chars[start:end] = " " * (end - start)
    return "".join(chars)


def _area(values: Weights) -> float:
    """Return the area under the curve over the share of words, by the trapezoid rule."""
    return float((values[1:] + values[:-1]).mean() / 2)


def _top(a: Weights, b: Weights, k: int) -> tuple[list[int], list[int]]:
    _check(a, b)
    if k < 1:
        raise InputError(f"k is {k}, expected at least 1")
    first, second = (
        [int(i) for i in np.argsort(-np.abs(weights), kind="stable")[:k]] for weights in (a, b)
    )
    return first, second


def _check(a: Weights, b: Weights) -> None:
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise InputError(
            f"the weights have shapes {list(a.shape)} and {list(b.shape)}, expected one number for "
            "each word of the same text"
        )
