"""Everything that all students of a search are made from, in one file.

The teacher answers and explains once. Processes and machines that train students read the file, and
need no teacher.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...distillation.attribution.attributor import Attribution
from ...distillation.course import Course
from ...distillation.data.corpus import Corpus
from ...distillation.data.kind import Kind
from ...distillation.data.unlabeled import UnlabeledTexts
from ...distillation.lessons import AnsweredTexts, UnlabeledPart
from ...distillation.provenance import Origin
from ...distillation.student.vocabulary import Vocabulary
from ...distillation.teacher.head import Answers
from ...errors import InputError, first_line
from ...specification.normalizer import Normalizer
from ...whole_file import write_whole

_NO_TEXTS = {"rows": 0, "sha256": UnlabeledTexts(lambda: ()).digest()}


@dataclass(frozen=True)
class SharedData:
    """What students are made from."""

    origin: Origin
    answered: AnsweredTexts
    vocabulary: Vocabulary  # all pieces, the most frequent first
    vectors: Tensor | None  # the teacher's, of all pieces
    teacher_labels: list[int] | None  # the teacher's answers to the validation texts

    @classmethod
    def of(cls, course: Course) -> SharedData:
        """Have the teacher of a course explain and answer."""
        reader = course.reader
        answered = reader.answered(course.texts, course.explained())
        vocabulary = reader.vocabulary(course.texts)
        labels = None
        if reader.store is not None:
            store = replace(reader.store, precision="float32", with_states=False)
            found = store.answers_by_length(reader.cleaned(course.texts.valid))
            labels = found.logits.argmax(dim=1).tolist()
        return cls(
            course.training.origin,
            answered._replace(unlabeled=list(answered.unlabeled)),
            vocabulary,
            course.vectors(vocabulary),
            labels,
        )

    @property
    def num_perturbed(self) -> int:
        """The number of perturbed texts that the teacher has answered."""
        return sum(kind == Kind.MADE for part in self.answered.unlabeled for kind in part.kinds)

    @property
    def num_real(self) -> int:
        """The number of real texts without labels."""
        return int(self.origin.unlabeled["rows"])

    def texts(self, num_perturbed: int, has_real: bool) -> AnsweredTexts:
        """Return the texts with the first perturbed ones, and with or without the real ones."""
        return self.answered._replace(unlabeled=self._parts(num_perturbed, has_real))

    def origin_with(self, has_real: bool) -> Origin:
        """Return the origin of a student that learned the real texts, or did not."""
        return self.origin if has_real else self.origin._replace(unlabeled=_NO_TEXTS)

    def _parts(self, num_perturbed: int, has_real: bool) -> Iterator[UnlabeledPart]:
        left = num_perturbed
        for texts, kinds, answers in self.answered.unlabeled:
            kept = []
            for row, kind in enumerate(kinds):
                if kind == Kind.MADE:
                    left -= 1
                if left >= 0 if kind == Kind.MADE else has_real:
                    kept.append(row)
            if kept:
                yield UnlabeledPart(
                    [texts[row] for row in kept],
                    [kinds[row] for row in kept],
                    Answers(
                        answers.logits[kept],
                        None if answers.states is None else answers.states[kept],
                    ),
                )

    def write(self, path: Path) -> None:
        """Write the file as a whole."""
        known = self.answered.known
        content = io.BytesIO()
        torch.save(
            {
                "origin": self.origin._asdict(),
                "corpora": [
                    (corpus.texts, corpus.labels, corpus.label_names, corpus.output, corpus.weights)
                    for corpus in (self.answered.train, self.answered.valid)
                ],
                "known": None if known is None else tuple(known),
                "explained": {row: astuple(a) for row, a in self.answered.explained.items()},
                "unlabeled": [
                    (texts, list(map(int, kinds)), tuple(answers))
                    for texts, kinds, answers in self.answered.unlabeled
                ],
                "pieces": self.vocabulary.pieces,
                "normalizer": asdict(self.vocabulary.normalizer),
                "ranks": self.vocabulary.ranks,
                "vectors": self.vectors,
                "teacher_labels": self.teacher_labels,
            },
            content,
        )
        write_whole(path, content.getvalue())

    @classmethod
    def read(cls, path: Path) -> SharedData:
        """Read the file.

        Raises:
            InputError: it is damaged.
        """
        try:
            found: dict[str, Any] = torch.load(path, weights_only=True)
            train, valid = (Corpus(*corpus) for corpus in found["corpora"])
            answered = AnsweredTexts(
                train,
                valid,
                None if found["known"] is None else Answers(*found["known"]),
                {row: Attribution(*values) for row, values in found["explained"].items()},
                [
                    UnlabeledPart(texts, list(map(Kind, kinds)), Answers(*answers))
                    for texts, kinds, answers in found["unlabeled"]
                ],
            )
            return cls(
                Origin(**found["origin"]),
                answered,
                Vocabulary(found["pieces"], Normalizer(**found["normalizer"]), found["ranks"]),
                found["vectors"],
                found["teacher_labels"],
            )
        except FileNotFoundError:
            raise
        except Exception as error:  # zipfile, pickle and PyTorch raise many kinds
            raise InputError(
                f"{path} is damaged ({first_line(error)}); delete it and search again"
            ) from error
