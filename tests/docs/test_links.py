"""Links between the project's pages lead somewhere when they are read in the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from page_reader import ROOT

IGNORED = {"build", ".venv", "node_modules"}


def pages() -> list[Path]:
    found = (page.relative_to(ROOT) for page in ROOT.rglob("*.md"))
    return sorted(page for page in found if not IGNORED & set(page.parts) and not hidden(page))


def hidden(page: Path) -> bool:
    return any(part.startswith(".") for part in page.parts)


def inline(page: Path) -> Iterator[tuple[Token, list[Token]]]:
    """Each line of text with its parts, and the token that opened it."""
    tokens = MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
    for before, token in pairwise(tokens):
        if token.type == "inline":
            yield before, token.children or []


def links_of(page: Path) -> list[str]:
    """Relative links and images."""
    found = [
        str(part.attrs.get("href") or part.attrs.get("src"))
        for _, parts in inline(page)
        for part in parts
        if part.type in ("link_open", "image")
    ]
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors_of(page: Path) -> set[str]:
    """Those of the headings, as GitHub makes them and, in these pages, mkdocs too."""
    headings = (
        "".join(part.content for part in parts if part.type in ("text", "code_inline"))
        for before, parts in inline(page)
        if before.type == "heading_open"
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=str)
def test_the_links_of(page):
    for link in links_of(ROOT / page):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if target == ROOT / "docs/reference/command-line.md":
            continue  # made by the site
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target), link


def test_links_are_found():
    assert sum(len(links_of(ROOT / page)) for page in pages()) > 60
