"""The arguments that choose a student and how it answers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import limits
from ..runtime.model_file.source import SHIPPED_MODEL
from .number_argument import add_number

if TYPE_CHECKING:
    from ..runtime.classifier import Classifier
    from ..runtime.prediction import Prediction


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
    """Add `--check`, `--label`, `--threshold` and `--only-familiar`."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="also leave out each word, and find the fewest words whose removal changes the label",
    )
    parser.add_argument(
        "--label",
        metavar="NAME",
        help="weigh the words for this label, and check it (default: the most probable one)",
    )
    add_number(
        parser,
        "--threshold",
        limits.PROBABILITY,
        metavar="P",
        help="withhold labels of lower probability (`dixtill evaluate --target-precision` finds a "
        "threshold; default: none, or the student's own for each label)",
    )
    add_only_familiar(parser)


def add_only_familiar(parser: argparse.ArgumentParser) -> None:
    """Add `--only-familiar`."""
    parser.add_argument(
        "--only-familiar",
        action="store_true",
        help="withhold labels of texts that are not like those that the student learned from",
    )


def answers_of(
    args: argparse.Namespace, classifier: Classifier, texts: list[str]
) -> list[Prediction]:
    """Return the answers to texts, with what `add_answer_arguments` asks of their explanations.

    Raises:
        InputError: the student does not have the label.
    """
    label: str | None = args.label
    if label is None:
        return classifier(texts, check=args.check)
    classifier.kind.index_of(label)
    answers = classifier(texts, check=label if args.check else False)
    return [answer.explaining(label) for answer in answers]
