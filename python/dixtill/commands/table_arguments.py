"""The arguments for the layout of input tables, the same for every command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..tables import FORMATS, TEXT_COLUMN

if TYPE_CHECKING:
    from ..tables.table import Layout


def add_table_arguments(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, text_column: str | None = TEXT_COLUMN
) -> None:
    """Add `--text-column`, `--input-format` and `--delimiter`."""
    parser.add_argument(
        "--text-column",
        default=text_column,
        metavar="NAME",
        help=f"column or field of the text (default: {TEXT_COLUMN})",
    )
    parser.add_argument(
        "--input-format",
        choices=FORMATS,
        help="format of the input (default: what the file name says; jsonl for standard input)",
    )
    parser.add_argument(
        "--delimiter",
        metavar="CHARACTER",
        help="what separates the fields of CSV and TSV, such as ';' or tab (default: a comma in "
        "CSV, a tab in TSV)",
    )


def layout_of(args: argparse.Namespace) -> Layout:
    """Return the layout that `--input-format` and `--delimiter` give.

    Raises:
        InputError: the delimiter cannot separate fields.
    """
    from ..tables.table import Layout

    return Layout(args.input_format, args.delimiter)
