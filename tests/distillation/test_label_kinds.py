"""Texts with several labels, or with a number, from every format."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dixtill.distillation.config import CourseSettings
from dixtill.distillation.data.corpus import Corpus, read_corpora, read_corpus
from dixtill.distillation.data.label_cells import LabelLayout
from dixtill.distillation.data.sources import read_course_texts
from dixtill.errors import InputError

NAMES = ("anger", "fear", "joy")
SETS = ((0, 2), (), (1,))
JOINED = LabelLayout("labels", separator="|")
EXPECTED = Corpus(("a", "b", "c"), SETS, NAMES, "sigmoid")


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str, name: str = "texts.csv") -> Path:
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return write


def test_labels_joined_by_a_separator_are_several(write):
    path = write("text,labels\na,joy | anger|joy\nb,\nc,fear\n")
    assert read_corpus(path, None, "text", JOINED) == EXPECTED
    path = write("text,labels\na,2|0\nb,\nc,1\n")
    assert read_corpus(path, NAMES, "text", JOINED) == EXPECTED


def test_each_label_may_have_a_column(write):
    path = write("text,anger,fear,joy\na,1,0,true\nb,0,0,false\nc,0,1,0\n")
    layout = LabelLayout(columns=NAMES)
    assert read_corpus(path, None, "text", layout) == EXPECTED
    assert read_corpus(path, NAMES[::-1], "text", layout).labels == ((0, 2), (), (1,))
    with pytest.raises(InputError, match="line 2: the column 'joy' is 'yes', expected 1 or 0"):
        read_corpus(write("text,joy\na,yes\n"), None, "text", LabelLayout(columns=("joy",)))


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_lists_are_several_labels_without_a_setting(suffix, tmp_path):
    rows = [["joy", "anger"], [], ["fear"]]
    path = tmp_path / f"texts.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table({"text": list("abc"), "label": rows}), path)
    else:
        lines = [{"text": text, "label": row} for text, row in zip("abc", rows, strict=True)]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert read_corpus(path) == EXPECTED
    with pytest.raises(InputError, match=r"(row|line) 1: the column 'label' is"):
        read_corpus(path, None, "text", LabelLayout(output="softmax"))


def test_a_missing_list_is_not_an_empty_one(write):
    path = write('{"text": "a", "label": ["joy"]}\n{"text": "b"}\n', "texts.jsonl")
    with pytest.raises(InputError, match="line 2: the column 'label' is null or missing"):
        read_corpus(path)


def test_files_share_the_kind_of_their_labels(write):
    one = write('{"text": "a", "label": "joy"}\n', "one.jsonl")
    several = write('{"text": "b", "label": ["anger", "joy"]}\n', "several.jsonl")
    found = read_corpora([several, one])
    assert [corpus.labels for corpus in found] == [((0, 1),), ((1,),)]
    assert {corpus.output for corpus in found} == {"sigmoid"}


def test_pairs_hold_lists_or_numbers():
    settings = CourseSettings(numbers=True)
    texts = (["a", "b"], [np.float32(0.5), 2])
    assert read_course_texts(texts, texts, None, settings).train.labels == (0.5, 2.0)
    texts = (["a", "b", "c"], [{"joy", "anger"}, [], ("fear",)])
    assert read_course_texts(texts, texts, None, CourseSettings()).train == EXPECTED
    with pytest.raises(InputError, match="are a matrix, expected the names"):
        read_course_texts((["a"], np.ones((1, 2))), None, None, CourseSettings())


def test_numbers_are_read_where_they_are_asked_for(write):
    path = write("text,stars\na,3.5\nb,1\nc,-2e1\n")
    corpus = read_corpus(path, None, "text", LabelLayout("stars", output="number"))
    assert corpus == Corpus(("a", "b", "c"), (3.5, 1.0, -20.0), ("stars",), "number")
    with pytest.raises(InputError, match=r"numbers such as 3.5, and not classes; .* \(--numbers,"):
        read_corpus(path, None, "text", LabelLayout("stars"))
    with pytest.raises(InputError, match=r"is 0.5, expected a name or an index; .*--numbers"):
        read_corpus(write('{"text": "a", "label": 0.5}\n', "a.jsonl"))
    for wrong in ("", "nan", "inf", "3,5", "x"):
        with pytest.raises(InputError, match=r"line 2: the column 'stars' is .* a finite number"):
            read_corpus(
                write(f'text,stars\na,"{wrong}"\n'),
                None,
                "text",
                LabelLayout("stars", output="number"),
            )


def test_numbers_are_named_after_their_teacher_or_their_column(write):
    path = write("text,label\na,1\n")
    for names, name in ((("LABEL_0",), "value"), (("stars",), "stars"), (None, "value")):
        assert read_corpus(path, names, "text", LabelLayout(output="number")).label_names == (name,)
    with pytest.raises(InputError, match=r"the numbers have 2 names \(a, b\), expected one"):
        read_corpus(path, ("a", "b"), "text", LabelLayout(output="number"))


@pytest.mark.parametrize(
    ("settings", "output", "message"),
    [
        ({"label_separator": "|", "label_columns": ["a"]}, None, "are both given; give only one"),
        ({"label_separator": ""}, None, "the label separator is empty"),
        ({"label_separator": "|"}, "softmax", "but one label is expected"),
        ({"label_columns": ["a"]}, "number", "but a number is expected"),
        ({"numbers": True}, "sigmoid", "but the teacher or the texts have classes"),
        ({"label_columns": "a,b"}, None, "label_columns is 'a,b', expected a list of columns"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, output, message):
    with pytest.raises(InputError, match=message):
        read_course_texts((["a"], ["b"]), None, None, CourseSettings(**settings), output)


def test_targets_are_what_losses_and_scores_take():
    np.testing.assert_array_equal(EXPECTED.targets, [[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    assert EXPECTED.targets.dtype == bool
    assert Corpus(("a", "b"), (1, 0), ("x", "y")).targets.tolist() == [1, 0]
    assert Corpus(("a", "b"), (0.5, 2.0), ("x",), "number").targets.tolist() == [[0.5], [2.0]]


def test_a_split_holds_out_a_share_of_each_label_even_of_a_rare_one():
    labels = (*[(0,)] * 60, *[(0, 1)] * 20, *[(0, 2)] * 10, *[()] * 10)
    corpus = Corpus(tuple(map(str, range(100))), labels, NAMES, "sigmoid")
    rest, held_out = corpus.split(0.2, seed=1)
    assert Counter(held_out.labels) == {(0,): 12, (0, 1): 4, (0, 2): 2, (): 2}
    assert (rest.output, len(rest) + len(held_out)) == ("sigmoid", 100)


def test_a_split_holds_out_numbers_from_all_over_their_range():
    rng = np.random.default_rng(0)
    numbers = tuple(rng.permutation(200).astype(float).tolist())
    corpus = Corpus(tuple(map(str, range(200))), numbers, ("x",), "number")
    _, held_out = corpus.split(0.2, seed=1)
    assert Counter(int(number // 20) for number in held_out.labels) == dict.fromkeys(range(10), 4)
    few, held_out = corpus.take(range(18)).split(0.1, seed=1)
    assert (len(few), len(held_out)) == (16, 2)


def test_the_digest_knows_the_kind_of_the_labels():
    corpora = [
        Corpus(("a",), ((0,),), ("x",), "sigmoid"), Corpus(("a",), ((),), ("x",), "sigmoid"),
        Corpus(("a",), (0.0,), ("x",), "number"), Corpus(("a",), (0,), ("x",)),
    ]  # fmt: skip
    assert len({corpus.digest() for corpus in corpora}) == 4


def test_goemotions_has_28_labels(goemotions):
    train, valid = read_corpora(
        [goemotions / "train.csv", goemotions / "valid.csv"], None, "text", JOINED
    )
    assert len(train.label_names) == 28
    assert (len(train), len(valid)) == (20_000, 5426)
    assert 0.15 < sum(len(labels) > 1 for labels in train.labels) / len(train) < 0.17


def test_imdb_has_stars(imdb):
    corpus = read_corpus(imdb / "test.csv", None, "text", LabelLayout("rating", output="number"))
    assert {*corpus.labels} == {1, 2, 3, 4, 7, 8, 9, 10}
    assert corpus.label_names == ("rating",)
