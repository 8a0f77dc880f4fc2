"""Cleaning blanks what it drops and never moves a character."""

from __future__ import annotations

import pytest

from dixtill.errors import InputError
from dixtill.runtime.cleaning import clean


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("up https://t.co/a?b=c now", "up                    now"),
        ("HTTP://X.Y", "          "),
        ("see www.x.com", "see          "),
        ("awww.x.com", "awww.x.com"),
        ("_www.x 9www.x", "_www.x 9www.x"),
        ("éwww.x", "é     "),
        ("www. x http:// y", "www. x http:// y"),
        ("https://a\u200bb", "           "),
        ("https: no", "https: no"),
        ("(https://t.co/x)", "(               "),
        ("a &amp; b", "a &     b"),
        ("&lt;&gt;", "<   >   "),
        ("&#39;&#x2019;", "'    ’       "),
        ("&#1114112;", "          "),
        ("&#xD800;", "        "),
        ("&amp;lt;", "&    lt;"),
        ("&AMP; &unknown; & ;", "&AMP; &unknown; & ;"),
        ("https://x?a=1&amp;b=2 &amp;", "                      &    "),
    ],
)
def test_cleaning_keeps_every_position(text, cleaned):
    assert clean(text) == cleaned
    assert len(cleaned) == len(text)


def test_a_url_ends_at_white_space_of_any_python():
    ends = [c for c in range(0x110000) if clean(f"www.a{chr(c)}b") == f"     {chr(c)}b"]
    rows = ((0x09, 0x0D), (0x1C, 0x20), (0x85,), (0xA0,), (0x1680,), (0x2000, 0x200A),
            (0x2028, 0x2029), (0x202F,), (0x205F,), (0x3000,))  # fmt: skip
    assert ends == [c for row in rows for c in range(row[0], row[-1] + 1)]


def test_rules_apply_only_when_named():
    assert clean("https://t.co &amp;", ()) == "https://t.co &amp;"
    assert clean("https://t.co &amp;", ("html_entities",)) == "https://t.co &    "


def test_an_unknown_rule_is_refused_by_name():
    with pytest.raises(InputError, match=r"'emoji'.*urls, html_entities"):
        clean("", ("emoji",))
