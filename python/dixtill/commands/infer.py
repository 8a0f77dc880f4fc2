"""`dixtill infer`: answer texts with a student."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import InputError
from ..escapes import ascii_json
from .infer_files import add_file_arguments, answer_file, check_no_file_arguments
from .student_arguments import add_answer_arguments, add_student_arguments, answers_of

if TYPE_CHECKING:
    from ..runtime.prediction import Prediction

_EXAMPLES = """\
examples:
  dixtill infer "Apple shares jump after record earnings"
  dixtill infer --json "Profit falls" "Dividend raised"
  dixtill infer --check --threshold 0.8 "Apple shares jump after record earnings"
  dixtill infer --label bearish "Apple shares jump after record earnings"
  cat headlines.txt | dixtill infer --model my.safetensors --json -
  dixtill infer -- "--a text that begins with a dash"
  dixtill infer --input tweets.csv --output answers.jsonl
  tail -f tweets.jsonl | dixtill infer --input - --no-words
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "infer",
        help="label texts, with a weight for each word",
        description="Print the label of each TEXT, its probability, and a signed weight for each\n"
        "word: positive weights support the label, negative ones oppose it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument(
        "texts",
        nargs="*",
        default=[],
        metavar="TEXT",
        help="a text; - reads one per line of standard input",
    )
    add_file_arguments(parser, given)
    add_student_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object per text")
    add_answer_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer a file, or texts one by one, so that each is answered as it arrives."""
    from ..runtime.classifier import load_classifier

    if args.input is None:
        check_no_file_arguments(args)
    elif args.json:
        raise InputError(
            "--json works only with TEXT; answers to --input are JSON lines unless --output names "
            "a file of another format"
        )
    classifier = load_classifier(args.model, args.kernel, args.threshold, args.only_familiar)
    if args.input is not None:
        return answer_file(args, classifier)
    for number, text in enumerate(texts_of(args.texts)):
        prediction = answers_of(args, classifier, [text])[0]
        separator = "\n" if number and not args.json else ""
        print(separator + _formatted(prediction, args.json), flush=True)
    return 0


def _formatted(prediction: Prediction, as_json: bool) -> str:
    return ascii_json(prediction.to_dict()) if as_json else str(prediction)


def texts_of(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the given texts; for -, the lines of standard input."""
    for argument in arguments:
        if argument == "-":
            yield from _lines()
        else:
            yield argument


def _lines() -> Iterator[str]:
    """Yield lines of standard input as UTF-8, whatever the locale; invalid bytes become U+FFFD."""
    from ..tables.lines import read_replacing
    from ..tables.source import STANDARD, Source, opened

    name = "standard input"
    with opened(STANDARD) as file:
        yield from read_replacing(Source(file, name), name)
