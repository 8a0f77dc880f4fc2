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
from .data.corpus import Corpus
from .data.kind import Kind
from .data.perturbation import perturbed_texts, suitable_number
from .data.sources import CourseTexts
from .data.text_weights import text_weights
from .data.unlabeled import UnlabeledTexts
from .progress.watcher import Watcher
from .student.examples import Examples, make_examples, unlabeled_examples
from .student.outputs import rules_for
from .student.vocabulary import Vocabulary, student_vocabulary
from .teacher.answer_store import AnswerStore
from .teacher.head import Answers
from .teacher.teacher import Teacher
from .teaching.hints import HintBasis


class Lessons(NamedTuple):
    """All texts as the student reads them."""

    vocabulary: Vocabulary
    train: Examples  # including those without labels
    valid: Examples
    num_unlabeled: int


class UnlabeledPart(NamedTuple):
    """Some cleaned texts without labels, with the teacher's answers."""

    texts: list[str]
    kinds: list[Kind]
    answers: Answers


class AnsweredTexts(NamedTuple):
    """All texts with the teacher's answers, before a student's tokenizer reads them."""

    train: Corpus
    valid: Corpus
    known: Answers | None  # to the training texts; None if the teacher is not asked
    explained: Mapping[int, Attribution]  # of training texts, by their rows
    unlabeled: Iterable[UnlabeledPart]


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
        labels = texts.train.label_names
        vocabulary = within_budget(self.vocabulary(texts), labels, self.config, texts.train.output)
        return lessons_of(self.answered(texts, explained), vocabulary, self.config)

    def vocabulary(self, texts: CourseTexts) -> Vocabulary:
        """Return all pieces that occur in the texts that are learned, the most frequent first."""
        rules = self.config.cleaning
        real = [texts.unlabeled] if self.store else []
        with self.watcher.stage("choosing the student's pieces"):
            both = _Cleaned([texts.train.texts, *real], rules)
            return student_vocabulary(both, self.teacher, self.config.symbols)

    def answered(self, texts: CourseTexts, explained: Mapping[int, Attribution]) -> AnsweredTexts:
        """Have the teacher answer; texts without labels are asked for when they are iterated.

        The perturbed texts are the same for every seed, and so are the teacher's answers. The first
        ones of a larger number are those of a smaller one.
        """
        if self.store is None:
            return AnsweredTexts(texts.train, texts.valid, None, {}, ())
        cleaned = self.cleaned(texts.train)
        known = self._known_answers(self.store, cleaned, explained)
        with self.watcher.stage("making perturbed texts"):
            count = self.config.perturbed
            if count is None:
                count = suitable_number(cleaned, texts.unlabeled.num_words)
            made = perturbed_texts(cleaned, count, seed=0)
        parts = self._unlabeled(self.store, texts.unlabeled, made)
        return AnsweredTexts(texts.train, texts.valid, known, explained, parts)

    def cleaned(self, corpus: Corpus) -> list[str]:
        """Return the texts as teacher and student read them."""
        return [clean(text, self.config.cleaning) for text in corpus.texts]

    def _unlabeled(
        self, store: AnswerStore, unlabeled: UnlabeledTexts, made: Sequence[str]
    ) -> Iterator[UnlabeledPart]:
        """Yield the real texts and then the perturbed ones, in parts."""
        real = _Cleaned([unlabeled], self.config.cleaning)
        kinds = chain(repeat(Kind.REAL, len(unlabeled)), repeat(Kind.MADE))
        for part, answers in store.parts(chain(real, made), len(unlabeled) + len(made)):
            yield UnlabeledPart(part, list(islice(kinds, len(part))), answers)

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


def lessons_of(answered: AnsweredTexts, vocabulary: Vocabulary, config: DistillConfig) -> Lessons:
    """Read all texts as a student with this vocabulary does.

    Raises:
        InputError: no labeled text holds a piece.
    """
    tokenizer = Tokenizer(vocabulary.pieces, vocabulary.normalizer, config.max_pieces)
    rules = rules_for(answered.train)
    found = text_weights(answered.train, config.class_weight)
    weights = None if found is None else torch.from_numpy(found)
    valid = make_examples(answered.valid, tokenizer, config.cleaning, rules=rules)
    if answered.known is None:
        train = make_examples(
            answered.train, tokenizer, config.cleaning, rules=rules, weights=weights
        )
        return Lessons(vocabulary, train, valid, 0)
    hints = _Hints.of(answered.known)
    train = make_examples(
        answered.train, tokenizer, config.cleaning, answered.known.logits,
        answered.explained, config.merge, config.explained_classes, hints(answered.known), rules,
        weights,
    )  # fmt: skip
    read = quick_tokenizer(vocabulary.pieces, vocabulary.normalizer, config.max_pieces)
    num_unlabeled, more = 0, []
    for texts, kinds, answers in answered.unlabeled:
        num_unlabeled += len(texts)
        more.append(
            unlabeled_examples(
                texts, read, answers.logits, config.explained_classes, kinds, hints(answers), rules
            )
        )
    return Lessons(vocabulary, Examples.joined([train, *more]), valid, num_unlabeled)


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
