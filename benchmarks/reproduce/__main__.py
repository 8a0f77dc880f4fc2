"""Makes the measurements that a study's folder lacks, and says how long the rest will take.

python -m benchmarks.reproduce --dataset tfns --teacher DIR --train train.csv --test valid.csv \\
    --attributions DIR --out DIR --seeds 5
python -m benchmarks.reproduce.report DIR... --out DIR
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from time import perf_counter

import torch

from benchmarks.reproduce.methods import METHODS, WITH_REAL_TEXTS
from benchmarks.reproduce.results import claim, read, write
from benchmarks.reproduce.study import Step, Study, StudySettings
from dixtill.distillation.teacher.loading.checkpoint import quiet_transformers
from dixtill.errors import DixtillError


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.unlabeled is None and WITH_REAL_TEXTS.keys() & set(arguments.methods):
        parser.error(f"{', '.join(WITH_REAL_TEXTS)} learn from the texts of --unlabeled")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(arguments.threads)
    settings = StudySettings(
        **{field.name: getattr(arguments, field.name) for field in fields(StudySettings)}
    )
    try:
        with quiet_transformers():
            study = Study(settings)
            claim(settings.out, study.record)
            steps = [step for step in study.steps() if _is_wanted(step, arguments.methods)]
            _run(steps, settings.out, arguments.only, arguments.plan)
    except DixtillError as error:
        sys.exit(f"error: {error}")


def _is_wanted(step: Step, methods: Sequence[str]) -> bool:
    """Return whether a measurement is wanted: students only of the `methods`, if any are named."""
    is_of_student = step.key.kind in ("student", "explanations")
    return not (methods and is_of_student) or step.key.name in methods


def _run(steps: Sequence[Step], out: Path, only: Sequence[str], plan: bool) -> None:
    """Make the missing measurements, only those of the kinds in `only` if it names any."""
    wanted = [step for step in steps if not only or step.key.kind in only]
    missing = [step for step in wanted if read(out, step.key) is None]
    print(f"{len(wanted) - len(missing)} of {len(wanted)} measurements are there", flush=True)
    for done, step in enumerate(missing):
        if read(out, step.key) is not None:
            continue  # another process made it in the meantime
        print(f"left: {_foreseen(missing[done:], steps, out)}", flush=True)
        if plan:
            return
        print(f"now: {step.key.stem}", flush=True)
        start = perf_counter()
        content = step.run()
        write(out, step.key, {**content, "seconds": perf_counter() - start})


def _foreseen(missing: Sequence[Step], steps: Sequence[Step], out: Path) -> str:
    """Return an estimate of the time left, from the median of finished steps of the same kind."""
    known: dict[str, list[float]] = defaultdict(list)
    for step in steps:
        if (content := read(out, step.key)) is not None:
            known[step.key.kind].append(content["seconds"])
    counts: dict[str, int] = defaultdict(int)
    for step in missing:
        counts[step.key.kind] += 1
    total, parts = 0.0, []
    for kind, count in counts.items():
        usual = statistics.median(known[kind]) if known[kind] else None
        total += count * (usual or 0.0)
        parts.append(f"{count} {kind} of {'unknown time' if usual is None else f'{usual:.0f} s'}")
    at_least = "" if all(known[kind] for kind in counts) else "at least "
    return f"{at_least}{total / 60:.1f} min ({', '.join(parts)})"


def _arguments(text: str) -> tuple[str, ...]:
    return tuple(shlex.split(text))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reproduce", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--dataset", required=True, help="its name in the report")
    for name in ("--teacher", "--train", "--test", "--attributions", "--out"):
        parser.add_argument(name, required=True, type=Path)
    parser.add_argument(
        "--unlabeled", metavar="PATH",
        help="texts without labels; students that learn from them too join the study",
    )  # fmt: skip
    parser.add_argument(
        "--perturbed", type=int, metavar="N",
        help="number of perturbed texts, for methods that use them (default: that of dixtill "
        "distill); fewer for a large teacher",
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, default=5, help="of each method (default: 5)")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (default: 1)")
    parser.add_argument(
        "--explained-with", type=_arguments, default=(), metavar="ARGUMENTS",
        help='those of `dixtill attribute` that made the attributions, such as "--steps 8"; '
        "test texts are explained by its defaults",
    )  # fmt: skip
    parser.add_argument("--epochs", type=int, help="of each student, for a quick look")
    parser.add_argument(
        "--explained", dest="num_explained", type=int, metavar="N",
        help="test texts whose explanations are measured (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--timed", dest="num_timed", type=int, default=200, metavar="N",
        help="test texts that are timed (default: 200)",
    )  # fmt: skip
    parser.add_argument("--only", nargs="+", default=[], metavar="KIND", help="steps of a kind")
    parser.add_argument(
        "--methods", nargs="+", default=[], choices=[*METHODS, *WITH_REAL_TEXTS],
        metavar="METHOD",
        help="students of these alone (default: of all)",
    )  # fmt: skip
    parser.add_argument("--plan", action="store_true", help="say what is left, and do nothing")
    return parser


if __name__ == "__main__":
    main()
