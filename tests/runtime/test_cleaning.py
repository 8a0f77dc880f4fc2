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


def test_rules_apply_only_when_named():
    assert clean("https://t.co &amp;", ()) == "https://t.co &amp;"
    assert clean("https://t.co &amp;", ("html_entities",)) == "https://t.co &    "


def test_an_unknown_rule_is_refused_by_name():
    with pytest.raises(InputError, match=r"'emoji'.*urls, html_entities"):
        clean("", ("emoji",))
