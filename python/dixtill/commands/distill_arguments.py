"""The arguments of `dixtill distill`; those of other commands too have files of their own."""

from __future__ import annotations

import argparse

from .. import limits
from .attribute import add_settings_arguments
from .corpus_arguments import add_training_arguments
from .number_argument import add_number


def add_distill_arguments(parser: argparse.ArgumentParser) -> None:
    """All arguments; those of the method and the student are None where they are not given."""
    _add_file_arguments(parser)
    add_training_arguments(parser)
    method = parser.add_argument_group("what the student learns from")
    _add_answer_arguments(method)
    _add_explanation_arguments(method)
    _add_text_arguments(method)
    _add_student_arguments(parser)
    add_settings_arguments(parser)


def _add_file_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--teacher", required=True, metavar="DIR_OR_NAME", help="a Hugging Face classifier"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="the student's .safetensors")
    parser.add_argument(
        "--run",
        dest="run_folder",
        metavar="DIR",
        help="folder of config, metrics and checkpoint (default: FILE with .run at its end)",
    )
    parser.add_argument(
        "--attributions",
        metavar="DIR",
        help="stored attributions and answers of the teacher; what is missing is added "
        "(default: in the run folder)",
    )
    parser.add_argument(
        "--embedding-bits",
        type=int,
        choices=(4, 8),
        default=4,
        help="bits of each value of the piece vectors, most of the file (default: 4)",
    )
    parser.add_argument(
        "--no-report",
        dest="report",
        action="store_false",
        help="write no report.html into the run folder",
    )
    parser.add_argument(
        "--tensorboard", metavar="DIR", help="also log losses and scores there, for TensorBoard"
    )


def _add_answer_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--method",
        choices=("dixtill", "dixtill-paper", "kl", "mse", "none"),
        default="dixtill",
        help="answers and explanations (default), the same by the published losses (published "
        "attributions: --layer word_embeddings --output probability --steps 50), answers alone by "
        "KL or MSE, or labels alone; the defaults below are those of dixtill",
    )
    add_number(
        group,
        "--alpha",
        limits.SHARE,
        metavar="A",
        help="weight of the teacher against the labels (0.9)",
    )
    add_number(
        group,
        "--temperature",
        limits.POSITIVE,
        metavar="T",
        help="softens both answers (2; published: 5)",
    )
    group.add_argument(
        "--kl",
        choices=("bounded", "plain"),
        help="1 - exp(-KL), as published, or KL itself (default)",
    )


def _add_explanation_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--explanation",
        choices=("gates", "contributions", "scores"),
        help="what of the student is aligned and shown: each word's integrated gradient over a "
        "gate in the attention (default), its exact share of the logit, or the raw attention "
        "score, as published",
    )
    group.add_argument(
        "--explained-classes",
        choices=("all", "predicted"),
        help="align the explanations of all classes (default), or of the teacher's class alone, "
        "as published",
    )
    add_number(
        group,
        "--explanation-weight",
        limits.NOT_NEGATIVE,
        metavar="W",
        help="weight of the loss of explanations against that of answers, for the methods "
        "dixtill and dixtill-paper (2; published: 1)",
    )
    group.add_argument(
        "--merge",
        choices=("sum", "mean"),
        help="how a word's attributions by token become one (default: sum; published: mean)",
    )
    add_number(
        group,
        "--additivity",
        limits.NOT_NEGATIVE,
        metavar="W",
        help="weight of the loss that makes a word's weight the effect of leaving it out, by the "
        "size of the text's weights (0.25; with raw scores 0)",
    )


def _add_text_arguments(group: argparse._ArgumentGroup) -> None:
    add_number(
        group,
        "--perturbed",
        limits.COUNT_OR_NONE,
        metavar="N",
        help="made texts for the teacher to answer, for each training text (30)",
    )
    group.add_argument(
        "--unlabelled",
        metavar="PATH",
        help="more texts for the teacher to answer: CSV, TSV, JSON lines, Parquet, lines of text, "
        "a folder of those, or hub:NAME[[:CONFIG]:SPLIT]",
    )


def _add_student_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "the student and its training",
        "Defaults in brackets, the second without perturbed texts.",
    )
    add_number(group, "--epochs", limits.COUNT, metavar="N", help="passes over all texts (5; 10)")
    add_number(
        group, "--patience", limits.COUNT, metavar="N", help="epochs without a better one (10)"
    )
    add_number(group, "--batch-size", limits.COUNT, metavar="N", help="texts a step (128; 64)")
    add_number(group, "--learning-rate", limits.POSITIVE, metavar="X", help="highest (3e-3; 2e-3)")
    add_number(group, "--dropout", limits.RATE, metavar="P", help="of vectors, states (0.15; 0.3)")
    add_number(group, "--embedding-dim", limits.WIDTH, metavar="N", help="width of a piece (50)")
    add_number(group, "--hidden-dim", limits.WIDTH, metavar="N", help="LSTM units a direction (50)")
    add_number(group, "--attention-dim", limits.WIDTH, metavar="N", help="attention units (100)")
    group.add_argument(
        "--null-score",
        action=argparse.BooleanOptionalAction,
        help="let attention go to no piece, so that a word's share depends less on how many "
        "others there are (default; published: --no-null-score)",
    )
    add_number(group, "--max-pieces", limits.COUNT, metavar="N", help="longer texts are cut (256)")
