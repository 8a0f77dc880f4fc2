"""Makes training examples, a text's pieces with the teacher's answer, in padded batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ...errors import InputError
from ...specification.words import TokenizedText, Tokenizer
from ..attribution.attributor import Attribution
from ..config import ExplainedClasses, Merge
from ..data.corpus import Corpus
from .losses import centered

NO_LABEL = -100  # PyTorch's cross-entropy ignores it
_SORTED_TOGETHER = 50  # batches


class Batch(NamedTuple):
    """Examples padded on the right."""

    piece_ids: Tensor  # [batch, time]
    mask: Tensor  # [batch, time] bool
    word_of_piece: Tensor  # [batch, time], -1 on padding
    labels: Tensor  # [batch], NO_LABEL if a text has no label
    teacher_logits: Tensor  # [batch, classes]
    attributions: Tensor  # [batch, words, outputs], zero on padding


@dataclass(frozen=True)
class Examples:
    """Texts as the student reads them, with labels and the teacher's answers."""

    texts: list[TokenizedText]
    labels: Tensor  # [texts], NO_LABEL if a text has no label
    teacher_logits: Tensor  # [texts, classes]
    attributions: list[Tensor]  # [texts][words, outputs]; zeros if a text is not explained

    def __len__(self) -> int:
        return len(self.texts)

    def __add__(self, other: Examples) -> Examples:
        return Examples(
            self.texts + other.texts,
            torch.cat([self.labels, other.labels]),
            torch.cat([self.teacher_logits, other.teacher_logits]),
            self.attributions + other.attributions,
        )

    def batch(self, rows: npt.NDArray[np.int64]) -> Batch:
        """Return the examples at `rows`, padded."""
        texts = [self.texts[row] for row in rows]
        word_of_piece = _padded([torch.tensor(t.word_of_piece) for t in texts], -1)
        return Batch(
            piece_ids=_padded([torch.tensor(t.piece_ids) for t in texts], 0),
            mask=word_of_piece >= 0,
            word_of_piece=word_of_piece,
            labels=self.labels[rows],
            teacher_logits=self.teacher_logits[rows],
            attributions=_padded([self.attributions[row] for row in rows], 0),
        )

    def shuffled_batches(self, size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield all examples in random order, but batched with others of similar length.

        Sorting 50 batches at a time leaves little padding and halves the time of an epoch.
        """
        lengths = np.array([len(text.piece_ids) for text in self.texts])
        order = rng.permutation(len(self))
        batches: list[npt.NDArray[np.int64]] = []
        for start in range(0, len(order), size * _SORTED_TOGETHER):
            some = order[start : start + size * _SORTED_TOGETHER]
            some = some[np.argsort(lengths[some], kind="stable")]
            batches += [some[at : at + size] for at in range(0, len(some), size)]
        for index in rng.permutation(len(batches)):
            yield self.batch(batches[index])

    def ordered_batches(self, size: int) -> Iterator[Batch]:
        """Yield all examples in order."""
        for start in range(0, len(self), size):
            yield self.batch(np.arange(start, min(start + size, len(self))))


def _padded(rows: list[Tensor], value: int) -> Tensor:
    return pad_sequence(rows, batch_first=True, padding_value=value)


def make_examples(
    corpus: Corpus,
    tokenizer: Tokenizer,
    cleaning: Sequence[str],
    teacher_logits: Tensor | None = None,
    explained: Sequence[Attribution] | None = None,
    merge: Merge = "sum",
    classes: ExplainedClasses = "predicted",
) -> Examples:
    """Read `corpus` as the student will; texts without a piece are left out.

    Args:
        corpus: texts and labels.
        tokenizer: the student's tokenizer.
        cleaning: rules of specification/cleaning.py.
        teacher_logits: [texts, classes]; None means zeros.
        explained: the teacher's attribution of each text; None means zeros.
        merge: how the attributions of a word's tokens become one number.
        classes: "predicted" for attributions of the class that the teacher predicts, "all" for
            those of every class, centered over the classes.

    Raises:
        InputError: no text is left, or attributions of every class are wanted but missing.
    """
    texts = [tokenizer.read(text, cleaning) for text in corpus.texts]
    if teacher_logits is None:
        teacher_logits = torch.zeros(len(texts), len(corpus.label_names))
    outputs = len(corpus.label_names) if classes == "all" else 1
    return _readable(
        texts,
        torch.tensor(corpus.labels),
        teacher_logits,
        [
            _by_word(explained[row], text.spans, merge, classes)
            if explained
            else torch.zeros(len(text.spans), outputs)
            for row, text in enumerate(texts)
        ],
    )


def unlabeled_examples(
    texts: Sequence[str],
    tokenizer: Tokenizer,
    teacher_logits: Tensor,
    classes: ExplainedClasses = "predicted",
) -> Examples:
    """Return examples of cleaned `texts` with the teacher's answers alone, without labels."""
    read = [tokenizer(text) for text in texts]
    outputs = teacher_logits.shape[1] if classes == "all" else 1
    labels = torch.full((len(texts),), NO_LABEL)
    zeros = [torch.zeros(len(text.spans), outputs) for text in read]
    return _readable(read, labels, teacher_logits, zeros)


def _readable(
    texts: list[TokenizedText], labels: Tensor, teacher_logits: Tensor, attributions: list[Tensor]
) -> Examples:
    kept = [row for row, text in enumerate(texts) if text.piece_ids]
    if not kept:
        raise InputError(f"none of the {len(texts)} texts holds a word that the student can read")
    return Examples(
        texts=[texts[row] for row in kept],
        labels=labels[kept],
        teacher_logits=teacher_logits[kept],
        attributions=[attributions[row] for row in kept],
    )


def _by_word(
    explained: Attribution,
    spans: Sequence[tuple[int, int]],
    merge: Merge,
    classes: ExplainedClasses,
) -> Tensor:
    """Return the teacher's attributions [words, outputs] of the student's words, by span."""
    if classes == "all" and not explained.by_class:
        raise InputError(
            "the attributions are only those of the predicted class; explain with "
            "`--classes all`, or train with `--explained-classes predicted`"
        )
    rows = explained.by_class if classes == "all" else (explained.attributions,)
    values = torch.tensor(rows).T  # [words, outputs]
    if merge == "mean":
        values = values / torch.tensor(explained.num_tokens).clamp(min=1)[:, None]
    if classes == "all":
        values = centered(values)
    explained_spans = zip(explained.starts, explained.ends, strict=True)
    word_of_span = {span: word for word, span in enumerate(explained_spans)}
    by_word = torch.zeros(len(spans), len(rows))
    for word, span in enumerate(spans):
        if span in word_of_span:
            by_word[word] = values[word_of_span[span]]
    return by_word
