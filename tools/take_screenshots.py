"""Take the screenshots of docs/looking-at-explanations.md: the page of made-up headlines.

    dixtill attribute --teacher TEACHER --data docs/examples/headlines.csv --out build/attributions
    python tools/take_screenshots.py --attributions build/attributions

Needs the extras test and train, and Chromium.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from dixtill.cli import main as dixtill

ROOT = Path(__file__).parents[1]
DATA = ROOT / "docs" / "examples" / "headlines.csv"
IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--attributions", required=True, metavar="DIR")
    args = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=os.environ.get("DIXTILL_CHROMIUM") or shutil.which("chromium"),
            chromium_sandbox=os.geteuid() != 0,
        )
        plain, checked = Path(folder, "plain.html"), Path(folder, "checked.html")
        write(plain)
        write(checked, "--check", "--threshold", "0.8", "--attributions", args.attributions)
        take(browser, plain, "light", "h1", 1330)
        take(browser, checked, "dark", "#controls", 1000)
        browser.close()


def write(page: Path, *arguments: str) -> None:
    """Write the page of the headlines."""
    if dixtill(["explain", "--data", str(DATA), "--html", str(page), *arguments]):
        raise SystemExit(f"{page} was not written")


def take(
    browser: Browser, page: Path, scheme: Literal["light", "dark"], first: str, height: int
) -> None:
    """Take a screenshot of the page scrolled so that `first` is at the top."""
    window = browser.new_page(viewport={"width": 1200, "height": height}, color_scheme=scheme)
    window.goto(page.as_uri())
    window.eval_on_selector(first, "e => scrollTo(0, scrollY + e.getBoundingClientRect().top - 50)")
    shot = Image.open(io.BytesIO(window.screenshot()))
    out = IMAGES / f"explanations-{scheme}.png"
    # Reducing it to 256 colors saves two thirds of the bytes.
    shot.convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE).save(out, optimize=True)
    print(f"{out}: {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
