"""The arguments of `dixtill distill`; arguments shared with other commands are imported."""

from __future__ import annotations

import argparse
from functools import cache
from typing import get_args

from ..distillation.config import CourseSettings, DistillConfig, EmbeddingBits
from .attribute import add_settings_arguments
from .corpus_arguments import add_training_arguments
from .setting_argument import add_setting
from .teacher_arguments import add_teacher_arguments


def add_distill_arguments(parser: argparse.ArgumentParser) -> None:
    """Add all arguments; those of the method and the student are None unless given."""
    _add_file_arguments(parser)
    add_training_arguments(parser)
    add_course_arguments(parser)


def add_course_arguments(parser: argparse.ArgumentParser, is_searched: bool = False) -> None:
    """Add the arguments of what a student learns from, of the student, and of its training.

    If it is searched, what a search chooses by itself is not in the help.
    """
    method = parser.add_argument_group("what the student learns from")
    _add_answer_arguments(method)
    _add_explanation_arguments(method)
    _add_text_arguments(method)
    _add_student_arguments(parser, is_searched)
    add_settings_arguments(parser)


def _add_file_arguments(parser: argparse.ArgumentParser) -> None:
    add_teacher_arguments(parser)
    parser.add_argument("--out", required=True, metavar="FILE", help="the student's .safetensors")
    parser.add_argument(
        "--run",
        dest="run_folder",
        metavar="DIR",
        help="folder for config, metrics and checkpoint (default: FILE.run)",
    )
    add_stored_arguments(parser)
    add_setting(
        parser,
        CourseSettings,
        "label_precision",
        metavar="SHARE",
        help="of several labels, choose each threshold so that this share of the texts that get "
        "the label have it (default: the best F1)",
    )
    parser.add_argument(
        "--no-report",
        dest="report",
        action="store_false",
        help="do not write report.html into the run folder",
    )
    parser.add_argument(
        "--tensorboard", metavar="DIR", help="also log losses and scores there, for TensorBoard"
    )


def add_stored_arguments(parser: argparse.ArgumentParser, is_searched: bool = False) -> None:
    """Add `--attributions` and `--embedding-bits`, which has no default if it is searched."""
    parser.add_argument(
        "--attributions",
        metavar="DIR",
        help="folder of the teacher's attributions and answers; missing ones are added "
        "(default: in the run folder)",
    )
    parser.add_argument(
        "--embedding-bits",
        type=int,
        choices=get_args(EmbeddingBits),
        default=None if is_searched else CourseSettings.embedding_bits,
        help="bits per value of the piece vectors, which make up most of the file"
        + ("" if is_searched else " (default: %(default)s)"),
    )


def _add_answer_arguments(group: argparse._ArgumentGroup) -> None:
    add_setting(
        group,
        DistillConfig,
        "method",
        help="what to learn: answers and explanations (dixtill, the default), the same with the "
        "published losses (dixtill-paper; for the published attributions add --layer "
        "word_embeddings --output probability --steps 50), answers alone (kl, mse), or labels "
        "alone (none); the defaults below are those of dixtill",
    )
    _add(group, "alpha", "weight of the teacher against the labels ({default})", "A")
    _add(
        group,
        "temperature",
        "softens both models' answers ({default}; published: {published})",
        "T",
    )
    _add(group, "kl", "1 - exp(-KL), as published, or KL itself (default)")
    _add(
        group,
        "hint_weight",
        "weight of the loss of predicting the teacher's states, at the beginning of the training; "
        "it falls to 0 (default: {default}; try 15 for a strong teacher)",
        "W",
    )


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
        "align the explanations of all classes (default), or only of the teacher's class, as "
        "published",
    )
    _add(
        group,
        "explanation_weight",
        "weight of the explanation loss relative to the answer loss, for the methods dixtill and "
        "dixtill-paper ({default}; published: {published})",
        "W",
    )
    _add(
        group,
        "merge",
        "how the attributions of a word's tokens become one (default: {default}; published: "
        "{published})",
    )
    _add(
        group,
        "max_explained",
        "have the teacher explain at most this many training texts, drawn at random ({default}; "
        "published: all); with 0, for a teacher that is too large to explain, the words' weights "
        "are trained by additivity alone",
        "N",
    )
    _add(
        group,
        "additivity",
        "weight of the loss that makes a word's weight equal the effect of leaving the word out "
        "({default}; with raw scores {published})",
        "W",
    )


