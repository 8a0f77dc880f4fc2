"""The arguments by which commands name labelled texts, and what they stand for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..training.corpus import Corpus


def add_corpus_arguments(parser: argparse.ArgumentParser) -> None:
    """`--text-column` and `--label-column`."""
    parser.add_argument(
        "--text-column", default="text", metavar="NAME", help="column of the text (default: text)"
    )
    parser.add_argument(
        "--label-column",
        default="label",
        metavar="NAME",
        help="column of the label, a name or an index (default: label)",
    )


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """`--train`, `--valid`, `--holdout`, `--exclude`, `--seed`, and the columns."""
    parser.add_argument(
        "--train",
        required=True,
        metavar="DATA",
        help="labelled training texts: a CSV file, or hub:NAME[[:CONFIG]:SPLIT], a data set of the "
        "Hugging Face hub or a folder of one; so the next two",
    )
    parser.add_argument(
        "--valid",
        metavar="DATA",
        help="labelled texts that choose the best epoch (default: held out of --train)",
    )
    parser.add_argument(
        "--holdout",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="share of --train to hold out where --valid is not given (default: 0.1)",
    )
    parser.add_argument(
        "--exclude",
        metavar="DATA",
        help="texts that must not be trained on, such as a test set: their copies are left out",
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: 0)")
    add_corpus_arguments(parser)


def read(args: argparse.Namespace, path: str, labels: tuple[str, ...] | None) -> Corpus:
    """The labelled texts in `path`, or of the data set of the hub that it names."""
    from ..training.corpus import read_corpus

    return read_corpus(path, labels, args.text_column, args.label_column)


def read_training(
    args: argparse.Namespace, labels: tuple[str, ...] | None
) -> tuple[Corpus, Corpus]:
    """Training and validation texts; the held-out ones do not depend on `--seed`."""
    train = read(args, args.train, labels)
    if args.exclude:
        train = train.without(read(args, args.exclude, train.label_names))
    if args.valid:
        return train, read(args, args.valid, train.label_names)
    return train.split(args.holdout, seed=0)
