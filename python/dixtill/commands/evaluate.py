"""`dixtill evaluate`: measure a student's accuracy, macro-F1 and calibration on labeled texts."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from .. import limits
from .corpus_arguments import LABELED, add_corpus_arguments, read
from .number_argument import add_number
from .student_arguments import add_only_familiar, add_student_arguments

if TYPE_CHECKING:
    from ..distillation.data.corpus import Corpus
    from ..distillation.measures.abstention import Abstention, BoolArray
    from ..distillation.measures.calibration_error import FloatArray
    from ..distillation.measures.scores import Scores

_EXAMPLES = """\
examples:
  dixtill evaluate --data valid.csv
  dixtill evaluate --model my.safetensors --data valid.csv --json
  dixtill evaluate --data valid.csv --target-precision 0.95
  dixtill evaluate --data test.csv --threshold 0.87 --only-familiar
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure accuracy, macro-F1 and calibration of a student",
        description="Compare a student's labels with those of the data. The calibration error\n"
        "(ECE, 15 bins) says how far its probabilities are from the share of right labels.\n"
        "Choose a threshold on validation texts, then measure it on other texts.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data",
        required=True,
        metavar="DATA",
        help=f"labeled texts: {LABELED}",
    )
    add_student_arguments(parser)
    group = parser.add_mutually_exclusive_group()
    add_number(
        group,
        "--target-precision",
        limits.PRECISION,
        metavar="SHARE",
        help="print the threshold that answers the most texts with this share of right labels",
    )
    add_number(
        group,
        "--threshold",
        limits.PROBABILITY,
        metavar="P",
        help="print coverage and precision if labels of lower probability are withheld",
    )
    add_only_familiar(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_corpus_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the scores as shares in [0, 1]."""
    from ..distillation.measures.scores import familiar_texts, probabilities_of, scores_of
    from ..runtime.classifier import load_classifier

    classifier = load_classifier(args.model, args.kernel, args.threshold, args.only_familiar)
    corpus = read(args, args.data, classifier.labels)
    probabilities = probabilities_of(classifier, corpus)
    scores = scores_of(corpus.labels, probabilities)
    is_familiar = familiar_texts(classifier, corpus) if args.only_familiar else None
    abstention = _abstention(args, probabilities, corpus, is_familiar)
    if args.json:
        found = {"abstention": asdict(abstention)} if abstention else {}
        print(json.dumps({"rows": len(corpus), **asdict(scores), **found}))
        return 0
    print(f"{len(corpus)} texts  {shown(scores)}")
    if abstention:
        print(_shown_abstention(abstention))
    return 0


def _abstention(
    args: argparse.Namespace,
    probabilities: FloatArray,
    corpus: Corpus,
    is_familiar: BoolArray | None,
) -> Abstention | None:
    from ..distillation.measures.abstention import abstention_at, choose_threshold

    if args.target_precision is not None:
        return choose_threshold(args.target_precision, probabilities, corpus.labels, is_familiar)
    if args.threshold is not None or is_familiar is not None:
        return abstention_at(args.threshold or 0.0, probabilities, corpus.labels, is_familiar)
    return None


def _shown_abstention(found: Abstention) -> str:
    if found.precision is None:
        return f"threshold {found.threshold!r}: no text is answered"
    return (
        f"threshold {found.threshold!r}: {found.num_answered} texts are answered (coverage "
        f"{found.coverage:.4f}), {found.precision:.4f} of them correctly (95% interval "
        f"{found.precision_low:.4f} to {found.precision_high:.4f})"
    )


def shown(scores: Scores) -> str:
    """Format scores for a person, on one line."""
    return (
        f"accuracy {scores.accuracy:.4f}  macro-F1 {scores.macro_f1:.4f}  "
        f"ECE {scores.calibration_error:.4f}"
    )
