"""Makes training examples, a text's pieces with the teacher's answer, in padded batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...errors import InputError
from ...specification.words import TokenizedText, Tokenizer
from ..attribution.attributor import Attribution
from ..config import ExplainedClasses, Merge
from ..data.corpus import Corpus
from ..data.kind import Kind
from ..data.ragged import Ragged
from .outputs import SOFTMAX, OutputRules
from .word_attributions import by_word, inverse_chances

_SORTED_TOGETHER = 50  # batches


class Batch(NamedTuple):
    """Examples padded on the right."""

    piece_ids: Tensor  # [batch, time]
    mask: Tensor  # [batch, time] bool
    word_of_piece: Tensor  # [batch, time], -1 on padding
    labels: Tensor  # [batch, ...], targets of the rules
    teacher_logits: Tensor  # [batch, classes]
    attributions: Tensor  # [batch, words, outputs], zero on padding
    hints: Tensor  # [batch, width] float32; see teaching/hints.py
    rows: npt.NDArray[np.int64]  # [batch], the texts' places among the examples
    weights: Tensor | None = None  # [batch], of the teacher's answers; None is 1 for all
    explained: Tensor | None = None  # [batch, outputs]; see Examples. None is 1 for all
    rules: OutputRules = SOFTMAX
    text_weights: Tensor | None = None  # [batch], of labels and answers; None is 1 for all


@dataclass(frozen=True)
class Examples:
    """Texts as the student reads them, with labels and the teacher's answers."""

    piece_ids: Ragged  # [texts][pieces]
    word_of_piece: Ragged  # [texts][pieces]
    labels: Tensor  # [texts, ...], targets of the rules
    teacher_logits: Tensor  # [texts, classes]
    attributions: Ragged  # [texts][words, outputs]; no words if a text is not explained
    kinds: Tensor  # [texts] int64, values of Kind
    hints: Tensor  # [texts, width] float16; see teaching/hints.py. The width is 0 if there are none
    explained: Tensor  # [texts, outputs], 1 / the chance of being explained; 0 if a class is not
    rules: OutputRules = SOFTMAX  # what labels and answers are, and what is done with them
    text_weights: Tensor | None = None  # [texts]; see data/text_weights.py

    @classmethod
    def of(
        cls,
        texts: Sequence[TokenizedText],
        labels: Tensor,
        teacher_logits: Tensor,
        attributions: Sequence[npt.ArrayLike],
        outputs: int,
        kinds: Sequence[Kind] | None = None,
        hints: Tensor | None = None,
        explained: Tensor | None = None,
        rules: OutputRules = SOFTMAX,
    ) -> Examples:
        """Store tokenized `texts`.

        `outputs` is the number of attributions of each word. Without `kinds`, texts without a label
        are real ones; without `explained`, all classes are certain to be.
        """
        pieces = np.empty(0, dtype=np.int32)
        return cls(
            Ragged.of([text.piece_ids for text in texts], pieces),
            Ragged.of([text.word_of_piece for text in texts], pieces),
            labels,
            teacher_logits,
            Ragged.of(attributions, np.empty((0, outputs), dtype=np.float32)),
            torch.where(rules.is_labeled(labels), Kind.LABELED, Kind.REAL)
            if kinds is None
            else torch.tensor(kinds, dtype=torch.int64),
            torch.empty(len(texts), 0).half() if hints is None else hints.half(),
            torch.ones(len(texts), outputs) if explained is None else explained,
            rules,
        )

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """Return the examples of all `parts`, in their order."""
        return cls(
            Ragged.joined([part.piece_ids for part in parts]),
            Ragged.joined([part.word_of_piece for part in parts]),
            torch.cat([part.labels for part in parts]),
            torch.cat([part.teacher_logits for part in parts]),
            Ragged.joined([part.attributions for part in parts]),
            torch.cat([part.kinds for part in parts]),
            torch.cat([part.hints for part in parts]),
            torch.cat([part.explained for part in parts]),
            parts[0].rules,
            _joined_weights(parts),
        )

    def __len__(self) -> int:
        return len(self.piece_ids)

    def batch(self, rows: npt.NDArray[np.int64]) -> Batch:
        """Return the examples at `rows`, padded."""
        word_of_piece = self.word_of_piece.padded(rows, -1)
        words = int(word_of_piece.max(initial=-1)) + 1
        words = max(words, int(self.attributions.lengths[rows].max(initial=0)))
        return Batch(
            piece_ids=torch.from_numpy(self.piece_ids.padded(rows, 0)).long(),
            mask=torch.from_numpy(word_of_piece >= 0),
            word_of_piece=torch.from_numpy(word_of_piece).long(),
            labels=self.labels[rows],
            teacher_logits=self.teacher_logits[rows],
            attributions=torch.from_numpy(self.attributions.padded(rows, 0, words)),
            hints=self.hints[rows].float(),
            rows=rows,
            explained=self.explained[rows],
            rules=self.rules,
            text_weights=None if self.text_weights is None else self.text_weights[rows],
        )

    def shuffled_batches(
        self, rows: npt.NDArray[np.int64], size: int, rng: np.random.Generator
    ) -> Iterator[Batch]:
        """Yield the examples at `rows` in random order, batched with others of similar length.

        Sorting 50 batches at a time leaves little padding and halves the time of an epoch.
        """
        lengths = self.piece_ids.lengths
        order = rng.permutation(rows)
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


