"""The site builds without a warning, asks no other host for anything, and can be searched."""

from __future__ import annotations

import functools
import html
import importlib.util
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from page_reader import ROOT

import dixtill
from dixtill.commands import COMMANDS

pytestmark = pytest.mark.slow

_FETCHED = {  # what a browser fetches by itself: tag to attributes
    "script": ("src",), "img": ("src", "srcset"), "iframe": ("src",), "source": ("src", "srcset"),
    "video": ("src", "poster"), "audio": ("src",), "embed": ("src",), "object": ("data",),
    "link": ("href",), "form": ("action",),
}  # fmt: skip
_FOREIGN = re.compile(r"^\s*(?:https?:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as `mkdocs build --strict` makes it."""
    pytest.importorskip("mkdocs", reason="builds the site: pip install 'dixtill[docs]'")
    pytest.importorskip("mkdocstrings", reason="builds the site: pip install 'dixtill[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return folder


@pytest.mark.parametrize(
    ("link", "source", "here", "expected"),
    [
        ("../benchmarks/README.md", "docs/results.md", "results.md", "benchmarks.md"),
        ("../../CONTRIBUTING.md", "docs/how-to/a.md", "how-to/a.md", "../contributing.md"),
        ("docs/ray.md", "ARCHITECTURE.md", "architecture.md", "ray.md"),
        ("docs/adr/", "ARCHITECTURE.md", "architecture.md", "adr/index.md"),
        ("../docs/results.md", "benchmarks/README.md", "benchmarks.md", "results.md"),
        ("../method.md", "docs/how-to/a.md", "how-to/a.md", "../method.md"),
        ("../tools/site_pages.py", "docs/a.md", "a.md", "../tools/site_pages.py"),
    ],
)
def test_a_link_of_the_repository_leads_to_the_same_page_of_the_site(link, source, here, expected):
    pytest.importorskip("mkdocs", reason="builds the site: pip install 'dixtill[docs]'")
    path = ROOT / "tools" / "site_pages.py"
    spec = importlib.util.spec_from_file_location("site_pages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.site_link(link, source, here) == expected


class _Fetched(HTMLParser):
    """Collects what the tags of a page have a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.found += [given[name] or "" for name in _FETCHED.get(tag, ()) if name in given]
        self.found += re.findall(r"url\(['\"]?([^'\")]+)", given.get("style") or "")


def test_no_page_fetches_anything_from_another_host(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        parser = _Fetched()
        parser.feed(page.read_text(encoding="utf-8"))
        assert parser.found
        assert not [address for address in parser.found if _FOREIGN.match(address)], page


def test_no_stylesheet_fetches_anything_from_another_host(site):
    sheets = list(site.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        named = re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")]+)", text)
        assert not [address for address in named if _FOREIGN.match(address)], sheet


def test_the_reference_has_each_public_name(site):
    page = (site / "reference" / "python" / "index.html").read_text(encoding="utf-8")
    for name in set(dixtill.__all__) - {"__version__", "DixtillError"}:
        assert f'id="dixtill.{name}"' in page, name
    assert 'id="dixtill.errors.DixtillError"' in page
    assert "the file is missing, damaged, foreign or from a newer version" in page


def test_the_command_line_is_what_help_prints(site):
    page = (site / "reference" / "command-line" / "index.html").read_text(encoding="utf-8")
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    for name in COMMANDS:
        assert f"usage: dixtill {name} " in text, name
    environment = {**os.environ, "COLUMNS": "90", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "dixtill", "infer", "--help"]
    assert subprocess.check_output(command, env=environment, encoding="utf-8") in text


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_a_browser_asks_the_site_alone_and_finds_what_is_searched(browser, address):
    requests: list[str] = []
    failures: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: failures.append(str(error)))
    for path in ("", "tutorial/", "results/", "reference/python/", "reference/command-line/"):
        page.goto(address + path, wait_until="networkidle")
    page.goto(f"{address}?q=nibbles", wait_until="networkidle")
    page.wait_for_selector(".md-search-result__link", timeout=10_000)
    links = [link.get_attribute("href") for link in page.query_selector_all(
        ".md-search-result__link"
    )]  # fmt: skip
    context.close()
    assert any("reference/model-file/" in (link or "") for link in links), links
    assert not failures
    assert not [url for url in requests if not url.startswith((address, "data:", "blob:"))]
