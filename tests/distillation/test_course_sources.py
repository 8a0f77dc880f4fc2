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


@pytest.mark.parametrize("names", [("up", "flat", "down"), ("flat", "down"), NAMES])
@pytest.mark.parametrize(
    "teachers", [None, ("LABEL_0", "LABEL_1", "LABEL_2"), ("flat", "up", "down")]
)
def test_the_labels_of_a_corpus_are_found_by_name(names, teachers):
    train, valid = Corpus(("a", "b"), (0, 1), NAMES), Corpus(("c", "d"), (0, 1), names)
    known = NAMES if teachers is None or "LABEL_0" in teachers else teachers
    texts = read_course_texts(train, valid, teachers, SETTINGS)
    for corpus, found in ((train, texts.train), (valid, texts.valid)):
        assert found.label_names == known
        assert found.texts == corpus.texts
        assert [known[i] for i in found.labels] == [corpus.label_names[i] for i in corpus.labels]


@pytest.mark.parametrize("teachers", [None, ("up", "down", "flat")])
def test_a_corpus_with_a_label_that_nobody_knows_is_refused_with_both_lists(teachers):
    train, valid = Corpus(("a", "b"), (0, 1), NAMES), Corpus(("c",), (0,), ("up", "hold", "sell"))
    expected = ", ".join(teachers or NAMES)
    sentence = f"labels up, hold, sell, expected {expected}: hold, sell are not among them; correct"
    with pytest.raises(InputError, match=sentence):
        read_course_texts(train, valid, teachers, SETTINGS)


def test_a_file_with_a_label_that_the_teacher_lacks_is_refused_with_both_lists(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("text,label\na,up\nb,hold\nc,sell\nd,up\n")
    sentence = (
        r"train.csv, line 2: label 'up' is not one of LABEL_0, LABEL_1, nor an index from 0 to 1; "
        r"the column has hold, sell, up; .* rename the teacher's labels \(--labels, in Python"
    )
    with pytest.raises(InputError, match=sentence):
        read_course_texts(path, None, ("LABEL_0", "LABEL_1"), SETTINGS)


def test_a_pairs_labels_are_sorted_as_those_of_a_file(tmp_path):
    labels = list(range(12))
    rows = "".join(f"text {label},{label}\n" for label in labels)
    (tmp_path / "train.csv").write_text("text,label\n" + rows)
    pair = ([f"text {label}" for label in labels], labels)
    train, *_ = read_course_texts(pair, pair, None, SETTINGS)
    assert train.label_names == tuple(map(str, labels))
    assert train == read_corpus(tmp_path / "train.csv")


def test_the_strings_of_a_pair_are_split_as_those_of_a_file(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\na,up|flat\nb,\nc,down\n")
    pair = (["a", "b", "c"], ["up|flat", "", ["down"]])
    settings = CourseSettings(label_separator="|")
    train, valid, _ = read_course_texts(pair, tmp_path / "train.csv", None, settings)
    assert train == valid == Corpus(("a", "b", "c"), ((1, 2), (), (0,)), NAMES, "sigmoid")


@pytest.mark.parametrize("settings", [{"label_columns": ["up"]}, {"weight_column": "weight"}])
@pytest.mark.parametrize("train", [PAIR, Corpus(("a", "b"), ((0,), ()), ("up",), "sigmoid")])
def test_columns_are_refused_where_there_is_no_file(settings, train):
    (name,) = settings
    with pytest.raises(InputError, match=f"{name} names columns of a file, but the texts are a pa"):
        read_course_texts(train, train, None, CourseSettings(**settings))


def test_texts_of_a_pair_are_validated_beside_columns_of_a_file(tmp_path):
    (tmp_path / "train.csv").write_text("text,down,up,weight\na,1,1,2\nb,0,1,1\n")
    settings = CourseSettings(label_columns=["down", "up"], weight_column="weight")
    train, valid, _ = read_course_texts(tmp_path / "train.csv", (["c"], [["up"]]), None, settings)
    assert (train.labels, train.weights, valid.labels) == (((0, 1), (1,)), (2.0, 1.0), ((1,),))
