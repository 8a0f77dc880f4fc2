"""Makes the tables and examples of a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...runtime.prediction import Prediction
from ...runtime.show.html import escaped, signed, words_html

Pair = tuple[Prediction, Any]
"""An answer, and what its text is labeled with, as `Corpus.targets` has it."""

_SHOWN = 4  # examples of a kind


def table_html(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; without `columns`, it has no head."""
    head = "".join(f'<th scope="col">{escaped(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row" dir="auto">{escaped(first)}</th>'
        f"{''.join(f'<td>{escaped(value)}</td>' for value in rest)}</tr>"
        for first, *rest in rows
    )
    return (
        f"<table>{f'<caption>{escaped(caption)}</caption>' if caption else ''}"
        f"{f'<thead><tr>{head}</tr></thead>' if columns else ''}<tbody>{body}</tbody></table>"
    )


def examples_html(
    kinds: Mapping[str, Sequence[Pair]], describe: Callable[[Prediction, Any], str], about: str
) -> str:
    """Return the first examples of each kind that has any, and what their colors are about.

    `describe` says in HTML what the answer to an example is, and what would be right.
    """
    sections = "".join(
        f"<h3>{name}</h3>{''.join(_example(pair, describe) for pair in pairs[:_SHOWN])}"
        for name, pairs in kinds.items()
        if pairs
    )
    return (
        f"<h2>Examples</h2><p>Blue supports {about}, orange (dashed) opposes it; a word’s title is "
        f"its weight.</p>{sections}\n"
    )


def by_turns(pairs: Sequence[Pair]) -> list[Pair]:
    """Take the top labels in turns, because the surest answers may all have one label."""
    turns: Counter[str] = Counter()
    ranked = []
    for pair in pairs:
        label = pair[0].top_label
        ranked.append((turns[label], pair))
        turns[label] += 1
    return [pair for _, pair in sorted(ranked, key=lambda item: item[0])]


def _example(pair: Pair, describe: Callable[[Prediction, Any], str]) -> str:
    prediction, target = pair
    score = signed(sum(word.weight for word in prediction.words))
    return (
        f'<div class="example"><p>{describe(prediction, target)}, score {score}</p>'
        f"<p>{words_html(prediction)}</p></div>"
    )
