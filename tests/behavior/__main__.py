"""Measures what a student can read, beside its teacher, by capability.

python -m tests.behavior --model student.safetensors --teacher teacher-minilm --json behavior.json
python -m tests.behavior --write lessons.csv
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

from benchmarks.reporting.behavior import behavior
from benchmarks.reporting.source import source

import dixtill

from . import classifiers
from .lexicon import LEXICONS
from .outcomes import counts, outcomes
from .suite import suite

LESSONS = 12  # seeds


def main() -> int:
    args = _arguments()
    if args.write:
        write_lessons(args.write)
        return 0
    tests = suite(args.part, args.seed)
    try:
        student = outcomes(tests, classifiers.student(args.model))
        teacher = outcomes(tests, classifiers.teacher(args.teacher)) if args.teacher else None
    except dixtill.DixtillError as error:
        print(error, file=sys.stderr)
        return 2
    figures = {
        "source": source("tests.behavior", f"tests/behavior, {args.part}, seed {args.seed}"),
        "capabilities": counts(tests, student, teacher),
    }
    print(behavior(figures))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return 0


def write_lessons(path: Path) -> None:
    """Write the different texts of twelve lessons as a table without labels."""
    lessons = (suite("lessons", seed) for seed in range(LESSONS))
    cases = (case for lesson in lessons for group in lesson.values() for case in group)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text"])
        rows.writerows([text] for text in dict.fromkeys(t for case in cases for t in case.texts))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.behavior", description=__doc__)
    parser.add_argument(
        "--model", type=Path, default=Path(dixtill.SHIPPED_MODEL), metavar="FILE",
        help="a student of financial news (default: the one that ships)",
    )  # fmt: skip
    parser.add_argument("--teacher", type=Path, metavar="FOLDER", help="its teacher")
    parser.add_argument(
        "--part", choices=list(LEXICONS), default="evaluation",
        help="lessons: the templates that a student may learn from (default: evaluation)",
    )  # fmt: skip
    parser.add_argument(
        "--write", type=Path, metavar="CSV",
        help="only write texts of the lessons, for `dixtill distill --unlabeled`",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="decides how the slots are filled")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
