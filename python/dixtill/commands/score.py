"""`dixtill score`: answer all texts of a file or folder with a student."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from .. import limits
from ..standard_streams import is_terminal, say
from .cluster_arguments import add_cluster_arguments, pool_on_cluster
from .number_argument import add_number
from .student_arguments import add_student_arguments, student_of
from .table_arguments import add_table_arguments, layout_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..bulk.scores import ScoreSummary, Scoring

_EXAMPLES = """\
examples:
  dixtill score --data tweets.csv --out scores
  dixtill score --data tweets/ --out scores --model my.safetensors --words
  dixtill score --data tweets/ --out scores --ray

DIR gets Parquet files whose names sort in the order of the data. They hold the columns of the
data, then predicted_label, probability_LABEL for each label, truncated (the text was longer than
the student reads), unknown_share (the share of pieces that the student does not know) and
familiarity (how much the text is like those that the student learned from, if it can tell). A
stopped run resumes where it was.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "score",
        help="label all texts of a file or folder (resumable)",
        description="Answer every text of a CSV, TSV, JSON lines, Parquet or text file, or of a\n"
        "folder of these, with a student, and write the answers beside the original columns.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", required=True, metavar="PATH", help="the texts to answer")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the answers")
    add_student_arguments(parser)
    add_table_arguments(parser)
    parser.add_argument(
        "--words", action="store_true", help="add a column words: each word, its span and weight"
    )
    add_number(
        parser,
        "--rows-per-file",
        limits.COUNT,
        default=16384,
        metavar="N",
        help="maximum number of rows per output file, the unit of work (default: 16384)",
    )
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score the texts that are not scored yet, and print how many there were."""
    from ..bulk.scores import ScoreSummary, Scoring
    from ..errors import InputError

    scoring = Scoring(
        data=Path(args.data).absolute(),
        out=Path(args.out).absolute(),
        model=Path(student_of(args)).absolute(),
        kernel=args.kernel,
        text_column=args.text_column,
        words=args.words,
        rows_per_file=args.rows_per_file,
        layout=layout_of(args),
    )
    start, done = perf_counter(), ScoreSummary(0, 0)
    for done in _progress(args, scoring):
        if is_terminal(sys.stderr):
            say(f"\r{sum(done):,} texts ", end="")
    if is_terminal(sys.stderr):
        say("")
    if not sum(done):
        raise InputError(f"{args.data} has no rows")
    print(
        f"{args.out}: {done.computed:,} texts scored, {done.reused:,} already there; "
        f"{perf_counter() - start:.1f} s"
    )
    return 0


def _progress(args: argparse.Namespace, scoring: Scoring) -> Iterator[ScoreSummary]:
    if args.ray is None:
        yield from scoring.run()
        return
    with pool_on_cluster(args, gpu=False) as pool:
        from ..bulk import ray_scores

        yield from ray_scores.run(scoring, pool)
