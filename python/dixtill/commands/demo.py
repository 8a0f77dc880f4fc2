"""`dixtill demo`: run the whole course on generated reviews."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import limits
from ..errors import InputError
from ..standard_streams import say
from ..whole_file import check_folder
from .number_argument import add_number

_EXAMPLES = """\
examples:
  dixtill demo
  dixtill demo --out demo
  dixtill infer --model demo/dixtill.safetensors "The handle is not good." "Ottimo, ma fragile."
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "demo",
        help="run the whole course on generated reviews, offline, in minutes",
        description="Generate product reviews in English and Italian, train a small teacher on\n"
        "them, explain it, distill students by each method, and print how they compare.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="keep reviews, teacher, attributions and students here (default: keep nothing)",
    )
    add_number(parser, "--seed", limits.SEED, default=0, help="random seed (default: 0)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="use few reviews and epochs: takes seconds, but the models are poor",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demo in `--out` or a temporary folder, and print its report."""
    from ..demo.pipeline import DemoSettings, run_demo
    from ..demo.report import report

    settings = DemoSettings(seed=args.seed)
    if args.quick:
        settings = DemoSettings(200, 120, 60, 100, 10, 1, 1, args.seed)
    with _folder(args.out) as folder:
        print(report(run_demo(folder, settings, _clocked())))
    return 0


@contextmanager
def _folder(out: str | None) -> Iterator[Path]:
    """Give the folder `out`, which must be new or empty, or a temporary one."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="dixtill-demo-") as temporary:
            yield Path(temporary)
        return
    folder = Path(out)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(f"{out} exists already; choose another output folder or delete it")
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


def _clocked() -> Callable[[str], None]:
    """Return a function that prints a line to standard error with the seconds since the start."""
    start = time.monotonic()
    return lambda line: say(f"[{time.monotonic() - start:5.1f} s] {line}")
