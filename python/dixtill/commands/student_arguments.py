"""The arguments by which commands name a student, and say how it answers."""

from __future__ import annotations

import argparse

from .. import limits
from ..runtime.model_file.source import SHIPPED_MODEL
from .number_argument import add_number


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """`--model`."""
    parser.add_argument(
        "--model",
        metavar="PATH",
        help="a student's .safetensors, or a folder with a student.safetensors (default: the one "
        "that ships)",
    )


def student_of(args: argparse.Namespace) -> str:
    """The path that `--model` gives, or that of the student that ships; "" is a path too."""
    model: str | None = args.model
    return SHIPPED_MODEL if model is None else model


def student_file(args: argparse.Namespace) -> str:
    """The file of that student, also where the path is a folder's."""
    from ..runtime.model_file.source import file_of

    return file_of(student_of(args))


def add_student_arguments(parser: argparse.ArgumentParser) -> None:
    """`--model` and `--kernel`."""
    add_model_argument(parser)
    parser.add_argument(
        "--kernel", metavar="NAME", help="the instruction set to use (see `dixtill info`)"
    )


def add_answer_arguments(parser: argparse.ArgumentParser) -> None:
    """`--check` and `--threshold`."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="also leave out each word, and find the fewest words whose absence changes the label",
    )
    add_number(
        parser,
        "--threshold",
        limits.PROBABILITY,
        default=0.0,
        metavar="P",
        help="give no label of lower probability (`dixtill evaluate --target-precision` finds one)",
    )
