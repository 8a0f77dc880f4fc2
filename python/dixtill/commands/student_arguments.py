"""The arguments that choose a student and how it answers."""

from __future__ import annotations

import argparse

from .. import limits
from ..runtime.model_file.source import SHIPPED_MODEL
from .number_argument import add_number


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--model`."""
    parser.add_argument(
        "--model",
        metavar="PATH_OR_NAME",
        help="a student's .safetensors file, a folder with a student.safetensors, or the name of a "
        "student that comes with dixtill: tfns (default) or tfns-bilstm",
    )


def student_of(args: argparse.Namespace) -> str:
    """Return `--model`, by default the path of the shipped student; "" is a path, too."""
    model: str | None = args.model
    return SHIPPED_MODEL if model is None else model


def student_file(args: argparse.Namespace) -> str:
    """Return the student's file, even if a folder or a name was given."""
    from ..runtime.model_file.source import file_of

    return file_of(student_of(args))


def add_student_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--model` and `--kernel`."""
    add_model_argument(parser)
    parser.add_argument(
        "--kernel", metavar="NAME", help="the instruction set to use (see `dixtill info`)"
    )


def add_answer_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--check` and `--threshold`."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="also leave out each word, and find the fewest words whose removal changes the label",
    )
    add_number(
        parser,
        "--threshold",
        limits.PROBABILITY,
        metavar="P",
        help="withhold labels of lower probability (`dixtill evaluate --target-precision` finds a "
        "threshold; default: none, or the student's own for each label)",
    )
