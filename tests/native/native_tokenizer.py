"""A native tokenizer of any settings, and a vocabulary of odd pieces for it."""

from __future__ import annotations

from collections.abc import Sequence

from dixtill import _native
from dixtill.specification.cleaning import DEFAULT_RULES

PLAIN = "[UNK] [ UNK ] un ##aff ##able ##a ##b a b b## aff ##un # ## ### ##### a##b & ; amp $ ! ."
OTHER = (
    "é e ##é ##e ß ##ß ss i ##i i̇ ##ı 中 ##中 技術 … ’ ™ 가 ##각 ❤ ##\ufe0f Ab ##K k http www : /"
    " - ' \" % 🚀 🇩 👩 🏽 € P ##p fi ##1 ＄"
)
NASTY = [
    *PLAIN.split(),
    *OTHER.split(),
    *("\u1100", "##\u1161", "##\u11a8", "\u0302", "##\u0302", "a\u0301", "\u302e", "##\u302e"),
    *("\u1b44", "##\u1b44", "##\u1dfb", "##\U0001d165", "##\U0001e944"),
    *("", " ", "\t", "\x00", "\ufffd", "a" * 99, "##" + "a" * 30),
]


def native(
    vocabulary: Sequence[str],
    lowercase: bool = True,
    strip_accents: bool = True,
    max_pieces: int = 256,
    rules: Sequence[str] = DEFAULT_RULES,
    symbols: bool = True,
) -> _native.Tokenizer:
    return _native.Tokenizer(
        "\n".join(vocabulary).encode(), lowercase, strip_accents, symbols, max_pieces, list(rules)
    )
