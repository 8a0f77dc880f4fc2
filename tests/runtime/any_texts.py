"""Ordinary texts, and strings that are odd, hostile or long."""

from __future__ import annotations

TEXTS = [
    "Apple shares jumped 5% after record earnings!",
    "",
    "profit down",
    "aab-ab a&amp;b https://t.co/x $up. unseen 中é",
    "Ape",
]
ANY_STRINGS = {
    "empty": "",
    "blank": " \t\n\u3000",
    "emoji": "up 😀👩‍👩‍👧 down",
    "long word": "a" * 100_000,
    "many words": "up down " * 12_500,
    "punctuation": "$!." * 33_334,
    "spaces": " " * 100_000,
    "marks": "e" + "\u0301\u0327" * 50_000,
    "URL": "https://" + "a" * 100_000,
    "URL prefixes": "www." * 25_000,
    "entities": "&amp" * 25_000,
    "surrogate": "up \ud800\udfff\udc00",
    "NUL": "\0up\0 \0",
}
SHORT_STRINGS = [text for text in ANY_STRINGS.values() if len(text) < 100]
