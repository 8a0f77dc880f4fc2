"""Training examples: a text's pieces with what the teacher said of it, in padded batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..errors import InputError
from ..runtime.cleaning import clean
from ..runtime.words import TokenizedText, Tokenizer
from .attributions import Attribution
from .corpus import Corpus

Merge = Literal["sum", "mean"]


class Batch(NamedTuple):
    """Examples padded on the right."""

    piece_ids: Tensor  # [batch, time]
    mask: Tensor  # [batch, time] bool
    word_of_piece: Tensor  # [batch, time], -1 on padding
    labels: Tensor  # [batch]
    teacher_logits: Tensor  # [batch, classes]
    attributions: Tensor  # [batch, words], zero on padding


@dataclass(frozen=True)
class Examples:
    """Texts as the student reads them, with labels and the teacher's answers."""

    texts: list[TokenizedText]
    labels: Tensor  # [texts]
    teacher_logits: Tensor  # [texts, classes]
    attributions: list[Tensor]  # [texts][words]

    def __len__(self) -> int:
        return len(self.texts)

    def batch(self, rows: npt.NDArray[np.int64]) -> Batch:
        """The examples at `rows`."""
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
        """All examples in random order."""
        order = rng.permutation(len(self))
        for start in range(0, len(order), size):
            yield self.batch(order[start : start + size])

    def ordered_batches(self, size: int) -> Iterator[Batch]:
        """All examples in their order."""
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
) -> Examples:
    """Read `corpus` as the student will; texts in which it finds no piece are left out.

    Args:
        corpus: texts and labels.
        tokenizer: the student's.
        cleaning: rules of runtime/cleaning.py.
        teacher_logits: [texts, classes]; None leaves them zero.
        explained: the teacher's attribution of each text; None leaves them zero.
        merge: how the attributions of a word's tokens become one number.

    Raises:
        InputError: no text is left.
    """
    texts = [tokenizer(clean(text, cleaning)) for text in corpus.texts]
    kept = [row for row, text in enumerate(texts) if text.piece_ids]
    if not kept:
        raise InputError(f"none of the {len(texts)} texts holds anything that can be read")
    if teacher_logits is None:
        teacher_logits = torch.zeros(len(texts), len(corpus.label_names))
    return Examples(
        texts=[texts[row] for row in kept],
        labels=torch.tensor([corpus.labels[row] for row in kept]),
        teacher_logits=teacher_logits[kept],
        attributions=[
            _by_word(explained[row], texts[row].spans, merge)
            if explained
            else torch.zeros(len(texts[row].spans))
            for row in kept
        ],
    )


def _by_word(explained: Attribution, spans: Sequence[tuple[int, int]], merge: Merge) -> Tensor:
    """The teacher's attribution of each of the student's words, matched by span."""
    values = np.asarray(explained.attributions, dtype=np.float32)
    if merge == "mean":
        values /= np.maximum(explained.num_tokens, 1)
    words = zip(explained.starts, explained.ends, strict=True)
    found = dict(zip(words, values.tolist(), strict=True))
    return torch.tensor([found.get(span, 0.0) for span in spans])
