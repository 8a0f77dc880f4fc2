"""The arguments that name labeled texts, and how to read them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..distillation.config import CourseSettings, DistillConfig
from ..tables import LABEL_COLUMN
from .setting_argument import add_setting
from .table_arguments import add_table_arguments, layout_of

if TYPE_CHECKING:
    from ..distillation.data.corpus import Corpus


LABELED = (  # every form in which labeled texts can be given
    "a CSV, TSV, JSON lines or Parquet file, also with .gz, or hub:NAME[[:CONFIG]:SPLIT]"
)


def add_corpus_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--label-column` and the arguments for the layout of files."""
    add_table_arguments(parser)
    parser.add_argument(
        "--label-column",
        default=LABEL_COLUMN,
        metavar="NAME",
        help=f"column of the labels, either all names or all indices (default: {LABEL_COLUMN})",
    )


def add_training_arguments(parser: argparse.ArgumentParser, is_required: bool = True) -> None:
    """Add `--train`, `--valid`, `--holdout`, `--exclude`, `--seed`, and the columns."""
    parser.add_argument(
        "--train",
        required=is_required,
        metavar="DATA",
        help=f"labeled training texts: {LABELED}, a data set of the Hugging Face hub or a local "
        "folder of one; --valid and --exclude take the same",
    )
    parser.add_argument(
        "--valid",
        metavar="DATA",
        help="labeled texts to choose the best epoch by (default: a part of --train)",
    )
    add_setting(
        parser,
        CourseSettings,
        "holdout",
        metavar="SHARE",
        help="share of --train to hold out if --valid is not given (default: {default})",
    )
    parser.add_argument(
        "--exclude",
        metavar="DATA",
        help="texts that must not be trained on, such as a test set: copies of them are removed "
        "from --train; they need no labels",
    )
    add_setting(parser, DistillConfig, "seed", help="random seed (default: {default})")
    add_corpus_arguments(parser)


def read(args: argparse.Namespace, path: str, labels: tuple[str, ...] | None) -> Corpus:
    """Read the labeled texts of a file or of a data set of the hub."""
    from ..distillation.data.corpus import read_corpus

    return read_corpus(path, labels, args.text_column, args.label_column, layout_of(args))
