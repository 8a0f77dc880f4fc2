"""Gathers what a student learns from: its pieces, and all texts with the teacher's answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, repeat
from typing import NamedTuple

import torch
from torch import Tensor

from ..specification.cleaning import clean
from ..specification.quick_tokenizer import quick_tokenizer
from ..specification.words import Tokenizer
from .attribution.attributor import Attribution
from .budget import within_budget
from .config import DistillConfig
from .data.kind import Kind
from .data.perturbation import perturbed_texts, suitable_number
from .data.sources import CourseTexts
from .hints import HintBasis
from .progress.watcher import Watcher
from .student.examples import Examples, make_examples, unlabeled_examples
from .student.vocabulary import Vocabulary, student_vocabulary
from .teacher.answer_store import AnswerStore
from .teacher.head import Answers
from .teacher.teacher import Teacher


class Lessons(NamedTuple):
    """All texts as the student reads them."""

    vocabulary: Vocabulary
    train: Examples  # including those without labels
    valid: Examples
    num_unlabeled: int


@dataclass(frozen=True)
class _Cleaned:
    """The cleaned texts of several sources; each iteration reads them anew."""

    sources: Sequence[Iterable[str]]
    rules: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        return (clean(text, self.rules) for source in self.sources for text in source)


@dataclass(frozen=True)
class LessonReader:
    """Chooses the student's pieces, has the teacher answer, and splits all texts into pieces."""

    config: DistillConfig
    teacher: Teacher | None
    store: AnswerStore | None  # of the teacher's answers; None if the method asks for none
    watcher: Watcher

    def read(self, texts: CourseTexts, explained: Mapping[int, Attribution]) -> Lessons:
        """Return what the student learns from.

        Args:
            texts: all texts; those without labels are left out if there is no store.
            explained: the teacher's attributions of training texts, by their rows.

        Raises:
            InputError: no text holds a piece, or the teacher's answers cannot be stored.
        """
        config = self.config
        cleaned = [clean(text, config.cleaning) for text in texts.train.texts]
        real = _Cleaned([texts.unlabeled] if self.store else [], config.cleaning)
        with self.watcher.stage("choosing the student's pieces"):
            both = _Cleaned([texts.train.texts, *real.sources], config.cleaning)
            vocabulary = student_vocabulary(both, self.teacher, config.symbols)
            labels = texts.train.label_names
            vocabulary = within_budget(vocabulary, labels, config)
        tokenizer = Tokenizer(vocabulary.pieces, vocabulary.normalizer, config.max_pieces)
        valid = make_examples(texts.valid, tokenizer, config.cleaning)
        if self.store is None:
            train = make_examples(texts.train, tokenizer, config.cleaning)
            return Lessons(vocabulary, train, valid, 0)
        known = self._known_answers(self.store, cleaned, explained)
        hints = _Hints.of(known)
        train = make_examples(
            texts.train, tokenizer, config.cleaning, known.logits,
            explained, config.merge, config.explained_classes, hints(known),
        )  # fmt: skip
        # The perturbed texts are the same for every seed, and so are the teacher's answers.
        read = quick_tokenizer(vocabulary.pieces, vocabulary.normalizer, config.max_pieces)
        with self.watcher.stage("making perturbed texts"):
            count = config.perturbed
            if count is None:
                count = suitable_number(cleaned, texts.unlabeled.num_words)
            made = perturbed_texts(cleaned, count, seed=0)
        total = len(texts.unlabeled) + len(made)
        kinds = chain(repeat(Kind.REAL, len(texts.unlabeled)), repeat(Kind.MADE))
        more = [
            unlabeled_examples(
                part,
                read,
                answers.logits,
                config.explained_classes,
                list(islice(kinds, len(part))),
                hints(answers),
            )
            for part, answers in self.store.parts(chain(real, made), total)
        ]
        return Lessons(vocabulary, Examples.joined([train, *more]), valid, total)

    def _known_answers(
        self, store: AnswerStore, cleaned: Sequence[str], explained: Mapping[int, Attribution]
    ) -> Answers:
        """Return the answers to the training texts; explained texts have the explained logits.

        Only if states are wanted is the teacher asked for the explained texts again.
        """
        asked = [row for row in range(len(cleaned)) if store.with_states or row not in explained]
        logits = torch.empty(len(cleaned), len(store.teacher.labels))
        states = None
        if asked:
            found = replace(store, precision="float32")
            logits[asked], states = found.answers_by_length([cleaned[row] for row in asked])
        for row, item in explained.items():
            logits[row] = torch.tensor(item.logits)
        return Answers(logits, states)


@dataclass(frozen=True)
class _Hints:
    """Turns the states of answers into hints."""

    basis: HintBasis | None

    @classmethod
    def of(cls, answers: Answers) -> _Hints:
        """Take the basis from the answers to the training texts, if they have states."""
        return cls(None if answers.states is None else HintBasis.of(answers.states))

    def __call__(self, answers: Answers) -> Tensor | None:
        """Return hints [texts, width] float16, or None without states."""
        if self.basis is None or answers.states is None:
            return None
        return self.basis.hints(answers.states)
