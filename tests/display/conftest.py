"""A real browser, where there is one: a test that needs it skips without it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from explained import LABELS
from pages import HEADLINES

import dixtill
from dixtill.display.labelled_file import read_labelled
from dixtill.display.page import page_html
from dixtill.display.rows import ExplainedText

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Headless Chromium; DIXTILL_CHROMIUM names another one."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="drives a browser: pip install 'dixtill[test]'"
    )
    found = os.environ.get("DIXTILL_CHROMIUM") or next(
        filter(None, map(shutil.which, _NAMES)), None
    )
    if found is None:
        pytest.skip("needs Chromium, such as of apt-get install chromium (or set DIXTILL_CHROMIUM)")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # who has no sandbox
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, chromium_sandbox=not is_root)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, tmp_path: Path):
    """Opens HTML as a file, in a window of the given size and settings."""
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
    """Page of the made headlines, checked, with a threshold."""
    rows = read_labelled(HEADLINES, LABELS, "text", None)
    answers = dixtill.infer([row.text for row in rows], check=True, threshold=0.8)
    texts = [
        ExplainedText(answer, row.label, line=row.line)
        for row, answer in zip(rows, answers, strict=True)
    ]
    return page_html(texts, "headlines.csv", "Made up.")
