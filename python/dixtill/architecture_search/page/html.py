"""Writes search.html: the front, the importance of settings, and what the search took.

The page needs no network, and works by keyboard; without its script, circles are still links.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from ...pages.shell import figures_html, head_html, header_html
from ...runtime.show.html import escaped
from ...version import __version__
from ..points import Pick, Point
from ..quantities import shown_bytes, shown_seconds
from ..settings import OBJECTIVES, QUALITIES
from ..trials.folder import FULL
from .chart import TITLES, front_chart
from .importance import FEWEST
from .summary import Summary

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
_SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
_NAMES = {
    "cell": "cell",
    "directions": "directions",
    "embedding_dim": "embedding",
    "hidden_dim": "units",
    "attention_dim": "attention",
    "pieces": "pieces",
    "embedding_bits": "bits",
    "dropout": "dropout",
    "perturbed": "perturbed texts",
    "real_texts": "real texts",
    "teaching": "teaching",
}


def page_html(summary: Summary, folder: Path) -> str:
    """Return the page about a search in a folder."""
    return "".join(_parts(summary, folder))


def _parts(summary: Summary, folder: Path) -> Iterator[str]:
    count, refused = summary.num_proposed, summary.num_refused
    yield head_html(folder.name, _STYLE, _SCRIPT)
    yield header_html(
        folder.name,
        f"A search among {count} students, {refused} of which were beyond a limit and were not "
        f"trained; {len(summary.points)} took the whole course.",
    )
    yield _figures(summary)
    yield _front(summary)
    yield _use(summary, folder)
    yield _importances(summary)
    yield _spending(summary)
    yield (
        f"<footer>Made by dixtill {__version__}. Qualities are those of the int8 student on the "
        "validation texts. These chose the students too, so scores on other texts will be a "
        f"little lower.</footer>\n<script>{_SCRIPT}</script>\n</main>\n"
    )


def _figures(summary: Summary) -> str:
    front, spending = summary.front, summary.spending
    found = []
    if front.points:
        best, smallest, fastest = (front.pick(way) for way in ("best", "smallest", "fastest"))
        found += [
            (
                f"best {TITLES[front.quality]}",
                f"{best.values[front.quality] or 0:.1%}",
                f"student {best.number}",
            ),
            (
                "smallest",
                shown_bytes(smallest.values["size"] or 0),
                f"student {smallest.number}",
            ),
            ("fastest", f"{fastest.values['time']:g} µs", f"student {fastest.number}"),
        ]
    found.append(("time", shown_seconds(spending.seconds), "of all runs of this search"))
    energy = "unknown" if spending.joules is None else f"{spending.joules / 1000:.1f} kJ"
    found.append(("energy", energy, "see below what was measured"))
    return figures_html(found)


def _front(summary: Summary) -> str:
    if not summary.points:
        return "<h2>The front</h2><p>No student keeps the limits.</p>\n"
    on_front = {point.number for point in summary.front.points}
    shown = dict.fromkeys([*(q for q in summary.front.objectives if q in QUALITIES), "accuracy"])
    charts = "".join(
        front_chart(summary.points, on_front, quality, summary.settings.max_time)
        for quality in shown
    )
    meanings = "; ".join(
        f"{TITLES.get(name, name)}: {OBJECTIVES[name].meaning}" for name in summary.front.objectives
    )
    return (
        f"<h2>The front</h2><p>No other student is at least as good in every objective and better "
        f"in one ({escaped(meanings)}). Hollow circles are not on the front. Choose a circle to "
        "see its row; the arrow keys go from one to the next.</p>"
        f'<div class="charts">{charts}</div>{_table(summary, on_front)}\n'
    )


def _table(summary: Summary, on_front: set[int]) -> str:
    names = [name for name in _NAMES if any(name in point.choices for point in summary.points)]
    picks = _picks(summary)
    head = ["student", *TITLES.values(), "size", "time", *(_NAMES[name] for name in names), "file"]
    points = sorted(summary.points, key=lambda p: (p.number not in on_front, p.values["time"] or 0))
    rows = "".join(
        f'<tr id="student-{point.number}" tabindex="-1" '
        f'class="{"on" if point.number in on_front else "off"}">{_cells(point, names, picks)}</tr>'
        for point in points
    )
    columns = "".join(f'<th scope="col">{escaped(name)}</th>' for name in head)
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="students"><table '
        'class="students"><caption>Students that took the whole course, those on the front first'
        "</caption>"
        f"<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cells(point: Point, names: Sequence[str], picks: dict[int, list[str]]) -> str:
    values = point.values
    marks = f" ({', '.join(picks[point.number])})" if point.number in picks else ""
    cells = [
        *("" if (value := values[name]) is None else f"{value:.4f}" for name in TITLES),
        shown_bytes(values["size"] or 0),
        f"{values['time']:g} µs",
        *(_shown(point.choices.get(name)) for name in names),
    ]
    return (
        f'<th scope="row">{point.number}{escaped(marks)}</th>'
        f"{''.join(f'<td>{escaped(cell)}</td>' for cell in cells)}"
        f'<td><a href="{escaped(point.file)}" download>student</a></td>'
    )


def _picks(summary: Summary) -> dict[int, list[str]]:
    """Return what each student would be picked as."""
    found: dict[int, list[str]] = {}
    for way in get_args(Pick):
        found.setdefault(summary.front.pick(way).number, []).append(way)
    return found


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value or "")


def _use(summary: Summary, folder: Path) -> str:
    if not summary.front.points:
        return ""
    command = f"dixtill search --folder {shlex.quote(str(folder))} --pick knee --out my.safetensors"
    return (
        "<h2>Take one</h2><p>knee is the student nearest to the best value of every objective, "
        "each scaled to what the front spans; fastest, smallest and best are what they say.</p>"
        f"<pre>{escaped(command)}</pre>\n"
    )


def _importances(summary: Summary) -> str:
    found = summary.importances
    if not found:
        return (
            "<h2>What mattered</h2><p>The importance of settings is shown when at least "
            f"{FEWEST} students can be compared.</p>\n"
        )
    names = list(dict.fromkeys(name for values in found.values() for name in values))
    head = "".join(f'<th scope="col">{escaped(TITLES.get(name, name))}</th>' for name in found)
    rows = "".join(
        f'<tr><th scope="row">{escaped(_NAMES.get(name, name))}</th>'
        + "".join(_bar(values.get(name, 0.0)) for values in found.values())
        + "</tr>"
        for name in names
    )
    return (
        "<h2>What mattered</h2><p>How much each setting sets the best third of the students apart "
        "(PED-ANOVA; each column adds up to 100%). Qualities are compared after the short course, "
        "sizes and times among all students that were proposed.</p>"
        '<div class="wide" tabindex="0" role="region" aria-label="importance"><table '
        f'class="importance"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>\n"
    )


def _bar(share: float) -> str:
    return (
        '<td><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * share:.1f}" height="8"/></svg>{share:.0%}</td>'
    )


def _spending(summary: Summary) -> str:
    rows = []
    for training in summary.trainings:
        spent = training.spent
        seconds = "" if spent is None else f"{spent.seconds:.1f} s"
        joules = "unknown" if spent is None or spent.joules is None else f"{spent.joules:.0f} J"
        course = "whole" if training.rung == FULL else "short"
        end = "failed" if training.result is None else "done"
        rows.append((str(training.number), course, end, seconds, joules))
    sources = [f"Search: {source}." for source in summary.spending.energy]
    sources += dict.fromkeys(
        f"Trainings: {training.spent.energy}." for training in summary.trainings if training.spent
    )
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("student", "course", "end", "time", "energy")
    )
    said = "".join(f"<li>{escaped(source)}</li>" for source in sources)
    return (
        "<h2>What it took</h2><p>Energies are of the whole machine, as CodeCarbon finds them "
        "without a network. What no counter measures is an estimate, and what cannot even be "
        f"estimated is unknown.</p><ul>{said}</ul><details><summary>Each training</summary>"
        '<div class="wide" tabindex="0" role="region" aria-label="trainings"><table class="spent">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>\n"
    )
