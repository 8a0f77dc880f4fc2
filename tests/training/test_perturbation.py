"""Perturbed texts: of the corpus's words, never empty, the same for a seed, and of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dixtill.errors import InputError
from dixtill.training.perturbation import _Perturbation, perturbed_texts

TEXTS = ("shares of the bank fall", "profit of the group jumps 5%", "no change")
WORDS = {word for text in TEXTS for word in text.split()}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text("ab ", min_size=1, max_size=12), min_size=1), st.integers(0, 5))
def test_made_texts_have_words_and_no_others(texts, seed):
    if not any(text.split() for text in texts):
        with pytest.raises(InputError, match="nothing to perturb"):
            perturbed_texts(texts, 1, seed)
        return
    words = {word for text in texts for word in text.split()}
    made = perturbed_texts(texts, 20, seed)
    assert len(made) == 20
    assert all(text and set(text.split(" ")) <= words for text in made)


def test_a_seed_gives_the_same_texts_and_another_seed_others():
    assert perturbed_texts(TEXTS, 30, 1) == perturbed_texts(TEXTS, 30, 1)
    assert perturbed_texts(TEXTS, 30, 1) != perturbed_texts(TEXTS, 30, 2)


def test_more_texts_begin_with_the_fewer():
    assert perturbed_texts(TEXTS, 30, 1)[:10] == perturbed_texts(TEXTS, 10, 1)


def way(name: str) -> list[list[str]]:
    perturbation = _Perturbation([text.split() for text in TEXTS], seed=0)
    words = TEXTS[0].split()
    return [getattr(perturbation, name)(words) for _ in range(200)]


def test_dropped_words_leave_the_others_in_their_order():
    words = TEXTS[0].split()
    made = way("_drop_words")
    assert all([word for word in words if word in kept] == kept for kept in made)
    assert {len(kept) for kept in made} >= {2, 3, 4, 5}


def test_a_span_is_a_part_of_the_text():
    made = {" ".join(span) for span in way("_keep_span")}
    assert all(span in TEXTS[0] for span in made)
    assert {"shares", "fall", TEXTS[0]} <= made


def test_parts_of_two_texts_are_joined():
    made = {" ".join(joined) for joined in way("_join_parts")}
    assert "shares of the group jumps 5%" in made
    assert all(text.startswith("shares") for text in made)


def test_words_are_replaced_by_those_with_the_same_neighbour():
    made = way("_replace_words")
    assert all(len(words) == 5 for words in made)
    assert ["profit", "of", "the", "bank", "fall"] in made  # at the beginning, or before "of"
    assert ["shares", "of", "the", "group", "fall"] in made  # after "the"


def test_a_few_words_of_another_text_are_spliced_in():
    made = {" ".join(words) for words in way("_splice")}
    assert any("no change" in text and "shares" in text for text in made)
    assert all(len(text.split()) <= 10 for text in made)
