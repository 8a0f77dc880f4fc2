"""Perturbed texts are reproducible, never empty, and made of the corpus's words."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dixtill.distillation.data import perturbation
from dixtill.distillation.data.perturbation import count_words, perturbed_texts, suitable_number
from dixtill.errors import InputError

TEXTS = (
    "apple shares jump after record earnings",
    "oil falls as fears grow",
    "Shares fall again in late trading",
    "no change",
)
WAYS = ("_drop_words", "_keep_span", "_join_parts", "_replace_words", "_splice")
corpora = st.lists(
    st.lists(st.sampled_from("aAbcDé🚀"), max_size=6).map(" ".join), min_size=1, max_size=5
).filter(lambda texts: any(map(str.split, texts)))


def only(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(perturbation, "_CHANCES", tuple(float(name == way) for name in WAYS))


def made_by(monkeypatch, way: str, texts=TEXTS, count: int = 300) -> list[list[str]]:
    only(monkeypatch, way)
    return [text.split() for text in perturbed_texts(texts, count, seed=0)]


@settings(deadline=None)
@given(corpora, st.integers(0, 2**32), st.integers(0, 30))
def test_as_many_texts_of_the_corpus_words_as_asked_for_the_same_each_time(texts, seed, count):
    made = perturbed_texts(texts, count, seed)
    assert made == perturbed_texts(texts, count, seed)
    assert len(made) == count
    words = {word for text in texts for word in text.split()}
    for text in made:
        assert text
        assert text == " ".join(text.split())
        assert set(text.split()) <= words


@pytest.mark.parametrize("way", WAYS)
@settings(deadline=None, max_examples=25)
@given(texts=corpora, seed=st.integers(0, 1000))
def test_no_way_makes_an_empty_text(way, texts, seed):
    words = {word for text in texts for word in text.split()}
    with pytest.MonkeyPatch.context() as monkeypatch:
        only(monkeypatch, way)
        for text in perturbed_texts(texts, 10, seed):
            assert text
            assert set(text.split()) <= words


def test_another_seed_makes_other_texts():
    assert perturbed_texts(TEXTS, 20, seed=0) != perturbed_texts(TEXTS, 20, seed=1)


def test_fewer_texts_are_the_first_of_more():
    assert perturbed_texts(TEXTS, 50, seed=0)[:20] == perturbed_texts(TEXTS, 20, seed=0)


def test_every_way_is_taken_as_often_as_its_chance(monkeypatch):
    taken: Counter[str] = Counter()

    def count(name: str) -> None:
        way = getattr(perturbation._Perturbation, name)

        def recorded(self, words):
            taken[name] += 1
            return way(self, words)

        monkeypatch.setattr(perturbation._Perturbation, name, recorded)

    for name in WAYS:
        count(name)
    perturbed_texts(TEXTS, 4000, seed=0)
    for name, chance in zip(WAYS, perturbation._CHANCES, strict=True):
        assert taken[name] / taken.total() == pytest.approx(chance, abs=0.03), name


def is_part_in_order(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(word in rest for word in part)


def test_words_are_dropped_and_the_others_keep_their_order(monkeypatch):
    whole = TEXTS[0].split()
    made = made_by(monkeypatch, "_drop_words", TEXTS[:1])
    assert all(is_part_in_order(words, whole) for words in made)
    dropped = sum(len(whole) - len(words) for words in made) / (300 * len(whole))
    assert dropped == pytest.approx(0.275, abs=0.05)  # the mean of 0.05 to 0.5
    assert any(" ".join(words) not in TEXTS[0] for words in made)  # some are no span


def test_spans_of_every_length_and_place_are_kept(monkeypatch):
    made = made_by(monkeypatch, "_keep_span", TEXTS[3:] + TEXTS[1:2])
    whole = TEXTS[1].split()
    spans = {
        tuple(whole[at:end]) for at in range(len(whole)) for end in range(at + 1, len(whole) + 1)
    }
    assert {tuple(words) for words in made} == spans | {("no",), ("change",), ("no", "change")}


def test_parts_of_two_texts_are_joined(monkeypatch):
    made = made_by(monkeypatch, "_join_parts", TEXTS[:2])
    splits = [text.split() for text in TEXTS[:2]]
    allowed = {
        tuple(first[:end] + second[start:])
        for first in splits
        for second in splits
        for end in range(1, len(first) + 1)
        for start in range(len(second))
    }
    assert {tuple(words) for words in made} <= allowed
    assert any(words[0] == "apple" and words[-1] == "grow" for words in made)


def test_joined_texts_are_no_longer_than_their_longer_part(monkeypatch):
    long, longer = (" ".join(map(str, range(size))) for size in (50, 60))
    lengths = [len(words) for words in made_by(monkeypatch, "_join_parts", [long, longer])]
    assert max(lengths) == 60
    short = " ".join(map(str, range(30)))
    assert max(len(words) for words in made_by(monkeypatch, "_join_parts", [short])) == 40


def test_words_are_replaced_by_those_with_the_same_neighbor_elsewhere(monkeypatch):
    texts = [
        "the bank cuts",
        "so it now Bank",
        "The profit of a firm",
        "a bank grows its profit today",
    ]
    originals = {len(text.split()): text.split() for text in texts}  # lengths do not change
    following, preceding = defaultdict(set), defaultdict(set)
    for words in originals.values():
        for first, second in pairwise(["", *words, ""]):
            following[first.lower()].add(second)
            preceding[second.lower()].add(first)
    changes = set()
    for words in made_by(monkeypatch, "_replace_words", texts, 1000):
        original = originals[len(words)]
        for at, (old, new) in enumerate(zip(original, words, strict=True)):
            before = words[at - 1].lower() if at else ""
            after = original[at + 1].lower() if at + 1 < len(original) else ""
            assert new in {old, *following[before], *preceding[after]} - {""}, (original, words)
            changes.add((old, new))
    # After "The" and before "Bank", whatever their case; at the beginning; at the end.
    assert changes >= {("profit", "bank"), ("now", "the"), ("the", "a"), ("cuts", "firm")}


def test_a_few_words_of_a_text_take_the_place_of_a_few_of_another(monkeypatch):
    splits = [list("abcdefg"), list("ABCDEFG")]
    allowed = {
        (*words[:at], *other[start : start + length], *words[at + replaced :])
        for words in splits
        for other in splits
        for length in range(1, 6)
        for start in range(len(other) - length + 1)
        for at in range(len(words) + 1)
        for replaced in range(min(5, len(words) - at) + 1)
    }
    made = made_by(monkeypatch, "_splice", [" ".join(words) for words in splits], 2000)
    assert {tuple(words) for words in made} <= allowed
    assert {len(words) for words in made} == {len(words) for words in allowed}


@pytest.mark.parametrize("texts", [(), ("",), ("", "  \t")])
def test_a_corpus_without_words_is_refused(texts):
    with pytest.raises(InputError, match="the training texts are empty"):
        perturbed_texts(texts, 3, seed=0)


@pytest.mark.parametrize(
    ("num_texts", "length", "other_words", "expected"),
    [
        (10_000, 10, 0, 290_000),  # 100,000 words; 2,900,000 are missing
        (10_000, 10, 900_000, 200_000),
        (10_000, 10, 3_000_000, 0),
        (4_000, 250, 0, 8_000),  # long texts
        (1_000, 10, 0, 100_000),  # no more than 100 for each
        (2_000, 3_000, 0, 9_719),  # no more than 256 words of a text are read
    ],
)
def test_by_default_a_course_reads_three_million_words(num_texts, length, other_words, expected):
    text = " ".join(["word"] * length)
    assert suitable_number([text] * num_texts, other_words) == expected


def test_a_text_without_white_space_has_words():
    assert count_words("中" * 80) == 10
    assert suitable_number(["中" * 800] * 10_000, 0) == 20_000  # 100 words each
