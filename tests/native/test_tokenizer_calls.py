"""Calls of the native tokenizer: threads, types, mistakes, and the names of its rules."""

from __future__ import annotations

from threading import Thread

import pytest
from native_tokenizer import NASTY, native

from dixtill import _native
from dixtill.errors import InputError
from dixtill.runtime.model_file.settings import CLEANING_RULES
from dixtill.specification.cleaning import clean


# Words whose hashes have the same slot in a table of 16 and the same tag, see csrc/text.
@pytest.mark.parametrize(("piece", "text"), [("iwotd", "ktpog"), ("vxjhb", "tmwoi")])
def test_a_word_with_the_hash_of_a_piece_is_not_that_piece(piece, text):
    assert native(["[UNK]", piece])(f"{text} {piece}")[0] == [0, 1]
    assert native(["[UNK]", piece, text])(f"{text} {piece}")[0] == [2, 1]


def test_many_threads_read_as_one_does():
    tokenizer = native(NASTY)
    texts = ["unaffable e\u0301 &amp; 가 " * n for n in range(50)]
    expected = [tokenizer(text) for text in texts]
    results: list[list[object]] = [[] for _ in range(4)]
    threads = [
        Thread(target=lambda out=out: out.extend(map(tokenizer, texts * 20))) for out in results
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected * 20] * 4


def test_a_subclass_of_str_is_read_and_another_type_refused():
    tokenizer = native(["[UNK]", "a"])
    assert tokenizer(type("Text", (str,), {})("a"))[0] == [1]
    with pytest.raises(TypeError):
        tokenizer(b"a")


@pytest.mark.parametrize(
    ("vocabulary", "max_pieces", "rules", "message"),
    [
        (b"[UNK]\na\na", 8, [], "^the vocabulary holds a piece twice$"),
        (b"[UNK]\n\n", 8, [], "^the vocabulary holds a piece twice$"),
        (b"a\n[UNK", 8, [], r"^the vocabulary lacks the piece \[UNK\]$"),
        (b"", 8, [], "lacks the piece"),
        (b"[UNK]\n\xff", 8, [], "^the vocabulary is not UTF-8$"),
        (b"[UNK]\n\xed\xa0\x80", 8, [], "not UTF-8"),
        (b"[UNK]\n\xc3", 8, [], "not UTF-8"),
        (b"[UNK]", 0, [], "^max_pieces is 0, expected at least 1$"),
        (b"[UNK]", -5, [], "^max_pieces is -5, expected at least 1$"),
        (b"[UNK]", 8, ["urls", "emoji"],
         "^unknown cleaning rule 'emoji'; this version knows urls, html_entities, "
         "html_entities_v2, urls_v2$"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_a_sentence(vocabulary, max_pieces, rules, message):
    with pytest.raises(ValueError, match=message):
        _native.Tokenizer(vocabulary, True, True, True, max_pieces, rules)


def test_rules_have_the_same_names_in_python_and_in_the_native_module():
    with pytest.raises(ValueError, match="unknown cleaning rule") as native_error:
        native(["[UNK]"], rules=["emoji"])
    with pytest.raises(InputError, match="unknown cleaning rule") as error:
        clean("", ["emoji"])
    assert str(native_error.value) == str(error.value)
    assert str(error.value).endswith(f"this version knows {', '.join(CLEANING_RULES)}")
    for rule in CLEANING_RULES:
        assert clean("up", [rule]) == "up"
        native(["[UNK]"], rules=[rule])
