"""Training and validation texts from different sources share their labels."""

from __future__ import annotations

import pytest

from dixtill.distillation.config import CourseSettings
from dixtill.distillation.data.corpus import Corpus, read_corpus
from dixtill.distillation.data.sources import read_training
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
        first, second = read_training(train, valid_csv, None, SETTINGS)
        assert first == corpus
        assert second == Corpus(("d", "e"), (2, 0), NAMES)
    first, second = read_training(valid_csv, (["f"], ["up"]), None, SETTINGS)
    assert (first.label_names, second.labels) == (("down", "up"), (1,))
    with pytest.raises(InputError, match="row 1: label 'flat' is not one of down, up"):
        read_training(valid_csv, PAIR, None, SETTINGS)


def test_a_pair_and_a_file_are_read_alike(valid_csv):
    valid_csv.write_text("text,label\nd,1\ne,2\n")
    pair = (["a", "b", "c"], [0, 1, 2])
    train, valid = read_training(pair, valid_csv, ("1", "2", "3"), SETTINGS)
    assert (train.labels, valid.labels) == ((0, 1, 2), (1, 2))


@pytest.mark.parametrize("names", [("up", "flat", "down"), ("down", "up"), ("a", "b", "c")])
def test_corpora_with_other_labels_are_refused(names):
    train, valid = Corpus(("a", "b"), (0, 1), NAMES), Corpus(("c",), (0,), names)
    sentence = f"labels down, flat, up, but the validation texts have {', '.join(names)}; give both"
    with pytest.raises(InputError, match=sentence):
        read_training(train, valid, None, SETTINGS)


def test_a_pairs_labels_are_sorted_as_those_of_a_file(tmp_path):
    labels = list(range(12))
    rows = "".join(f"text {label},{label}\n" for label in labels)
    (tmp_path / "train.csv").write_text("text,label\n" + rows)
    pair = ([f"text {label}" for label in labels], labels)
    train, _ = read_training(pair, pair, None, SETTINGS)
    assert train.label_names == tuple(map(str, labels))
    assert train == read_corpus(tmp_path / "train.csv")
