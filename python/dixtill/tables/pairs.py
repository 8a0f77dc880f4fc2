"""Tells by the columns of a table that it holds pairs of texts, which a student cannot judge."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import InputError

# What data sets of pairs call their two texts.
_PAIRS = (
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("sentence_1", "sentence_2"),
    ("sentence_A", "sentence_B"), ("question1", "question2"), ("text1", "text2"),
    ("text_a", "text_b"), ("text", "text_pair"),
)  # fmt: skip


def partners_of(column: str) -> list[str]:
    """Return the columns that hold the second texts of pairs if `column` holds the first ones."""
    return [name for pair in _PAIRS if column in pair for name in pair if name != column]


def pair_hint(columns: Collection[str]) -> str:
    """Return a sentence about the two texts of each row, for an error's end; "" if not of pairs."""
    for pair in _PAIRS:
        if set(pair) <= set(columns):
            return f". Its rows are pairs of texts ({' and '.join(pair)}), a student reads one text"
    return ""


def check_single_texts(place: str, columns: Collection[str], text_column: str) -> None:
    """Raise InputError if the labels of a table are about `text_column` and another text.

    Such a label follows from neither text alone, so a student could learn nothing from one.
    """
    for other in partners_of(text_column):
        if other in columns:
            raise InputError(
                f"{place} holds pairs of texts ({text_column} and {other}), whose labels are about "
                "both, but a student reads one text; give data with one text in each row, or, if "
                f"'{text_column}' alone decides the label, remove the column '{other}'"
            )
