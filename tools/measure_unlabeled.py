"""Measure the time and the memory that texts without labels take, beside the teacher's own time.

    python tools/measure_unlabeled.py --teacher FOLDER --texts 1000000

It makes a file of texts from the teacher's vocabulary, and reads it as a course does: once to check
it, once to choose the student's pieces, and once to split it into them. The teacher's answers are
zeros, so its time is left out.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from dixtill.distillation.config import CourseSettings, DistillConfig
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.data.sources import read_course_texts
from dixtill.distillation.lessons import LessonReader
from dixtill.distillation.progress.watcher import Watcher
from dixtill.distillation.teacher.answer_store import AnswerStore
from dixtill.distillation.teacher.head import Answers
from dixtill.distillation.teacher.teacher import Teacher

_WORDS = 15  # of a text, as in a tweet


def main() -> None:
    """Print the seconds of the two stages, and the memory that they took together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--texts", type=int, default=1_000_000)
    arguments = parser.parse_args()
    teacher = Teacher.load(arguments.teacher)
    object.__setattr__(teacher, "answer", _zeros(len(teacher.labels)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.txt"
        _write_texts(path, arguments.texts, teacher)
        before = _peak_mb()
        start = perf_counter()
        labels = tuple(teacher.labels)
        few = Corpus(("shares rise", "shares fall"), (0, 1), labels)
        texts = read_course_texts(few, few, labels, CourseSettings(unlabeled=path))
        read = perf_counter()
        store = AnswerStore(teacher, Path(folder) / "answers")
        config = DistillConfig.of("kl", perturbed=0)
        lessons = LessonReader(config, teacher, store, Watcher()).read(texts, {})
        end = perf_counter()
    print(f"{arguments.texts:,} texts of {path.name}, {lessons.num_unlabeled:,} of them different")
    print(f"reading and checking them: {read - start:.0f} s")
    print(f"choosing pieces, and splitting the texts into them: {end - read:.0f} s")
    print(f"memory beyond the {before:.0f} MB of a loaded teacher: {_peak_mb() - before:.0f} MB")


def _zeros(num_labels: int) -> Callable[..., Answers]:
    def answer(texts: Sequence[str], **_: Any) -> Answers:
        return Answers(torch.zeros(len(texts), num_labels))

    return answer


def _write_texts(path: Path, count: int, teacher: Teacher) -> None:
    draw = random.Random(0)
    words = sorted(word for word in teacher.tokenizer.get_vocab() if word.isalpha())
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            file.write(" ".join(draw.choices(words, k=_WORDS)) + "\n")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
