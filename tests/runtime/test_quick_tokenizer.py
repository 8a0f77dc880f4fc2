"""The course's tokenizer gives the specification's pieces."""

from __future__ import annotations

import pytest

from dixtill.errors import InputError
from dixtill.specification.normalizer import Normalizer
from dixtill.specification.quick_tokenizer import quick_tokenizer
from dixtill.specification.words import Tokenizer

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

PIECES = ("[UNK]", "un", "##aff", "##able", "a", "##b", "é", "##é", "$", ".", "🚀", "-", "https")
TEXTS = st.lists(
    st.sampled_from([*"abéÉ$.-−🚀 \n\x00\ud800", "unaffable", "https://a.b", "&amp;"])
    | st.characters()
).map("".join)
NORMALIZERS = st.builds(Normalizer, st.booleans(), st.booleans(), st.booleans())


@hypothesis.given(TEXTS, NORMALIZERS, st.integers(1, 5) | st.just(2**31))
def test_a_text_is_read_as_specified(text, normalizer, max_pieces):
    read = quick_tokenizer(PIECES, normalizer, max_pieces)
    assert read(text) == Tokenizer(PIECES, normalizer, max_pieces)(text)


def test_native_code_reads(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Tokenizer, "__call__", refuse)
    assert quick_tokenizer(PIECES, Normalizer(), 9)("unaffable").piece_ids == [1, 2, 3]


def test_a_piece_with_a_line_break_moves_no_other_piece():
    pieces = ("[UNK]", "a\nb", "un")
    assert quick_tokenizer(pieces, Normalizer(), 9)("un a").piece_ids == [2, 0]


@pytest.mark.parametrize("pieces", [("a",), ("[UNK]", "a", "a")])
def test_a_wrong_vocabulary_is_an_error(pieces):
    with pytest.raises(InputError, match="vocabulary"):
        quick_tokenizer(pieces, Normalizer(), 9)
