"""The page of a search: what it shows, by mouse and keyboard, in light and dark."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from dixtill.architecture_search.costs.spending import Spending
from dixtill.architecture_search.page.html import page_html
from dixtill.architecture_search.page.summary import Summary, Training
from dixtill.architecture_search.points import Front, Point
from dixtill.architecture_search.settings import SearchSettings
from dixtill.architecture_search.trials.folder import FULL, SHORT, Result, Spent

sys.path.append(str(Path(__file__).parents[1] / "pages"))
from pages import CONTRASTS

HOSTILE = '<img src="https://example.com/x" onerror="window.pwned = 1">'


def point(number, fidelity, size, time, accuracy=0.8, **choices):
    values = {"fidelity": fidelity, "accuracy": accuracy, "macro_f1": 0.75, "size": size,
              "time": time, "energy": None}  # fmt: skip
    return Point(number, values, {"hidden_dim": 48, **choices}, f"trials/{number:04}/s.safetensors")


POINTS = (
    point(0, 0.9, 200_000, 5.1),
    point(3, 0.85, 90_000, 3.0, teaching=HOSTILE),
    point(7, 0.7, 30_000, 1.2),
    point(8, 0.69, 250_000, 8.0),
)


def summary(points=POINTS, **changes):
    result = Result(0.9, 0.8, 0.75, 0.02, 200_000, 9000, 150_000, 5, 4)
    given = {
        "settings": SearchSettings(max_time=6.0),
        "front": Front.of(("fidelity", "size", "time"), points),
        "points": points,
        "num_proposed": 12,
        "num_refused": 5,
        "trainings": [
            Training(0, SHORT, result, Spent(12.5, 340.0, "CPU measured by RAPL (300 J)")),
            Training(0, FULL, None, Spent(60.25, None, "unknown: no counter")),
        ],
        "importances": {"fidelity": {"hidden_dim": 0.75, "teaching": 0.25}},
        "spending": Spending(4000.0, [], 125_000.0, ["CPU estimated from its load and 65 W"]),
    }
    return Summary(**{**given, **changes})


@pytest.fixture
def opened(browser, tmp_path):
    contexts = []

    def open_page(html, width=1280, **settings):
        context = browser.new_context(viewport={"width": width, "height": 900}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.failures = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.failures.append(str(error)))
        path = tmp_path / "search.html"
        path.write_text(html, encoding="utf-8")
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_the_page_says_what_was_found_and_what_was_measured():
    html = page_html(summary(), Path("search"))
    text = re.sub(r"<[^>]+>", " ", html)
    for sentence in (
        "A search among 12 students, 5 of which were beyond a limit",
        "Search: CPU estimated from its load and 65 W.",
        "Trainings: CPU measured by RAPL (300 J).",
        "Trainings: unknown: no counter.",
        "dixtill search --folder search --pick knee --out my.safetensors",
    ):
        assert sentence in text
    assert "125.0 kJ" in text
    assert "1 h 6 min" in text
    assert re.search(r"units\s+75%", text)
    assert re.search(r"short\s+done\s+12.5 s\s+340 J", text)
    assert re.search(r"whole\s+failed\s+60.2 s\s+unknown", text)
    assert html.count('class="on" aria-label') == 2 * 3  # a circle in each of two charts
    assert html.count('class="off" aria-label') == 2


def test_unknown_energy_has_no_number():
    spent = Spending(1.0, [], None, ["unknown: no counter"])
    html = page_html(summary(spending=spent, trainings=[]), Path("search"))
    assert "<dt>energy</dt><dd>unknown" in html
    assert not re.search(r"\d k?J\b", html)


def test_a_search_without_students_has_a_page():
    empty = summary((), trainings=[], importances={})
    html = page_html(empty, Path("search"))
    assert "No student keeps the limits." in html
    assert "when at least 15 students can be compared" in html


def test_circles_are_reached_by_keyboard_and_lead_to_their_rows(opened):
    page = opened(page_html(summary(), Path("search")))
    page.locator(".front").first.locator("a[data-x]").first.focus()
    seen = []
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        seen.append(page.locator(".hint").first.inner_text().partition(":")[0])
    assert sorted(seen) == ["student 0", "student 3", "student 7", "student 8"]
    times = {"student 7": 1.2, "student 3": 3.0, "student 0": 5.1, "student 8": 8.0}
    turns = [times[name] for name in seen]
    start = turns.index(min(turns))
    assert turns[start:] + turns[:start] == sorted(turns)
    number = seen[-1].split()[1]
    assert page.locator("tr.chosen").get_attribute("id") == f"student-{number}"
    page.keyboard.press("Enter")
    assert page.url.endswith(f"#student-{number}")
    assert page.failures == []


def test_pointing_at_a_circle_says_what_it_is(opened):
    page = opened(page_html(summary(), Path("search")))
    page.locator('.front a[href="#student-7"]').first.hover()
    assert page.locator(".hint").first.inner_text() == "student 7: fidelity 0.700, 1.2 µs, 30.0 kB"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_everything_can_be_read_and_nothing_is_asked_for(opened, scheme, width):
    page = opened(page_html(summary(), Path("search")), width, color_scheme=scheme)
    page.locator("summary").click()
    assert page.asked == [page.url]
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.failures == []
    assert [item for item in page.evaluate(CONTRASTS) if item[0] < 4.5] == []


def test_without_scripts_circles_are_links(opened):
    page = opened(page_html(summary(), Path("search")), java_script_enabled=False)
    page.locator('.front a[href="#student-3"]').first.click()
    assert page.url.endswith("#student-3")
