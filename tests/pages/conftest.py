"""Fixtures that open pages in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from explained import LABELS
from pages import HEADLINES

import dixtill
from dixtill.pages.labeled_file import read_labeled
from dixtill.pages.page import page_html
from dixtill.pages.rows import ExplainedText


@pytest.fixture
def opened(browser, tmp_path: Path):
    """A function that opens HTML as a file, in a window of the given size and settings."""
    contexts = []

    def open_page(html: str, width: int = 1280, height: int = 900, on_request=None, **settings):
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.failures = []
        page.on("pageerror", lambda error: page.failures.append(str(error)))
        page.on("dialog", lambda dialog: page.failures.append(dialog.message))
        if on_request:
            page.on("request", on_request)
        path = tmp_path / f"{len(contexts)}.html"
        path.write_bytes(html.encode())
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def headlines():
    """A page of made-up headlines with checks and a threshold."""
    rows = read_labeled(HEADLINES, LABELS, "text", None)
    answers = dixtill.infer([row.text for row in rows], check=True, threshold=0.8)
    texts = [
        ExplainedText(answer, row.label, line=row.line)
        for row, answer in zip(rows, answers, strict=True)
    ]
    return page_html(texts, "headlines.csv", "Made up.")
