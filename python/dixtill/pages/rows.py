"""Computes what a page or a picture shows about each text, and the figures about all texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InputError

if TYPE_CHECKING:
    from ..runtime.prediction import Prediction

_LEAST_SHOWN = 0.005  # a smaller weight would print as 0.00
Weights = tuple[float, ...]
TOP_WORDS = 3  # the number of words compared in the agreement with the teacher


@dataclass(frozen=True)
class ExplainedText:
    """An answer, and what else is known about its text."""

    prediction: Prediction
    true_label: str | None = None
    teacher: Prediction | None = None  # the teacher's answer, with its attributions as weights
    line: int | None = None  # the line or row of the file

    @property
    def is_wrong(self) -> bool:
        """Whether the most probable label is not the true one."""
        return self.true_label is not None and self.true_label != self.prediction.top_label

    @property
    def disagrees(self) -> bool:
        """Whether the teacher gives other labels, or as top label where a text has one.

        Numbers are not compared.
        """
        if self.teacher is None:
            return False
        if self.prediction.kind.output == "sigmoid":
            return set(self.teacher.labels) != set(self.prediction.labels)
        return self.teacher.top_label != self.prediction.top_label

    @property
    def score(self) -> float:
        """The attribution score: the sum of the words' weights."""
        return sum(word.weight for word in self.prediction.words)

    @property
    def agreement(self) -> float | None:
        """Feature agreement with the teacher: the share of the top words that both have in common.

        None without a teacher or words. Only words that the student read count; if the teacher
        has no word with the same span, its weight is 0. From Krishna et al. 2022, "The
        Disagreement Problem in Explainable Machine Learning".
        """
        if self.teacher is None or not self.prediction.words:
            return None
        theirs = {(word.start, word.end): word.weight for word in self.teacher.words}
        first = _top([word.weight for word in self.prediction.words])
        second = _top([theirs.get((w.start, w.end), 0.0) for w in self.prediction.words])
        return len(first & second) / len(first)


def weights_of_all_labels(texts: Sequence[ExplainedText], most: int) -> list[list[Weights]] | None:
    """Return for each text the words' weights for each label, in the order of the labels.

    None if there is one label, the weights belong to no label, or there are over `most` of them.
    """
    labels = texts[0].prediction.kind.labels if texts else ()
    count = sum(len(text.prediction.words) for text in texts) * len(labels)
    if len(labels) < 2 or count > most:
        return None
    try:
        return [[text.prediction.weights(label) for label in labels] for text in texts]
    except InputError:
        return None


class Figure(NamedTuple):
    """A number that summarizes all texts."""

    name: str
    value: str
    remark: str


class TellingWord(NamedTuple):
    """A word, its mean weight in texts predicted as a class, and the number of these texts."""

    word: str
    mean: float
    num_texts: int


def figures(texts: Sequence[ExplainedText]) -> list[Figure]:
    """Summarize the texts; each figure leaves out texts that lack what it needs."""
    return [
        Figure("texts", f"{len(texts):,}", ""),
        *_accuracy(texts),
        *_coverage(texts),
        *_teachers(texts),
        *_checked(texts),
        *_unknown(texts),
        *_familiar(texts),
    ]


def telling_words(
    texts: Sequence[ExplainedText], min_texts: int, most: int
) -> dict[str, list[TellingWord]]:
    """Return the words with the largest mean weight for each label that texts are explained for.

    Labels keep their order, and case is ignored. Left out are words in fewer than `min_texts`
    texts, without letters or digits, opposing the label, or unknown to the student.
    """
    weights: dict[str, dict[str, list[float]]] = {
        label: defaultdict(list) for text in texts for label in text.prediction.kind.labels
    }
    for text in texts:
        for word, weight in _mean_of_repeated(text.prediction):
            weights[text.prediction.explained_label][word].append(weight)
    return {label: _strongest(of_label, min_texts, most) for label, of_label in weights.items()}


def _mean_of_repeated(prediction: Prediction) -> Iterator[tuple[str, float]]:
    """Yield each distinct word of a text with its mean weight there."""
    found: dict[str, list[float]] = defaultdict(list)
    for word in prediction.words:
        if not word.is_unknown and any(map(str.isalnum, word.text)):
            found[word.text.casefold()].append(word.weight)
    for text, weights in found.items():
        yield text, sum(weights) / len(weights)


