"""`dixtill search`: search for students, and pick one of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..architecture_search.points import Front, Pick
from ..architecture_search.quantities import shown_bytes
from ..architecture_search.settings import OBJECTIVES, SearchSettings
from ..errors import InputError
from ..whole_file import check_file, write_whole
from .cluster_arguments import add_cluster_arguments
from .corpus_arguments import add_training_arguments
from .distill import course_settings
from .distill_arguments import add_course_arguments, add_stored_arguments
from .number_argument import add_number
from .teacher_arguments import add_teacher_arguments

if TYPE_CHECKING:
    from ..architecture_search.search import SearchResult

_EXAMPLES = """\
examples:
  dixtill search --teacher my-bert --train train.csv --max-size 200kB --max-time 5us --budget 2h
  dixtill search --pick knee --out student.safetensors
  dixtill search --teacher my-bert --train train.csv --objectives fidelity,size --trials 90 --ray

A stopped search resumes, and ends with the same front if no measured time or energy is an
objective or a limit. What breaks a limit is not trained. Options of `dixtill distill` that are
given hold for all students; the others that shape a student are searched.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "search",
        help="search for small and fast students (resumable)",
        description="Search for students on the front of several objectives, such as fidelity to\n"
        "the teacher, size and time, and pick one of them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_teacher_arguments(parser, is_required=False)
    parser.add_argument(
        "--folder",
        default="search",
        metavar="DIR",
        help="folder of the search, its students and its page (default: search)",
    )
    parser.add_argument(
        "--pick",
        choices=get_args(Pick),
        help="choose one student of the front: the nearest to the best of every objective (knee), "
        "or the best in one respect; without --train, of an earlier search",
    )
    parser.add_argument("--out", metavar="FILE", help="where to copy the picked student")
    _add_search_arguments(parser)
    add_training_arguments(parser, is_required=False)
    add_stored_arguments(parser, is_searched=True)
    add_course_arguments(parser, is_searched=True)
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def _add_search_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to search for, and how long")
    group.add_argument(
        "--objectives",
        metavar="NAMES",
        help=f"what to make large or small, from {', '.join(OBJECTIVES)} (default: "
        f"{','.join(SearchSettings.objectives)})",
    )
    group.add_argument("--max-size", metavar="SIZE", help="of a student's file, such as 200kB")
    group.add_argument("--max-time", metavar="TIME", help="for a text, such as 5us")
    group.add_argument(
        "--budget",
        metavar="TIME",
        help="begin no generation that would end after this time of all runs, such as 2h",
    )
    for name, metavar, help_text in (
        ("trials", "N", "propose this many students (default without --budget: 36)"),
        ("generation", "N", "propose so many students before any of them is trained ({default})"),
        ("short_epochs", "N", "epochs of the short course that every student takes ({default})"),
        ("workers", "N", "processes that train on this machine ({default})"),
    ):
        default = SearchSettings.default(name)
        add_number(
            group,
            f"--{name.replace('_', '-')}",
            SearchSettings.LIMITS[name],
            metavar=metavar,
            help=help_text.replace("{default}", f"default: {default}"),
        )


def run(args: argparse.Namespace) -> int:
    """Search, if texts are given, and pick a student, if asked to."""
    _check(args)
    folder = Path(args.folder)
    if args.train:
        _print(_search(args))
    if args.pick:
        front = Front.read(folder)
        point = front.pick(args.pick)
        content = (folder / point.file).read_bytes()
        write_whole(Path(args.out), content)
        print(f"{args.out}: student {point.number}, {len(content):,} bytes")
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raise InputError unless the arguments say what to do."""
    if args.teacher and not args.train:
        raise InputError("--teacher is given without --train; give the texts to search with")
    if not (args.train or args.pick):
        raise InputError("give --teacher and --train to search, or --pick to choose a student")
    if bool(args.pick) != bool(args.out):
        raise InputError("--pick and --out belong together: which student, and where to copy it")
    if args.out:
        check_file(args.out, [args.teacher, args.train, args.valid])


def _search(args: argparse.Namespace) -> SearchResult:
    from ..architecture_search.search import search

    own: dict[str, Any] = {
        name: getattr(args, name)
        for name in SearchSettings.names()
        if getattr(args, name) is not None
    }
    return search(
        args.teacher, args.train, args.valid, out=args.folder,
        ray=args.ray, actors=args.actors, **own, **course_settings(args),
    )  # fmt: skip


def _print(found: SearchResult) -> None:
    quality = found.front.quality
    print(f"student  {quality.replace('_', '-'):>9}       size       time")
    for point in found.front.points:
        values = point.values
        print(
            f"{point.number:7}  {values[quality] or 0:9.4f}  {shown_bytes(values['size'] or 0):>9}"
            f"  {values['time']:6g} µs"
        )
    print(f"{found.page}: the front, what matters, and what the search took")
