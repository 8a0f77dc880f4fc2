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
# None means that the argument was not given; Stream has the defaults.
_NAMES = (
    "output", "output_format", "csv_guard", *_LAYOUT, "text_column", "words", "strict"
)  # fmt: skip
_SIGNALED = 128  # a shell reports a signal as 128 plus its number


def add_file_arguments(
    parser: argparse.ArgumentParser, given: argparse._MutuallyExclusiveGroup
) -> None:
    """Add `--input`, which excludes texts, and the arguments that belong to it."""
    given.add_argument(
        "--input",
        metavar="FILE",
        help="answer each row of a .csv, .tsv, .jsonl, .parquet or .txt file; - is standard input",
    )
    files = parser.add_argument_group(
        "files and pipes", "Rows keep their order and fields; the answers add new fields."
    )
    files.add_argument(
        "--output",
        metavar="FILE",
        help="a .jsonl, .csv or .parquet file, or a named pipe; - (default) is standard output, "
        "which gets JSON lines unless --output-format says otherwise",
    )
    files.add_argument(
        "--output-format",
        choices=FORMATS,
        help="format of the output (default: what its name says)",
    )
    files.add_argument(
        "--csv-guard",
        action="store_true",
        default=None,
        help="put an apostrophe before CSV cells that a spreadsheet could read as a formula",
    )
    add_table_arguments(files, text_column=None)
    files.add_argument(
        "--words",
        action=argparse.BooleanOptionalAction,
        help="write each word with its span and weight (default: yes)",
    )
    files.add_argument(
        "--strict",
        action="store_true",
        default=None,
        help="end at the first row that cannot be answered; by default, such rows are reported "
        "and skipped",
    )


def check_no_file_arguments(args: argparse.Namespace) -> None:
    """Raise InputError if an argument that needs `--input` was given without it."""
    names = [f"--{name.replace('_', '-')}" for name in _given(args)]
    if args.words is False:
        names[names.index("--words")] = "--no-words"
    if names:
        raise InputError(
            f"{', '.join(names)}: only for files and pipes; use --input FILE instead of TEXT"
        )


def _given(args: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name in _NAMES if (value := getattr(args, name)) is not None}


def answer_file(args: argparse.Namespace, classifier: Classifier) -> int:
    """Answer the rows; return 0, or 130 or 143 if SIGINT or SIGTERM ended the run."""
    from ..streams.stream import Stream

    options = {name: value for name, value in _given(args).items() if name not in _LAYOUT}
    stream = Stream(
        input=args.input, layout=layout_of(args), check=args.check, label=args.label, **options
    )
    stopped_by = stream.run(classifier)
    return _SIGNALED + stopped_by if stopped_by else 0