def _joined_weights(parts: Sequence[Examples]) -> Tensor | None:
    if all(part.text_weights is None for part in parts):
        return None
    return torch.cat(
        [
            torch.ones(len(part)) if part.text_weights is None else part.text_weights
            for part in parts
        ]
    )


def make_examples(
    corpus: Corpus,
    tokenizer: Tokenizer,
    cleaning: Sequence[str],
    teacher_logits: Tensor | None = None,
    explained: Mapping[int, Attribution] = MappingProxyType({}),
    merge: Merge = "sum",
    classes: ExplainedClasses = "predicted",
    hints: Tensor | None = None,
    rules: OutputRules = SOFTMAX,
    weights: Tensor | None = None,
) -> Examples:
    """Read `corpus` as the student will; texts without a piece are left out.

    Args:
        corpus: texts and labels.
        tokenizer: the student's tokenizer.
        cleaning: rules of specification/cleaning.py.
        teacher_logits: [texts, classes]; None means zeros.
        explained: the teacher's attributions of texts, by their rows.
        merge: how the attributions of a word's tokens become one number.
        classes: "predicted" for attributions of the class that the teacher predicts, "all" for
            those of every class that was explained, of whose logits the rules' margins are taken.
        hints: [texts, width]; None means no hints.
        rules: those of the corpus's labels.
        weights: [texts], how much each text counts; None means 1 for all.

    Raises:
        InputError: no text is left, or attributions of every class are wanted but missing.
    """
    texts = [tokenizer.read(text, cleaning) for text in corpus.texts]
    if teacher_logits is None:
        teacher_logits = torch.zeros(len(texts), len(corpus.label_names))
    outputs = len(corpus.label_names) if classes == "all" else 1
    examples = _readable(
        texts,
        rules.targets(corpus.targets),
        teacher_logits,
        [
            by_word(explained[row], text.spans, merge, classes, rules).numpy()
            if row in explained
            else ()
            for row, text in enumerate(texts)
        ],
        outputs,
        hints=hints,
        explained=torch.stack(
            [inverse_chances(explained.get(row), outputs) for row in range(len(texts))]
        ),
        rules=rules,
    )
    if not len(examples):
        raise InputError(f"none of the {len(texts)} texts holds a word that the student can read")
    if weights is None:
        return examples
    kept = [row for row, text in enumerate(texts) if text.piece_ids]
    return replace(examples, text_weights=weights[kept])


def unlabeled_examples(
    texts: Sequence[str],
    read: Callable[[str], TokenizedText],
    teacher_logits: Tensor,
    classes: ExplainedClasses = "predicted",
    kinds: Sequence[Kind] | None = None,
    hints: Tensor | None = None,
    rules: OutputRules = SOFTMAX,
) -> Examples:
    """Return examples of cleaned `texts` with the teacher's answers alone, without labels.

    `read` splits a cleaned text into pieces, as a Tokenizer does. Texts without a piece are left
    out, even if none is left. Without `kinds`, all texts are real ones; without `hints`
    [texts, width], there are none.
    """
    tokenized = [read(text) for text in texts]
    outputs = teacher_logits.shape[1] if classes == "all" else 1
    labels = rules.no_targets(len(texts), teacher_logits.shape[1])
    return _readable(
        tokenized, labels, teacher_logits, [()] * len(texts), outputs, kinds, hints, rules=rules
    )


def _readable(
    texts: list[TokenizedText],
    labels: Tensor,
    teacher_logits: Tensor,
    attributions: Sequence[npt.ArrayLike],
    outputs: int,
    kinds: Sequence[Kind] | None = None,
    hints: Tensor | None = None,
    explained: Tensor | None = None,
    rules: OutputRules = SOFTMAX,
) -> Examples:
    kept = [row for row, text in enumerate(texts) if text.piece_ids]
    return Examples.of(
        [texts[row] for row in kept],
        labels[kept],
        teacher_logits[kept],
        [attributions[row] for row in kept],
        outputs,
        None if kinds is None else [kinds[row] for row in kept],
        None if hints is None else hints[kept],
        None if explained is None else explained[kept],
        rules,
    )
