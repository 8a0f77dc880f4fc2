"""Write a C++ header with the names of HTML's character references; CMake runs this.

The names are those of the standard library's `html.entities`, which the HTML standard says will
never change. Needs the standard library alone, because it runs in the environment that builds the
wheel.

    python tools/make_entity_header.py entity_tables.h
"""

from __future__ import annotations

import sys
from html.entities import html5
from pathlib import Path

PER_LINE = 4


def header() -> str:
    """Return the header; csrc/text/cleaning.cpp declares the types and includes it."""
    names = sorted(html5)  # sorted, so that names with a common prefix are adjacent
    offsets = [0]
    for name in names:
        offsets.append(offsets[-1] + len(name))
    rows = [
        f"{{{offset},{len(name)},{ord(html5[name][0])},"
        f"{ord(html5[name][1]) if len(html5[name]) > 1 else 0}}}"
        for name, offset in zip(names, offsets, strict=False)
    ]
    quoted = [f'"{"".join(names[i : i + PER_LINE])}"' for i in range(0, len(names), PER_LINE)]
    lines = [",".join(rows[i : i + PER_LINE]) for i in range(0, len(rows), PER_LINE)]
    return (
        "// Written by tools/make_entity_header.py.\n"
        f"inline constexpr size_t longest_entity_name = {max(map(len, names))};\n"
        "inline constexpr char entity_names[] =\n" + "\n".join(quoted) + ";\n"
        f"inline constexpr Entity entities[{len(rows)}] = {{\n" + ",\n".join(lines) + "};\n"
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(header(), encoding="ascii")
