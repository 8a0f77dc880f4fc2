"""`dixtill finetune`: make a teacher of a pretrained transformer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .. import limits
from ..escapes import printable
from ..whole_file import check_folder
from .corpus_arguments import add_training_arguments, read_training
from .number_argument import add_number

if TYPE_CHECKING:
    from ..distillation.fine_tuning.trainer import FinetuneConfig

_EXAMPLES = """\
examples:
  dixtill finetune --base my-encoder --train train.csv --valid valid.csv --out my-teacher
  dixtill finetune --base my-encoder --train train.csv --out my-teacher \\
      --labels bearish,bullish,neutral --exclude test.csv

A run that was stopped goes on from its last epoch, in OUT.unfinished, given the same arguments.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "finetune",
        help="make a teacher of a pretrained transformer (resumable)",
        description="Fine-tune an encoder or a decoder on labelled texts, keep the epoch with the\n"
        "best macro-F1 on the validation texts, and save it in Hugging Face form.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--base", required=True, metavar="DIR_OR_NAME", help="a pretrained Hugging Face model"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the teacher")
    parser.add_argument(
        "--labels",
        metavar="A,B,...",
        help="names of the classes, in order (default: those in --train, sorted)",
    )
    add_training_arguments(parser)
    _add_settings_arguments(parser)
    parser.set_defaults(run=run)


def _add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to train")
    add_number(group, "--epochs", limits.COUNT, default=3, metavar="N", help="(default: 3)")
    add_number(
        group,
        "--learning-rate",
        limits.POSITIVE,
        default=5e-5,
        metavar="RATE",
        help="(default: 5e-5)",
    )
    add_number(
        group,
        "--head-learning-rate-factor",
        limits.POSITIVE,
        default=1.0,
        metavar="FACTOR",
        help="learning rate of the head as a multiple of --learning-rate (default: 1)",
    )
    add_number(group, "--batch-size", limits.COUNT, default=32, metavar="N", help="(default: 32)")
    add_number(
        group,
        "--max-length",
        limits.COUNT,
        default=128,
        metavar="TOKENS",
        help="cut longer texts here in training (default: 128)",
    )
    group.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="of the products; bfloat16 is twice as fast where the machine has units for it "
        "(default: float32)",
    )
    group.add_argument(
        "--tensorboard", metavar="DIR", help="also log losses and scores there, for TensorBoard"
    )


def config_of(args: argparse.Namespace) -> FinetuneConfig:
    """The settings that the arguments stand for."""
    from ..distillation.fine_tuning.trainer import FinetuneConfig

    return FinetuneConfig(
        epochs=args.epochs,
        learning_rate=args.learning_rate,
        head_learning_rate_factor=args.head_learning_rate_factor,
        batch_size=args.batch_size,
        max_length=args.max_length,
        seed=args.seed,
        precision=args.precision,
    )


def run(args: argparse.Namespace) -> int:
    """Fine-tune, and print the scores of what was saved."""
    from ..distillation.fine_tuning.finetune import finetune
    from ..distillation.progress.live_table import watched

    inputs = [args.base, args.train, args.valid, args.exclude]
    for folder in filter(None, (args.out, f"{args.out}.unfinished", args.tensorboard)):
        check_folder(folder, inputs)
    labels = tuple(name.strip() for name in args.labels.split(",")) if args.labels else None
    train, valid = read_training(args, labels)
    config = config_of(args)
    with watched(args.tensorboard, lambda metrics: metrics.macro_f1) as watcher:
        scores = finetune(args.base, train, valid, config, Path(args.out), watcher)
    print(
        f"{args.out}: {printable(', '.join(train.label_names))}; on {len(valid)} validation texts "
        f"accuracy {scores.accuracy:.4f}, macro-F1 {scores.macro_f1:.4f}"
    )
    return 0
