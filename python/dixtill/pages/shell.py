"""Writes the parts of every page: a head that forbids requests, the style, and key figures."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from ..runtime.show.html import STYLE, escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BASE = STYLE + Path(__file__).with_name("base.css").read_text(encoding="utf-8")


def head_html(title: str, style: str, script: str = "") -> str:
    """Return the page up to its content, which the caller ends with `</main>`.

    The policy forbids every request, and any style or script except the ones given.
    """
    style = _BASE + style
    allowed = f"script-src {_hash_of(script)}; " if script else ""
    policy = (
        f"default-src 'none'; style-src {_hash_of(style)}; {allowed}"
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escaped(title)} · dixtill</title>\n<style>{style}</style>\n<main>\n"
    )


def header_html(title: str, remark: str) -> str:
    """Return the title and a sentence below it."""
    return f"<header><p>dixtill</p><h1>{escaped(title)}</h1><p>{escaped(remark)}</p></header>\n"


def figures_html(figures: Iterable[tuple[str, str, str]]) -> str:
    """Return key figures, each a name, a value and a remark."""
    items = (
        f"<div><dt>{escaped(name)}</dt><dd>{escaped(value)}"
        f"{f'<small>{escaped(remark)}</small>' if remark else ''}</dd></div>"
        for name, value, remark in figures
    )
    return f'<dl class="figures">{"".join(items)}</dl>\n'


def _hash_of(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"
