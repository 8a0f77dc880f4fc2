"""Columns of pandas or polars give tables of the same library."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import polars as pl
import pytest

import dixtill
from dixtill import frames

TEXTS = ["Apple shares up", None, "profit falls", ""]
LIBRARIES = pytest.mark.parametrize("series", [pd.Series, pl.Series])


@pytest.fixture
def classifier(student):
    return dixtill.load(student)


def columns_of(frame) -> dict[str, list]:
    """Columns as lists, with None for missing values."""
    if isinstance(frame, pl.DataFrame):
        return frame.to_dict(as_series=False)
    return {
        name: [None if null else value for value, null in zip(column, column.isna(), strict=True)]
        for name, column in frame.items()
    }


@LIBRARIES
def test_each_row_is_the_answer_to_its_text_and_null_to_null(series, classifier):
    columns = columns_of(frames.answer(series(TEXTS), classifier, words=True))
    assert list(columns) == [
        "label", "probability", "probability_bearish", "probability_bullish",
        "probability_neutral", "truncated", "unknown_share", "familiarity", "words",
    ]  # fmt: skip
    for row, text in enumerate(TEXTS):
        found = {name: values[row] for name, values in columns.items()}
        if text is None:
            assert set(found.values()) == {None}
            continue
        answer = classifier(text)
        assert found["label"] == answer.label
        assert found["probability"] == answer.probability
        assert found["truncated"] == answer.truncated
        assert found["unknown_share"] == answer.unknown_share
        assert found["familiarity"] == answer.familiarity
        assert found["words"] == [word._asdict() for word in answer.words]
        for label, probability in answer.probabilities.items():
            assert found[f"probability_{label}"] == probability


def test_the_index_of_pandas_is_kept(classifier):
    table = pd.DataFrame({"text": ["up", "down"]}, index=["b", "a"])
    answers = frames.answer(table["text"], classifier)
    assert answers.index.tolist() == ["b", "a"]
    joined = table.join(answers)
    assert joined.loc["a", "label"] == classifier("down").label


@pytest.mark.parametrize("dtype", [object, "string", "category", "str"])
def test_pandas_keeps_texts_in_many_ways(classifier, dtype):
    column = pd.Series(["up", None, "down"], dtype=object).astype(dtype)
    if dtype == "str" and column.isna().sum() == 0:
        pytest.skip("this pandas makes a text of None")
    answers = frames.answer(column, classifier)
    assert answers["probability"].dtype == "float64"
    assert answers["truncated"].dtype == "boolean"
    assert answers["label"].isna().tolist() == [False, True, False]


def test_polars_has_one_schema_for_any_rows(classifier):
    full = frames.answer(pl.Series(TEXTS), classifier, words=True)
    for rows in ([], [None]):
        empty = frames.answer(pl.Series(rows, dtype=pl.String), classifier, words=True)
        assert empty.schema == full.schema
        assert len(empty) == len(rows)
    category = pl.Series(TEXTS, dtype=pl.Categorical)
    assert frames.answer(category, classifier, words=True).equals(full)


def test_polars_expressions_take_it(classifier):
    table = pl.DataFrame({"text": ["up", "down"]}).lazy()
    label = pl.col("text").map_batches(
        lambda texts: frames.answer(texts, classifier)["label"], return_dtype=pl.String
    )
    labeled = table.with_columns(label=label).collect()
    assert labeled["label"].to_list() == [classifier(text).label for text in ("up", "down")]


@LIBRARIES
def test_without_a_classifier_the_shipped_student_answers(series):
    (probability,) = frames.answer(series(["shares jump"]))["probability"]
    assert probability == dixtill.infer("shares jump").probability


@LIBRARIES
def test_below_the_threshold_there_is_no_label(series, student):
    classifier = dixtill.load(student, threshold=1.0)
    assert columns_of(frames.answer(series(["up"]), classifier))["label"] == [None]
    given = columns_of(frames.answer(series(["up"]), classifier, threshold=0.0))["label"]
    assert given == [classifier("up").top_label]


@LIBRARIES
def test_a_value_that_is_not_a_text_is_named(series, classifier):
    with pytest.raises(TypeError, match="row 0 of the column is of type int, expected a str"):
        frames.answer(series([1, 2]), classifier)


@pytest.mark.parametrize("texts", [["up"], pd.DataFrame({"text": ["up"]}), pd.Index(["up"])])
def test_an_error_says_what_a_column_is(texts, classifier):
    with pytest.raises(TypeError, match="expected a Series of pandas or polars"):
        frames.answer(texts, classifier)


@LIBRARIES
def test_infer_says_who_takes_a_column(series):
    with pytest.raises(TypeError, match=r"of type Series \(dixtill.frames.answer takes a column"):
        dixtill.infer(series(["up"]))


def test_neither_library_is_imported():
    script = "import sys, dixtill.frames; print({'pandas', 'polars', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "set()\n"
