"""`dixtill evaluate`: measure a student's answers on labeled texts."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .. import limits
from ..errors import InputError
from ..escapes import printable
from .corpus_arguments import LABELED, add_corpus_arguments, read
from .number_argument import add_number
from .student_arguments import add_only_familiar, add_student_arguments

if TYPE_CHECKING:
    from ..distillation.data.corpus import Corpus
    from ..distillation.measures.abstention import Abstention, BoolArray
    from ..distillation.measures.calibration_error import FloatArray

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
        "Choose a threshold on validation texts, then measure it on other texts. If texts have\n"
        "several labels, each label is measured at its own threshold; if they have numbers, the\n"
        "mean absolute error and Pearson's correlation are printed.",
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
    """Print the scores: shares in [0, 1], or for numbers an error in their unit."""
    from ..distillation.measures.scores import (
        answers_to,
        familiar_texts,
        label_scores,
        scores_for,
        used_thresholds,
    )
    from ..distillation.progress.metrics import shown_scores
    from ..runtime.classifier import load_classifier

    classifier = load_classifier(args.model, args.kernel, args.threshold, args.only_familiar)
    _check_abstention(args, classifier.output)
    corpus = read(args, args.data, classifier.labels, classifier.output)
    answers = answers_to(classifier, corpus)
    thresholds = used_thresholds(classifier)
    scores = scores_for(corpus.output, corpus.targets, answers, thresholds)
    by_label = thresholds and label_scores(corpus.targets, answers, classifier.labels, thresholds)
    is_familiar = familiar_texts(classifier, corpus) if args.only_familiar else None
    abstention = _abstention(args, answers, corpus, is_familiar)
    if args.json:
        found: dict[str, Any] = {"abstention": asdict(abstention)} if abstention else {}
        found |= {"labels": [asdict(label) for label in by_label]} if by_label else {}
        print(json.dumps({"rows": len(corpus), **asdict(scores), **found}))
        return 0
    print(f"{len(corpus)} texts  {shown_scores(asdict(scores))}")
    for label, threshold in zip(by_label or (), thresholds or (), strict=True):
        print(
            f"{printable(label.label)}: precision {label.precision:.4f}  recall {label.recall:.4f} "
            f" F1 {label.f1:.4f}  {label.rows} texts  threshold {threshold:g}"
        )
    if abstention:
        print(_shown_abstention(abstention))
    return 0


def _check_abstention(args: argparse.Namespace, output: str) -> None:
    """Raise InputError if the options are for one label of a text, and the student gives others."""
    for option, value in (
        ("--target-precision", args.target_precision), ("--only-familiar", args.only_familiar),
    ):  # fmt: skip
        if output != "softmax" and value:
            kind, advice = "a number", ""
            if output == "sigmoid":
                kind = "several labels"
                advice = " (`dixtill distill --label-precision` chooses their thresholds)"
            raise InputError(
                f"{option} measures a student that gives one label, but this one gives {kind}; "
                f"leave it out{advice}"
            )


def _abstention(
    args: argparse.Namespace,
    probabilities: FloatArray,
    corpus: Corpus,
    is_familiar: BoolArray | None,
) -> Abstention | None:
    from ..distillation.measures.abstention import abstention_at, choose_threshold

    if corpus.output != "softmax":
        return None
    if args.target_precision is not None:
        return choose_threshold(args.target_precision, probabilities, corpus.targets, is_familiar)
    if args.threshold is not None or is_familiar is not None:
        return abstention_at(args.threshold or 0.0, probabilities, corpus.targets, is_familiar)
    return None


def _shown_abstention(found: Abstention) -> str:
    if found.precision is None:
        return f"threshold {found.threshold!r}: no text is answered"
    return (
        f"threshold {found.threshold!r}: {found.num_answered} texts are answered (coverage "
        f"{found.coverage:.4f}), {found.precision:.4f} of them correctly (95% interval "
        f"{found.precision_low:.4f} to {found.precision_high:.4f})"
    )
