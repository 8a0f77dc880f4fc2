"""`dixtill infer --input`: answer the rows of a file or a pipe."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..streams import FORMATS
from .table_arguments import add_table_arguments, layout_of

if TYPE_CHECKING:
    from ..runtime.classifier import Classifier

_LAYOUT = ("input_format", "delimiter")
# Stream has the defaults.
_NAMES = (
    "output", "output_format", "csv_guard", *_LAYOUT, "text_column", "words", "strict"
)  # fmt: skip
_SIGNALLED = 128  # as a shell reports it: this and the signal's number


def add_file_arguments(
    parser: argparse.ArgumentParser, given: argparse._MutuallyExclusiveGroup
) -> None:
    """`--input`, which takes the place of texts, and what belongs to it."""
    given.add_argument(
        "--input",
        metavar="FILE",
        help="answer each row of a .csv, .tsv, .jsonl, .parquet or .txt file; - is standard input",
    )
    files = parser.add_argument_group(
        "files and pipes", "Rows keep their order and their fields, and get the answer's."
    )
    files.add_argument(
        "--output",
        metavar="FILE",
        help="a .jsonl, .csv or .parquet file, or a named pipe for lines; - (default) is standard "
        "output, for JSON lines unless --output-format says otherwise",
    )
    files.add_argument(
        "--output-format",
        choices=FORMATS,
        help="instead of what the name says; csv for a table on a pipe",
    )
    files.add_argument(
        "--csv-guard",
        action="store_true",
        default=None,
        help="begin cells of CSV that a spreadsheet would take for a formula with an apostrophe",
    )
    add_table_arguments(files, text_column=None)
    files.add_argument(
        "--words",
        action=argparse.BooleanOptionalAction,
        help="write each word with its place and weight (default: yes)",
    )
    files.add_argument(
        "--strict",
        action="store_true",
        default=None,
        help="end at the first row that cannot be answered; by default it is reported and left out",
    )


def check_no_file_arguments(args: argparse.Namespace) -> None:
    """Whether what belongs to `--input` was left out with it.

    Raises:
        InputError: something was given.
    """
    names = [f"--{name.replace('_', '-')}" for name in _given(args)]
    if args.words is False:
        names[names.index("--words")] = "--no-words"
    if names:
        raise InputError(
            f"{', '.join(names)}: only for files and pipes; name one by --input FILE, not TEXT"
        )


def _given(args: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name in _NAMES if (value := getattr(args, name)) is not None}


def answer_file(args: argparse.Namespace, classifier: Classifier) -> int:
    """Answer the rows; 130 or 143 where SIGINT or SIGTERM ended that."""
    from ..streams.stream import Stream

    options = {name: value for name, value in _given(args).items() if name not in _LAYOUT}
    stream = Stream(input=args.input, layout=layout_of(args), check=args.check, **options)
    stopped_by = stream.run(classifier)
    return _SIGNALLED + stopped_by if stopped_by else 0
