"""Cleaning by each rule, and where what is left stood in the text that the user wrote."""

from __future__ import annotations

import html

import pytest

from dixtill.errors import InputError
from dixtill.specification.cleaning import DEFAULT_RULES, clean, clean_with_places

pytestmark = pytest.mark.python_only

FIRST_RULES = ("urls", "html_entities")  # of students of format 3


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
        ('"https://t.co/x"Profit', '"                     '),
        ("a &amp; b", "a &     b"),
        ("&lt;&gt;", "<   >   "),
        ("&#39;&#x2019;", "'    ’       "),
        ("&#1114112;", "          "),
        ("&#xD800;", "        "),
        ("&amp;lt;", "&    lt;"),
        ("&AMP; &unknown; & ;", "&AMP; &unknown; & ;"),
        ("&eacute;&#128;", "&eacute;\x80     "),
        ("https://x?a=1&amp;b=2 &amp;", "                      &    "),
    ],
)
def test_the_first_rules_stay_what_they_were(text, cleaned):
    assert clean_with_places(text, FIRST_RULES) == (cleaned, range(len(text) + 1))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ('<a href="https://x.co/a">Profit falls</a>', '<a href="              ">Profit falls</a>'),
        ("https://x.co<Profit", "            <Profit"),
        ("“www.x.co”Profit", "“        ”Profit"),
        ("https://x.co\\nProfit {http://x}", "            \\nProfit {        }"),
        ("&lt;a href=&quot;https://x.co&quot;&gt;Profit", '<a href="            ">Profit'),
        ("https:&#x2F;&#x2F;t.co&#x2F;x up", "               up"),
        ("https://x?a=1&amp;b=2&nbsp;up", "                 \xa0up"),
        ("https://\u3042\u200bb www.", "            www."),
    ],
)
def test_a_url_ends_at_a_character_that_no_url_has(text, cleaned):
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned", "words"),
    [
        ("Nestl&#233;s up", "Nestlés up", ["Nestl&#233;s", "up"]),
        ("AT&amp;T", "AT&T", ["AT&amp;T"]),
        ("&pound;5 &copy2 &notit;", "£5 ©2 ¬it;", ["&pound;5", "&copy2", "&notit;"]),
        ("&#128;5&nbsp;m", "€5\xa0m", ["&#128;5", "m"]),
        ("a&#1;b &#0;", "ab \ufffd", ["a&#1;b", "&#0;"]),
        ("&#000000000000000000233", "é", ["&#000000000000000000233"]),
        ("&NotEqualTilde;&fjlig;", "≂̸fj", ["&NotEqualTilde;&fjlig;"]),
        ("&amp;lt;", "&lt;", ["&amp;lt;"]),
    ],
)
def test_a_character_stands_where_its_reference_stood(text, cleaned, words):
    found = clean_with_places(text)
    assert found.text == cleaned
    spans = []
    for word in cleaned.split():
        start = cleaned.index(word)
        spans.append(found.span(start, start + len(word)))
    assert [text[start:end] for start, end in spans] == words


def test_every_name_and_every_number_is_read_as_html_reads_it():
    names = [f"&{name}" for name in html.entities.html5]
    numbers = [f"&#{n};" for n in (*range(0x3000), *range(0xD700, 0xE100), *range(0xFDC0, 0x10FF0))]
    beyond = [f"&#x{n:x}" for n in (0x1F680, 0x10FFFE, 0x10FFFF, 0x110000, 2**32, 2**64, 16**5000)]
    for text in (*names, *numbers, *beyond):
        assert clean(f"a{text} b", ("html_entities_v2",)) == html.unescape(f"a{text} b"), text


def test_a_url_ends_at_white_space_of_any_python():
    def ends_by(rule: str) -> list[int]:
        beyond = "www." + "".join(map(chr, range(0x10000, 0x110000)))  # has no white space
        assert clean(beyond, (rule,)) == " " * len(beyond)
        return [c for c in range(0x10000) if clean(f"www.a{chr(c)}b", (rule,)) == f"     {chr(c)}b"]

    ends = ends_by("urls")
    rows = ((0x09, 0x0D), (0x1C, 0x20), (0x85,), (0xA0,), (0x1680,), (0x2000, 0x200A),
            (0x2028, 0x2029), (0x202F,), (0x205F,), (0x3000,))  # fmt: skip
    assert ends == [c for row in rows for c in range(row[0], row[-1] + 1)]
    assert sorted(map(ord, '"<>\\^`{|}“”„«»')) == [c for c in ends_by("urls_v2") if c not in ends]


def test_rules_apply_only_when_named():
    assert clean("https://t.co &amp;", ()) == "https://t.co &amp;"
    assert clean("https://t.co &amp;", ("html_entities",)) == "https://t.co &    "
    assert DEFAULT_RULES == ("html_entities_v2", "urls_v2")


def test_an_unknown_rule_is_refused_by_name():
    with pytest.raises(InputError, match=r"'emoji'.*urls, html_entities"):
        clean("", ("emoji",))
