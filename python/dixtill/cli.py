"""The command line: parse arguments, run a command, and print user mistakes as one sentence."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from importlib import import_module

from .commands import COMMANDS
from .errors import DixtillError
from .escapes import printable
from .standard_streams import discard, printable_streams, say
from .version import __version__

# A shell reports a program that a signal ended as 128 plus the signal's number.
_INTERRUPTED, _BROKEN_PIPE = 128 + 2, 128 + 13
_USER_MISTAKE = 2  # the same as argparse
_LONGEST = 1000  # characters of an error message

_EXAMPLE = """\
example:
  dixtill infer "Apple shares jump after record earnings"

Run `dixtill COMMAND --help` for the options of a command.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    An error that a user, a file or the system caused is printed as one sentence. A bug of
    dixtill keeps its traceback.
    """
    with printable_streams():
        _never_fail_to_print()
        try:
            args = _parser().parse_args(argv)
            code: int = args.run(args)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader, such as `head`, has read enough
            discard(sys.stdout)
            return _BROKEN_PIPE
        except KeyboardInterrupt:
            return _INTERRUPTED
        except Exception as error:
            sentence = _sentence_of(error)
            if sentence is None:
                raise
            return _complain(sentence)
        return code


def _sentence_of(error: Exception) -> str | None:
    """Return the message for an error, or None if it is a bug of dixtill."""
    if isinstance(error, DixtillError):
        return str(error)
    if isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
        return f"{error.filename}: {reason}" if error.filename else reason
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):  # PyTorch's
        return "there is not enough memory; give less input at once, or use smaller sizes"
    if isinstance(error, RecursionError):
        return "the data are nested too deeply to be read"
    if isinstance(error, UnicodeError):
        return f"a name or a text is not valid Unicode: {error}"
    return None


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
    """Escape characters that the terminal's encoding lacks instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _complain(sentence: str) -> int:
    """Print one line of bounded length without control characters; return the exit code."""
    shown = printable(sentence)
    if len(shown) > _LONGEST:
        shown = f"{shown[: _LONGEST // 2]} ... {shown[-_LONGEST // 2 :]}"
    # If standard output is broken, keep the interpreter from flushing it again at exit.
    try:
        sys.stdout.flush()
    except OSError:
        discard(sys.stdout)
    say(f"dixtill: {shown}")
    return _USER_MISTAKE
