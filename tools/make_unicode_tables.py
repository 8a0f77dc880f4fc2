"""Write python/dixtill/specification/unicode.json: what normalization does to each code point.

The tables are read off the `tokenizers` library, code point by code point, because its Unicode
data is of mixed age (categories of Unicode 8, decompositions of Unicode 9, case of its Rust
compiler) and Python's own `unicodedata` changes with each Python. Run it after an upgrade of
`tokenizers`; tests/runtime/test_normalizer.py says when that is needed.

    python tools/make_unicode_tables.py
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex
from tokenizers.normalizers import NFD, NFKC, BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, Split

TARGET = Path(__file__).parents[1] / "python" / "dixtill" / "specification" / "unicode.json"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)  # decomposed by arithmetic
# Typographic variants that NFKC does not change, by the keyboard character that they stand for.
VARIANTS = {
    "'": "\u00b4\u02bb\u02bc\u2018\u2019\u201a\u201b\u2032\u2035\u2039\u203a",
    '"': "\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033\u2036\u301d\u301e\u301f",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e3a\u2e3b\ufe31\ufe32\ufe58",
    "/": "\u2044\u2215",
    "*": "\u2217",
    ":": "\u2236",
    "~": "\u223c",
}  # fmt: skip


def bert(**switches: bool) -> BertNormalizer:
    """Return a BertNormalizer with everything off except `switches`."""
    off = dict.fromkeys(("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"), False)
    return BertNormalizer(**{**off, **switches})


def changed(normalizer: BertNormalizer | NFD | NFKC) -> dict[int, str]:
    """Return the code points that `normalizer` changes, with what they become."""
    results = ((c, normalizer.normalize_str(chr(c))) for c in CODE_POINTS)
    return {c: result for c, result in results if result != chr(c)}


def ranges(code_points: Iterable[int]) -> list[list[int]]:
    """Return sorted code points as inclusive [first, last] pairs."""
    pairs: list[list[int]] = []
    for c in code_points:
        if pairs and pairs[-1][1] == c - 1:
            pairs[-1][1] = c
        else:
            pairs.append([c, c])
    return pairs


def punctuation() -> list[int]:
    """Return the code points that BertPreTokenizer splits off."""
    split = BertPreTokenizer().pre_tokenize_str
    return [c for c in CODE_POINTS if len(split(f"a{chr(c)}b")) == 3]


def symbols() -> list[int]:
    """Return symbols of any category, and code points that are or may become emoji."""
    split = Split(Regex(r"[\p{S}\p{Extended_Pictographic}]"), "removed").pre_tokenize_str
    marks = set(punctuation())
    return [c for c in CODE_POINTS if len(split(f"a{chr(c)}b")) == 2 and c not in marks]


def plain_forms() -> dict[str, str]:
    """Return typographic variants with their ASCII form, one mark even for an ellipsis."""
    forms = {chr(c): to for c, to in changed(NFKC()).items() if to.isascii() and not to.isspace()}
    marks = set(map(chr, punctuation()))
    forms = {char: form[0] if char in marks else form for char, form in forms.items()}
    return forms | {char: form for form, chars in VARIANTS.items() for char in chars}


def combining_classes(nonspacing: set[int]) -> list[list[int]]:
    """Return [first, last, class] for the marks that the library reorders.

    A mark younger than its tables counts as a starter there: class 0, absent here. Whether it
    knows a mark shows when the mark changes places with a neighbor of known class.
    """
    strip = bert(strip_accents=True).normalize_str
    low, high = "\u1b44", "\u1dfb"  # classes 9 and 230; neither is stripped

    def is_reordered(mark: str) -> bool:
        return strip(mark + low) == low + mark or strip(high + mark) == mark + high

    rows: list[list[int]] = []
    for c in CODE_POINTS:
        mark, value = chr(c), unicodedata.combining(chr(c))
        if value == 0 or not (c in nonspacing or is_reordered(mark)):
            continue
        if rows and rows[-1][1:] == [c - 1, value]:
            rows[-1][1] = c
        else:
            rows.append([c, c, value])
    return rows


def tables() -> dict[str, object]:
    """Return all tables; ranges are inclusive."""
    cleaned = changed(bert(clean_text=True))
    nonspacing = {c for c, to in changed(bert(strip_accents=True)).items() if not to}
    decomposed = changed(NFD())
    return {
        "dropped": ranges(c for c, to in cleaned.items() if not to),
        "spaces": ranges(sorted([0x20, *(c for c, to in cleaned.items() if to)])),
        "ideographs": ranges(changed(bert(handle_chinese_chars=True))),
        "punctuation": ranges(punctuation()),
        "nonspacing": ranges(sorted(nonspacing)),
        "combining_class": combining_classes(nonspacing),
        "decomposition": {chr(c): to for c, to in decomposed.items() if c not in HANGUL_SYLLABLES},
        "lowercase": {chr(c): to for c, to in changed(bert(lowercase=True)).items()},
        "symbols": ranges(symbols()),
        "plain": dict(sorted(plain_forms().items())),
    }


if __name__ == "__main__":
    rows = (f"{json.dumps(k)}:{json.dumps(v, ensure_ascii=False, separators=(',', ':'))}"
            for k, v in tables().items())  # fmt: skip
    TARGET.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
