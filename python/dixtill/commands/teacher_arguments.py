"""The arguments that name a teacher, and say how to load it."""

from __future__ import annotations

import argparse


def add_teacher_arguments(parser: argparse.ArgumentParser, is_required: bool = True) -> None:
    """Add `--teacher`, `--labels` and `--trust-remote-code`."""
    parser.add_argument(
        "--teacher",
        required=is_required,
        metavar="DIR_OR_NAME",
        help="a Hugging Face classifier, or an adapter such as LoRA",
    )
    add_labels(
        parser, "names for the teacher's outputs, in their order, instead of its own (LABEL_0, ...)"
    )
    parser.add_argument(
        "--trust-remote-code",
        action="store_true",
        help="run code that comes with the teacher, which can do anything; read it first",
    )


def add_labels(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--labels`, a list of names separated by commas."""
    parser.add_argument("--labels", type=_names, metavar="A,B,...", help=what)


def _names(given: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(","))
