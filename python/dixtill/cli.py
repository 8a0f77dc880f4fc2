"""The command line: parses, delegates to commands/, and words a user's mistake in one sentence."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from . import __version__
from .commands import COMMANDS
from .errors import DixtillError

# As a shell reports a program that a signal ended: 128 and the signal's number.
_INTERRUPTED, _BROKEN_PIPE = 128 + 2, 128 + 13
_USER_MISTAKE = 2  # as argparse has it
_LONGEST = 1000  # characters of a complaint

_EXAMPLE = """\
example:
  dixtill infer "Apple shares jump after record earnings"

`dixtill COMMAND --help` tells more of a command.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _never_fail_to_print()
    try:
        args = _parser().parse_args(argv)
        code: int = args.run(args)
        sys.stdout.flush()
    except DixtillError as error:
        return _complain(str(error))
    except BrokenPipeError:  # the reader, such as `head`, has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except OSError as error:
        reason = error.strerror or str(error)
        return _complain(f"{error.filename}: {reason}" if error.filename else reason)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dixtill",
        description="Self-explaining text classifiers, distilled from transformers: a label, its\n"
        "probability and a weight for each word, in microseconds.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"dixtill {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        command = import_module(f".commands.{name}", __package__)
        command.add_parser(subparsers)
    return parser


def _never_fail_to_print() -> None:
    """Escape what the terminal's encoding lacks, rather than fail on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _complain(sentence: str) -> int:
    """One line, however long or full of control characters what it quotes of a file is."""
    from .display.terminal import printable

    shown = printable(sentence)
    if len(shown) > _LONGEST:
        shown = f"{shown[: _LONGEST // 2]} ... {shown[-_LONGEST // 2 :]}"
    print(f"dixtill: {shown}", file=sys.stderr)
    return _USER_MISTAKE
