"""Fail if a kernel target shares a symbol with the rest of the program.

A source of csrc/targets/ is compiled with instruction-set flags of its own. If it used, say,
std::vector, its object would hold std::vector's functions as weak symbols, and the linker keeps
one copy of those for the whole program: perhaps this one, with instructions that the CPU lacks. So
such an object defines nothing outside its namespace dixtill::<target>. The build runs this after it
has made the library; by hand:

    python tools/check_target_objects.py build/libdixtill_core.a avx2 avx512_vnni
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# The letters by which nm marks symbols that are visible to other objects.
SHARED_TYPES = frozenset("ABCDGRSTVWui")


@dataclass(frozen=True)
class Symbol:
    """A line of nm: a symbol that `member` of the archive defines."""

    member: str  # avx2.cpp.o
    type: str  # nm's letter
    name: str  # as the linker sees it


def defined_symbols(nm: str, archive: Path) -> list[Symbol]:
    """Return the symbols that the members of the archive define."""
    command = [nm, "--defined-only", str(archive)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    symbols, member = [], ""
    for line in output.splitlines():
        if line.endswith(":"):
            member = line[:-1]
        elif line:
            _, letter, name = line.split(maxsplit=2)
            symbols.append(Symbol(member, letter, name))
    return symbols


def in_namespace(target: str) -> re.Pattern[str]:
    """Return a pattern for mangled names in dixtill::<target>, including tables and statics."""
    return re.compile(rf"_Z(?:GV|T[CISTV])?Z?NK?7dixtill{len(target)}{target}(?=[A-Z0-9])")


def problems_of(target: str, symbols: list[Symbol]) -> list[str]:
    """List what is wrong with one target's object."""
    own = [symbol for symbol in symbols if re.fullmatch(rf"{target}(\.cpp)?\.o", symbol.member)]
    if not own:
        return [f"the archive has no object of target {target}"]
    allowed = in_namespace(target)
    return [
        f"{symbol.member} defines {demangled(symbol.name)} (type {symbol.type}), "
        f"which is not in dixtill::{target}"
        for symbol in own
        if symbol.type in SHARED_TYPES and not allowed.match(symbol.name)
    ]


def demangled(name: str) -> str:
    """Return the C++ name, if c++filt is installed."""
    try:
        return subprocess.run(
            ["c++filt", name], capture_output=True, text=True, check=True
        ).stdout.strip()
    except OSError:
        return name


def main() -> int:
    """Check the archive and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("targets", nargs="*", help="targets with flags of their own")
    parser.add_argument("--nm", default="nm")
    arguments = parser.parse_args()
    symbols = defined_symbols(arguments.nm, arguments.archive)
    problems = [text for target in arguments.targets for text in problems_of(target, symbols)]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        print(f"{Path(__file__).name} explains why that is not allowed", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
