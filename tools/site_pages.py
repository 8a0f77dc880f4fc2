"""Add pages to the site that are not in docs/: other pages of the project, and --help.

A hook of mkdocs.yml. Links are written for the repository, where a page can be read without the
site. Here, links that leave docs/ are changed to the pages that the site has of their targets.
"""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = "docs"
ELSEWHERE = {  # path in the project: path on the site
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    "csrc/README.md": "native-code.md",
}
COMMAND_LINE = "reference/command-line.md"
_IN_PROJECT = {site: project for project, site in ELSEWHERE.items()}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|[#/])([^)#\s]+)")  # the path of a relative link


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for project, site in ELSEWHERE.items():
        text = (ROOT / project).read_text(encoding="utf-8")
        files.append(File.generated(config, site, content=text))
    files.append(File.generated(config, COMMAND_LINE, content=command_line_page()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Change links between docs/ and files outside it."""
    here = page.file.src_uri
    source = _IN_PROJECT.get(here, f"{DOCS}/{here}")
    return _LINK.sub(lambda link: site_link(link[1], source, here), markdown)


def site_link(link: str, source: str, here: str) -> str:
    """Return the link on the site's page `here` that leads where `link` leads in the file `source`.

    >>> site_link("../benchmarks/README.md", "docs/results.md", "results.md")
    'benchmarks.md'
    >>> site_link("docs/adr/", "ARCHITECTURE.md", "architecture.md")
    'adr/index.md'
    """
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if link.endswith("/"):
        target += "/index.md"
    if target in ELSEWHERE:
        target = ELSEWHERE[target]
    elif target.startswith(f"{DOCS}/"):
        target = target.removeprefix(f"{DOCS}/")
    else:
        return link  # mkdocs reports it
    return posixpath.relpath(target, posixpath.dirname(here) or ".")


def command_line_page() -> str:
    """Return the page with the output of each command's --help."""
    from dixtill.commands import COMMANDS

    parts = [
        "# The command line",
        "The output of `dixtill --help`, and that of each command.",
    ]
    for name in ("", *COMMANDS):
        title = f"dixtill {name}".strip()
        parts += [f"## {title}", f"```text\n{_help(name)}```"]
    return "\n\n".join(parts)


def _help(command: str) -> str:
    words = [sys.executable, "-m", "dixtill", *command.split(), "--help"]
    environment = {**os.environ, "COLUMNS": "90", "NO_COLOR": "1"}
    return subprocess.run(
        words, env=environment, check=True, capture_output=True, encoding="utf-8"
    ).stdout