def _strongest(weights: dict[str, list[float]], min_texts: int, most: int) -> list[TellingWord]:
    words = [
        TellingWord(word, sum(some) / len(some), len(some))
        for word, some in weights.items()
        if len(some) >= min_texts
    ]
    words.sort(key=lambda word: (-word.mean, word.word))
    return [word for word in words[:most] if word.mean >= _LEAST_SHOWN]


def _accuracy(texts: Sequence[ExplainedText]) -> list[Figure]:
    labeled = [text for text in texts if text.true_label is not None]
    if not labeled:
        return []
    wrong = sum(text.is_wrong for text in labeled)
    right = len(labeled) - wrong
    remark = f"{right:,} of {len(labeled):,}"
    return [
        Figure("accuracy", _share(right, len(labeled)), remark),
        Figure("errors", f"{wrong:,}", ""),
    ]


def _coverage(texts: Sequence[ExplainedText]) -> list[Figure]:
    """If labels can be withheld, return how many texts get one and how many of these are right."""
    reasons = ["at or above the threshold"] if any(t.prediction.threshold for t in texts) else []
    reasons += ["familiar"] if any(text.prediction.only_familiar for text in texts) else []
    if not reasons:
        return []
    answered = [text for text in texts if text.prediction.labels]
    remark = f"{len(answered):,} are {' and '.join(reasons)}"
    found = [Figure("coverage", _share(len(answered), len(texts)), remark)]
    labeled = [text for text in answered if text.true_label is not None]
    if labeled:
        right = sum(not text.is_wrong for text in labeled)
        remark = f"{right:,} of {len(labeled):,} that got a label"
        found.append(Figure("precision", _share(right, len(labeled)), remark))
    return found


def _teachers(texts: Sequence[ExplainedText]) -> list[Figure]:
    taught = [text for text in texts if text.teacher is not None]
    if not taught:
        return []
    if taught[0].prediction.value is not None:
        return _agreement(taught)
    same = sum(not text.disagrees for text in taught)
    remark = f"the same label in {same:,} of {len(taught):,}"
    return [Figure("with the teacher", _share(same, len(taught)), remark), *_agreement(taught)]


def _agreement(taught: Sequence[ExplainedText]) -> list[Figure]:
    shares = [text.agreement for text in taught if text.agreement is not None]
    if not shares:
        return []
    remark = f"of the {TOP_WORDS} top words are the teacher’s"
    return [Figure("agreement", _share(sum(shares), len(shares)), remark)]


def _checked(texts: Sequence[ExplainedText]) -> list[Figure]:
    checks = [text.prediction.check for text in texts if text.prediction.check is not None]
    correlations = [check.correlation for check in checks if check.correlation is not None]
    flips = [len(check.flip) for check in checks if check.flip is not None]
    found = []
    if correlations:
        remark = "rank correlation, median"
        found.append(Figure("weights and effects", f"{median(correlations):.2f}", remark))
    if flips:
        remark = (
            f"to change the label, median; possible for {len(flips):,} of {len(checks):,} texts"
        )
        found.append(Figure("words to leave out", f"{median(flips):g}", remark))
    return found


def _unknown(texts: Sequence[ExplainedText]) -> list[Figure]:
    """Return the share of words unknown to the student, if there are any."""
    words = [word for text in texts for word in text.prediction.words]
    unknown = sum(word.is_unknown for word in words)
    if not unknown:
        return []
    return [Figure("unknown words", _share(unknown, len(words)), f"{unknown:,} of {len(words):,}")]


def _familiar(texts: Sequence[ExplainedText]) -> list[Figure]:
    """Return the share of texts that are not familiar to the student, if there are any."""
    others = sum(text.prediction.is_familiar is False for text in texts)
    if not others:
        return []
    return [Figure("not familiar", _share(others, len(texts)), f"{others:,} of {len(texts):,}")]


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}%"


def _top(weights: Sequence[float]) -> set[int]:
    return set(sorted(range(len(weights)), key=lambda i: -abs(weights[i]))[:TOP_WORDS])