def _add_text_arguments(group: argparse._ArgumentGroup) -> None:
    _add(
        group,
        "perturbed",
        "number of made-up texts for the teacher to answer (default: as many as bring all texts to "
        "about three million words, and at most 100 per training text; {published} for other "
        "methods); a small number needs more epochs and smaller batches",
        "N",
    )
    _add(
        group,
        "teaching",
        "which texts teach more: none ({default}, the default), those on which student and teacher "
        "differ most come more often (worst), or a small network learns weights of texts on a "
        "tenth of the labeled ones, which are held out for it (learned)",
    )
    _add(
        group,
        "class_weight",
        "balanced lets the texts of each class count as much in all, or of several labels those "
        "with the same rarest one ({default})",
    )
    group.add_argument(
        "--unlabeled",
        metavar="PATH",
        help="more texts for the teacher to answer: CSV, TSV, JSON lines, Parquet, lines of text, "
        "a folder of those, or hub:NAME[[:CONFIG]:SPLIT]",
    )


def _add_student_arguments(parser: argparse.ArgumentParser, is_searched: bool) -> None:
    group = parser.add_argument_group(
        "the student and its training",
        "Defaults are in parentheses; a second one applies without perturbed texts.",
    )
    _add(group, "epochs", "passes over all texts ({default}; {unperturbed})", "N")
    _add(group, "patience", "stop after this many epochs without improvement ({default})", "N")
    _add(group, "batch_size", "texts per step ({default}; {unperturbed})", "N")
    _add(group, "learning_rate", "highest learning rate ({default}; {unperturbed})", "X")
    _add(group, "dropout", "dropout of piece vectors and states ({default}; {unperturbed})", "P")
    _add(
        group,
        "cell",
        "what reads the pieces: lstm (default), gru, which has three gates instead of four, or "
        "linear, whose contributions are exact through the recurrence",
    )
    _add(
        group,
        "directions",
        "read a text in both directions (2, default), or only forward (1), in less time",
        "{1,2}",
    )
    _add(group, "embedding_dim", "width of a piece's vector ({default})", "N")
    _add(group, "hidden_dim", "units of the cell per direction ({default})", "N")
    _add(group, "attention_dim", "attention units ({default})", "N")
    group.add_argument(
        "--null-score",
        action=argparse.BooleanOptionalAction,
        help="let attention go to no piece, so that a word's share depends less on the number "
        "of other words (default; published: --no-null-score)",
    )
    _add(group, "max_pieces", "cut texts after this many pieces ({default})", "N")
    if is_searched:
        group.add_argument("--max-bytes", help=argparse.SUPPRESS)  # which a search refuses
        return
    _add(
        group,
        "max_bytes",
        "leave out rare pieces, so that the student's file has at most this many bytes with piece "
        "vectors of 4 bits ({default})",
        "N",
    )


@cache
def _other_defaults() -> dict[str, DistillConfig]:
    """Return the settings that have defaults of their own, by their place in a help text."""
    return {
        "{published}": DistillConfig.of("dixtill-paper"),
        "{unperturbed}": DistillConfig.of("dixtill", perturbed=0),
    }


def _add(
    group: argparse._ArgumentGroup, name: str, help_text: str, metavar: str | None = None
) -> None:
    """Add an option for a setting of DistillConfig whose default is the method's own."""
    for place, config in _other_defaults().items():
        value = getattr(config, name)
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        help_text = help_text.replace(place, shown)
    add_setting(
        group, DistillConfig, name, is_method_dependent=True, metavar=metavar, help=help_text
    )
