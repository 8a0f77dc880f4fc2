"""Training and validation texts from different sources share their labels."""

from __future__ import annotations

import pytest

from dixtill.distillation.config import CourseSettings
from dixtill.distillation.data.corpus import Corpus, read_corpus
from dixtill.distillation.data.sources import read_course_texts
from dixtill.errors import InputError

SETTINGS = CourseSettings()
NAMES = ("down", "flat", "up")
PAIR = (["a", "b", "c"], ["up", "flat", "down"])


@pytest.fixture
def valid_csv(tmp_path):
    """Without the class in the middle."""
    (tmp_path / "valid.csv").write_text("text,label\nd,up\ne,down\n")
    return tmp_path / "valid.csv"


def test_the_labels_of_training_texts_decide_how_validation_texts_are_read(valid_csv):
    corpus = Corpus(("a", "b", "c"), (2, 1, 0), NAMES)
    for train in (PAIR, corpus):
        first, second, _ = read_course_texts(train, valid_csv, None, SETTINGS)
        assert first == corpus
        assert second == Corpus(("d", "e"), (2, 0), NAMES)
    first, second, _ = read_course_texts(valid_csv, (["f"], ["up"]), None, SETTINGS)
    assert (first.label_names, second.labels) == (("down", "up"), (1,))
    with pytest.raises(InputError, match="row 1: label 'flat' is not one of down, up"):
        read_course_texts(valid_csv, PAIR, None, SETTINGS)


def test_training_texts_that_are_all_excluded_are_an_error():
    with pytest.raises(InputError, match="no training text is left"):
        read_course_texts(PAIR, PAIR, None, CourseSettings(exclude=["A", "b", "c"]))


def test_empty_texts_are_kept_and_null_ones_refused_wherever_they_come_from(tmp_path):
    """Training leaves out whatever has no word, so an empty text is no mistake."""
    (tmp_path / "a.csv").write_text('text,label\n"",up\n" ",up\nb,down\n')
    (tmp_path / "a.jsonl").write_text(
        '{"text": "", "label": "up"}\n{"text": " ", "label": "up"}\n{"text": "b", "label": "down"}'
    )
    pair = (["", " ", "b"], ["up", "up", "down"])
    for source in (pair, tmp_path / "a.csv", tmp_path / "a.jsonl"):
        train, *_ = read_course_texts(source, source, None, SETTINGS)
        assert train == Corpus(("", " ", "b"), (1, 1, 0), ("down", "up"))
    (tmp_path / "null.jsonl").write_text('{"text": null, "label": "up"}\n')
    for source in (([None], ["up"]), tmp_path / "null.jsonl"):
        with pytest.raises(InputError, match=r"text 0 is of type None|'text' is null"):
            read_course_texts(source, source, None, SETTINGS)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            [["a", "b"], ["up", "down"]],
            r"of type list, expected .* a tuple of two lists \(te",
        ),
        ((5, ["up"]), r"the texts of a pair \(texts, labels\) are 5, expected a list"),
        (("ab", ["up", "down"]), "the texts of a pair .* are 'ab', expected a list"),
        ((["a"], "u"), "the labels of a pair .* are 'u', expected a list"),
        (5, "of type int, expected a path"),
    ],
)
def test_anything_but_a_pair_of_lists_is_refused(given, sentence):
    with pytest.raises(InputError, match=sentence):
        read_course_texts(given, PAIR, None, SETTINGS)


@pytest.mark.parametrize("setting", ["exclude", "unlabeled"])
def test_a_list_of_other_things_than_texts_is_refused(setting):
    settings = CourseSettings(**{setting: ["a", 5]})
    with pytest.raises(InputError, match=f"^{setting}, row 1 is of type int, expected a str$"):
        read_course_texts(PAIR, PAIR, None, settings)


def test_texts_to_exclude_are_left_out_of_all_others(tmp_path):
    (tmp_path / "test.csv").write_text("text\nb\ne\n")
    (tmp_path / "more.txt").write_text("d\ne\nf\n")
    settings = CourseSettings(exclude=tmp_path / "test.csv", unlabeled=tmp_path / "more.txt")
    texts = read_course_texts(PAIR, (["d"], ["up"]), None, settings)
    assert texts.train.texts == ("a", "c")
    assert list(texts.unlabeled) == ["f"]


def test_a_pair_and_a_file_are_read_alike(valid_csv):
    valid_csv.write_text("text,label\nd,1\ne,2\n")
    pair = (["a", "b", "c"], [0, 1, 2])
    train, valid, _ = read_course_texts(pair, valid_csv, ("1", "2", "3"), SETTINGS)
    assert (train.labels, valid.labels) == ((0, 1, 2), (1, 2))


@pytest.mark.parametrize("names", [("up", "flat", "down"), ("down", "up"), ("a", "b", "c")])
def test_corpora_with_other_labels_are_refused(names):
    train, valid = Corpus(("a", "b"), (0, 1), NAMES), Corpus(("c",), (0,), names)
    sentence = f"labels down, flat, up, but the validation texts have {', '.join(names)}; give both"
    with pytest.raises(InputError, match=sentence):
        read_course_texts(train, valid, None, SETTINGS)


def test_a_pairs_labels_are_sorted_as_those_of_a_file(tmp_path):
    labels = list(range(12))
    rows = "".join(f"text {label},{label}\n" for label in labels)
    (tmp_path / "train.csv").write_text("text,label\n" + rows)
    pair = ([f"text {label}" for label in labels], labels)
    train, *_ = read_course_texts(pair, pair, None, SETTINGS)
    assert train.label_names == tuple(map(str, labels))
    assert train == read_corpus(tmp_path / "train.csv")
