"""`dixtill finetune`: fine-tune a pretrained transformer into a teacher."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from ..distillation.finetune_config import FinetuneConfig
from ..escapes import printable
from ..whole_file import check_folder
from .corpus_arguments import add_training_arguments, read_settings
from .setting_argument import add_setting
from .teacher_arguments import add_labels

_EXAMPLES = """\
examples:
  dixtill finetune --base my-encoder --train train.csv --valid valid.csv --out my-teacher
  dixtill finetune --base my-encoder --train train.csv --out my-teacher \\
      --labels bearish,bullish,neutral --exclude test.csv
  dixtill finetune --base my-encoder --train emotions.csv --out my-teacher \\
      --label-column labels --label-separator "|"
  dixtill finetune --base my-encoder --train reviews.csv --out my-teacher \\
      --label-column stars --numbers

A stopped run resumes from its last epoch, in OUT.unfinished, given the same arguments.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "finetune",
        help="fine-tune a pretrained transformer into a teacher (resumable)",
        description="Fine-tune an encoder or decoder on texts that have one label, several, or a\n"
        "number. Keep the epoch with the best macro-F1 on the validation texts, or the smallest\n"
        "mean absolute error, and save it as a Hugging Face model.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--base", required=True, metavar="DIR_OR_NAME", help="a pretrained Hugging Face model"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the teacher")
    add_labels(parser, "names of the classes, in order (default: those in --train, sorted)")
    add_training_arguments(parser)
    _add_settings_arguments(parser)
    parser.set_defaults(run=run)


def _add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to train")
    for name, metavar, what in (
        ("epochs", "N", "passes over the texts"),
        ("learning_rate", "RATE", "highest learning rate"),
        (
            "head_learning_rate_factor",
            "FACTOR",
            "learning rate of the head, as a multiple of that",
        ),
        ("batch_size", "N", "texts per step"),
        ("max_length", "TOKENS", "cut texts after this many tokens in training"),
        (
            "precision",
            None,
            "precision of matrix products; bfloat16 is twice as fast on supporting hardware",
        ),
        (
            "class_weight",
            None,
            "balanced lets the texts of each class, or of each rarest label, count as much in all",
        ),
    ):
        shown = f"{what} (default: {{default}})"
        add_setting(group, FinetuneConfig, name, metavar=metavar, help=shown)
    group.add_argument(
        "--tensorboard", metavar="DIR", help="also log losses and scores there, for TensorBoard"
    )


def run(args: argparse.Namespace) -> int:
    """Fine-tune, and print the scores of the saved teacher."""
    from ..distillation.data.sources import read_course_texts
    from ..distillation.fine_tuning.finetune import finetune
    from ..distillation.progress.live_table import watched
    from ..distillation.progress.metrics import scores_of_epoch, shown_scores

    inputs = [args.base, args.train, args.valid, args.exclude]
    for folder in filter(None, (args.out, f"{args.out}.unfinished", args.tensorboard)):
        check_folder(folder, inputs)
    train, valid, _ = read_course_texts(args.train, args.valid, args.labels, read_settings(args))
    given = {name: getattr(args, name) for name in FinetuneConfig.names() if hasattr(args, name)}
    config = FinetuneConfig(**given)
    with watched(args.tensorboard) as watcher:
        scores = finetune(args.base, train, valid, config, Path(args.out), watcher)
    print(
        f"{args.out}: {printable(', '.join(train.label_names))}; on {len(valid)} validation texts "
        f"{shown_scores(scores_of_epoch(asdict(scores)), ', ')}"
    )
    return 0
