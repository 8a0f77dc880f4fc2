"""`dixtill distill`: distill a student from a teacher and write its model file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..distillation.config import AttributionSettings, CourseSettings, DistillConfig
from ..escapes import printable
from ..standard_streams import say
from ..whole_file import check_folder
from .distill_arguments import add_distill_arguments

_EXAMPLES = """\
examples:
  dixtill distill --teacher my-bert --train train.csv --valid valid.csv --out student.safetensors
  dixtill distill --teacher my-bert --train train.csv --out student.safetensors \\
      --method dixtill-paper --seed 1 --attributions attributions

A stopped run resumes from its last epoch; the same seed gives the same file. A finished run is not
trained again: to write its student with other --embedding-bits, repeat the command with them.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "distill",
        help="distill a student from a teacher (resumable)",
        description="Train a self-explaining student on a teacher's answers and attributions, and\n"
        "write it as one int8 .safetensors file.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_distill_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Distill, and print the scores."""
    from ..distillation.progress.live_table import watched
    from ..distillation.progress.metrics import shown_scores

    if args.tensorboard:
        inputs = (args.teacher, args.train, args.valid, args.exclude, args.unlabeled)
        check_folder(args.tensorboard, filter(None, inputs))
    with watched(args.tensorboard) as watcher:
        with watcher.stage("loading PyTorch"):
            from ..distillation.course import distill
        result = distill(
            args.teacher,
            args.train,
            args.valid,
            out=args.out,
            watcher=watcher,
            **course_settings(args),
        )
    for name, scores in (("float32", result.float_scores), ("int8", result.scores)):
        print(f"{name:>8}  {shown_scores(asdict(scores))}")
    num_parameters = result.model.parameters.shape.num_parameters
    print(f"{result.path}: {result.path.stat().st_size:,} bytes, {num_parameters:,} parameters")
    if result.report:
        print(f"{result.report}: curves, errors, calibration and explained examples")
    elif result.report_error:
        page = result.run_folder / "report.html"
        reason = printable(result.report_error)
        say(f"dixtill: {result.path} is whole, but {page} could not be written: {reason}")
    return 0


def settings_from(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the settings that the arguments give, by their names in Python.

    >>> settings_from(["--method", "kl", "--epochs", "2"])["epochs"]
    2
    """
    parser = argparse.ArgumentParser()
    add_distill_arguments(parser)
    paths = ("--teacher", "", "--train", "", "--out", "")
    return course_settings(parser.parse_args([*paths, *arguments]))


def course_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were given; the others are the method's own."""
    kinds = (DistillConfig, AttributionSettings, CourseSettings)
    names = [name for kind in kinds for name in kind.names()]
    return {name: getattr(args, name) for name in names if getattr(args, name, None) is not None}
