"""The arguments that name labeled texts, and how to read them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, cast

from ..distillation.config import CourseSettings, DistillConfig, OutputKind
from ..tables import LABEL_COLUMN
from .setting_argument import add_setting
from .table_arguments import add_table_arguments, layout_of

if TYPE_CHECKING:
    from ..distillation.data.corpus import Corpus


LABELED = (  # every form in which labeled texts can be given
    "a CSV, TSV, JSON lines or Parquet file, also with .gz, or hub:NAME[[:CONFIG]:SPLIT]"
)


def add_layout_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--label-column` and the arguments for the layout of files."""
    add_table_arguments(parser)
    parser.add_argument(
        "--label-column",
        default=LABEL_COLUMN,
        metavar="NAME",
        help=f"column of the labels, either all names or all indices (default: {LABEL_COLUMN})",
    )


def add_corpus_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the layout of files, and for other labels than one of a text."""
    add_layout_arguments(parser)
    several = parser.add_mutually_exclusive_group()
    several.add_argument(
        "--label-separator",
        metavar="CHARACTERS",
        help="a text has any number of labels, joined by this, such as '|'; lists in JSON lines, "
        "Parquet and data sets of the hub need no separator",
    )
    several.add_argument(
        "--label-columns",
        metavar="A,B,...",
        type=_names,
        help="a text has any number of labels, each of which has a column of 1 and 0",
    )
    several.add_argument(
        "--numbers",
        action="store_true",
        help="the label column holds numbers to predict, such as ratings, and not classes",
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


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
    parser.add_argument(
        "--weight-column",
        metavar="NAME",
        help="column of --train that says how much each text counts: numbers from 0 on",
    )
    add_setting(parser, DistillConfig, "seed", help="random seed (default: {default})")
    add_corpus_arguments(parser)


def read(
    args: argparse.Namespace, path: str, labels: tuple[str, ...] | None, output: str
) -> Corpus:
    """Read the labeled texts of a file or of a data set of the hub, for a student's output."""
    from ..distillation.data.corpus import read_corpus
    from ..distillation.data.sources import label_layout_of

    label_layout = label_layout_of(read_settings(args), cast(OutputKind, output))
    return read_corpus(path, labels, args.text_column, label_layout, layout_of(args))


def read_settings(args: argparse.Namespace) -> CourseSettings:
    """Return the settings of a course that the arguments give, to read texts with."""
    names = [name for name in CourseSettings.names() if hasattr(args, name)]
    return CourseSettings(**{name: getattr(args, name) for name in names})
