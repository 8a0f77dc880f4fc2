"""The arguments of `dixtill distill`; those of other commands too have files of their own."""

from __future__ import annotations

import argparse
from typing import get_args

from ..distillation.config import CourseSettings, DistillConfig, EmbeddingBits
from .attribute import add_settings_arguments
from .corpus_arguments import add_training_arguments
from .setting_argument import add_setting


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
        choices=get_args(EmbeddingBits),
        default=CourseSettings.embedding_bits,
        help="bits of each value of the piece vectors, which are most of the file (default: "
        "%(default)s)",
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
    add_setting(
        group,
        DistillConfig,
        "method",
        help="learn answers and explanations (default), the same by the published losses "
        "(published attributions: --layer word_embeddings --output probability --steps 50), "
        "answers alone by KL or MSE, or labels alone; the defaults below are those of dixtill",
    )
    _add(group, "alpha", "weight of the teacher against the labels ({default})", "A")
    _add(group, "temperature", "softens both answers ({default}; published: {published})", "T")
    _add(group, "kl", "1 - exp(-KL), as published, or KL itself (default)")


def _add_explanation_arguments(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        "explanation",
        "what the student aligns and shows: each word's integrated gradient over a gate in the "
        "attention (default), its exact share of the logit, or the raw attention score, as "
        "published",
    )
    _add(
        group,
        "explained_classes",
        "align the explanations of all classes (default), or of the teacher's class alone, as "
        "published",
    )
    _add(
        group,
        "explanation_weight",
        "weight of the loss of explanations against that of answers, for the methods dixtill and "
        "dixtill-paper ({default}; published: {published})",
        "W",
    )
    _add(
        group,
        "merge",
        "how a word's attributions by token become one (default: {default}; published: "
        "{published})",
    )
    _add(
        group,
        "additivity",
        "weight of the loss that makes a word's weight the effect of leaving it out, by the size "
        "of the text's weights ({default}; with raw scores {published})",
        "W",
    )


def _add_text_arguments(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        "perturbed",
        "made-up texts for the teacher to answer, for each training text ({default})",
        "N",
    )
    group.add_argument(
        "--unlabeled",
        metavar="PATH",
        help="more texts for the teacher to answer: CSV, TSV, JSON lines, Parquet, lines of text, "
        "a folder of those, or hub:NAME[[:CONFIG]:SPLIT]",
    )


def _add_student_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "the student and its training",
        "Defaults in brackets; the second one holds without perturbed texts.",
    )
    _add(group, "epochs", "passes over all texts ({default}; {unperturbed})", "N")
    _add(group, "patience", "stop after this many epochs without a better one ({default})", "N")
    _add(group, "batch_size", "texts in a step ({default}; {unperturbed})", "N")
    _add(group, "learning_rate", "highest learning rate ({default}; {unperturbed})", "X")
    _add(group, "dropout", "dropout of vectors and states ({default}; {unperturbed})", "P")
    _add(group, "embedding_dim", "width of a piece's vector ({default})", "N")
    _add(group, "hidden_dim", "LSTM units of a direction ({default})", "N")
    _add(group, "attention_dim", "attention units ({default})", "N")
    group.add_argument(
        "--null-score",
        action=argparse.BooleanOptionalAction,
        help="let attention go to no piece, so that a word's share depends less on how many "
        "others there are (default; published: --no-null-score)",
    )
    _add(group, "max_pieces", "cut longer texts after this many pieces ({default})", "N")


def _add(
    group: argparse._ArgumentGroup, name: str, help_text: str, metavar: str | None = None
) -> None:
    """An option of DistillConfig whose default is the method's own."""
    for place, config in (
        ("{published}", DistillConfig.of("dixtill-paper")),
        ("{unperturbed}", DistillConfig.of("dixtill", perturbed=0)),
    ):
        value = getattr(config, name)
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        help_text = help_text.replace(place, shown)
    add_setting(
        group, DistillConfig, name, is_method_dependent=True, metavar=metavar, help=help_text
    )
