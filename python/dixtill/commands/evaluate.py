"""`dixtill evaluate`: accuracy, macro-F1 and calibration of a student on labelled texts."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from .corpus_arguments import add_corpus_arguments, read

if TYPE_CHECKING:
    from ..training.evaluate import Scores

_EXAMPLES = """\
examples:
  dixtill evaluate --data valid.csv
  dixtill evaluate --model my.safetensors --data valid.csv --json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="accuracy, macro-F1 and calibration of a student",
        description="Compare a student's labels with those of a CSV file. The calibration error\n"
        "(ECE, 15 bins) is how far its probabilities are from the share of right labels.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", required=True, metavar="CSV", help="labelled texts")
    parser.add_argument(
        "--model", metavar="FILE", help="a student's .safetensors (default: the one that ships)"
    )
    parser.add_argument(
        "--kernel", metavar="NAME", help="the instruction set to use (see `dixtill info`)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_corpus_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the scores as shares in [0, 1]."""
    from .. import load
    from ..training.evaluate import score_classifier

    classifier = load(args.model, args.kernel)
    corpus = read(args, args.data, classifier.labels)
    scores = score_classifier(classifier, corpus)
    if args.json:
        print(json.dumps({"rows": len(corpus), **asdict(scores)}))
    else:
        print(f"{len(corpus)} texts  {shown(scores)}")
    return 0


def shown(scores: Scores) -> str:
    """Scores for a person, on one line."""
    return (
        f"accuracy {scores.accuracy:.4f}  macro-F1 {scores.macro_f1:.4f}  "
        f"ECE {scores.calibration_error:.4f}"
    )
