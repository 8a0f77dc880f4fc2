"""Tests the demo: reviews whose labels follow from their words, fair timing, the whole course."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

import dixtill
from dixtill import Prediction
from dixtill.cli import main
from dixtill.demo import compression_table, pipeline
from dixtill.demo.compression_table import Compressed, median_seconds
from dixtill.demo.pipeline import DemoResult, DemoSettings, Example
from dixtill.demo.report import report
from dixtill.demo.reviews import GRAMMARS, LABELS, Grammar, Review, corpus_of, make_reviews
from dixtill.demo.teacher import new_tokenizer
from dixtill.distillation.attribution.attributor import Attribution
from dixtill.distillation.data.corpus import read_corpus
from dixtill.distillation.measures.scores import Scores
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.runtime.prediction import ExplainedWord

# Words that occur only in negations.
NEGATION = re.compile(r"\b(not|isn't|never|nobody|non|nessuno)\b", re.IGNORECASE)


def opinions(review: Review) -> list[bool]:
    """The polarity of each adjective in the text, without regard to negations."""
    grammar = GRAMMARS[review.language]
    words = re.findall(r"\w+", review.text.lower())
    polarity = {form: True for word in grammar.positive for form in word.split("/")}
    polarity |= {form: False for word in grammar.negative for form in word.split("/")}
    return [polarity[word] for word in words if word in polarity]


@pytest.fixture(scope="module")
def reviews() -> tuple[Review, ...]:
    return make_reviews(3000, seed=0)


def test_the_same_seed_gives_the_same_reviews_and_another_gives_others(reviews):
    assert make_reviews(3000, seed=0) == reviews
    assert make_reviews(300, seed=0) == reviews[:300]
    assert make_reviews(300, seed=1) != reviews[:300]


def test_no_text_occurs_twice_so_that_splits_have_none_in_common(reviews):
    corpus = corpus_of(reviews)
    assert len(corpus.take(range(1000)).without(corpus.take(range(1000, 3000)))) == 1000
    assert len({text.casefold() for text in corpus.texts}) == 3000


def test_both_languages_and_all_labels_occur_as_often_as_promised(reviews):
    assert Counter(review.language for review in reviews) == {"en": 1500, "it": 1500}
    labels = Counter(LABELS[review.label] for review in reviews)
    assert labels["neutral"] == pytest.approx(600, rel=0.15)
    assert labels["positive"] == pytest.approx(1200, rel=0.1)
    for review in reviews:
        assert bool(re.search(r"\b(the|it|I|my)\b", review.text, re.I)) >= (review.language == "en")


def test_a_negation_flips_the_label(reviews):
    """In a text with one opinion, its adjective and the negation decide the label."""
    seen = set()
    for review in reviews:
        polarity = opinions(review)
        if len(polarity) != 1 or LABELS[review.label] == "neutral":
            continue
        negated = NEGATION.search(review.text) is not None
        assert negated == review.negated, review
        assert LABELS[review.label] == ("positive" if polarity[0] != negated else "negative"), (
            review
        )
        seen.add((review.language, polarity[0], negated))
    assert seen == set(product(GRAMMARS, (True, False), (True, False)))


def test_opinions_of_other_products_leave_a_review_neutral(reviews):
    neutral = [review for review in reviews if LABELS[review.label] == "neutral"]
    assert any(opinions(review) for review in neutral)
    assert not any(NEGATION.search(review.text) for review in neutral)


def test_the_teachers_vocabulary_is_the_same_each_time_and_keeps_accents(reviews):
    """By default, the library breaks ties between merges at random."""
    texts = corpus_of(reviews).texts
    tokenizer = new_tokenizer(texts)
    assert all(new_tokenizer(texts).get_vocab() == tokenizer.get_vocab() for _ in range(3))
    assert tokenizer.tokenize("È buono") == ["è", "buono"]


@pytest.mark.parametrize("grammar", GRAMMARS.values(), ids=list(GRAMMARS))
def test_no_word_is_both_positive_and_negative(grammar: Grammar):
    assert not set(grammar.positive) & set(grammar.negative)


def test_times_are_medians_of_turns_without_the_warm_up(monkeypatch):
    now = [0.0]
    calls: list[str] = []
    monkeypatch.setattr(compression_table, "perf_counter", lambda: now[0])

    def taking(name: str, *seconds: float):
        remaining = iter(seconds)

        def classify(text: str) -> None:
            calls.append(f"{name} {text}")
            now[0] += next(remaining)

        return classify

    warm_up = [100.0] * 5
    seconds = median_seconds(
        {
            "student": taking("student", *warm_up, 1, 2, 1, 2, 90, 2, 1),
            "teacher": taking("teacher", *warm_up, 7, 8, 9, 8, 8, 8, 80),
        },
        list("abcdefg"),
    )
    assert seconds == {"student": 2, "teacher": 8}
    assert calls[:4] == ["student a", "teacher a", "student b", "teacher b"]
    assert [call[-1] for call in calls[::2]] == list("abcdeabcdefg")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    """An empty folder that is the current one and the one for temporary files."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.slow
def test_the_whole_course_prints_both_tables_and_keeps_models_that_load(
    tmp_path, elsewhere, capsys
):
    out = tmp_path / "new" / "demo"
    assert main(["demo", "--quick", "--out", str(out)]) == 0
    printed = capsys.readouterr()
    for row in ("teacher", "no distillation", "KL", "MSE", "DiXtill as published", "DiXtill"):
        assert re.search(rf"^{row} +0\.\d{{3}} +0\.\d{{3}}$", printed.out, re.MULTILINE), row
    for row in ("teacher", r"PTQ \(int8\)", r"AHP \(2 of 4 heads\)", "DiXtill"):
        pattern = rf"^{row} +\d+ kB +[\d.]+x +\d+ µs +[\d.]+x +0\.\d{{3}}$"
        assert re.search(pattern, printed.out, re.MULTILINE), row
    assert printed.out.count("attribution  score") == 2  # an English and an Italian example
    assert "epoch 1: loss" in printed.err
    assert "Writing model shards" not in printed.err
    assert Teacher.load(out / "teacher").labels == LABELS
    test = read_corpus(out / "test.csv", LABELS)
    train = read_corpus(out / "for_teacher.csv", LABELS)
    assert len(train.without(test)) == len(train)
    for method in ("none", "kl", "mse", "dixtill", "dixtill-paper"):
        assert dixtill.load(out / f"{method}.safetensors")(test.texts[0]).label in LABELS
    size = (out / "dixtill.safetensors").stat().st_size
    assert re.search(rf"^DiXtill +{size / 1000:.0f} kB", printed.out, re.MULTILINE)
    assert list(elsewhere.iterdir()) == []


def test_nothing_is_left_behind_without_out(elsewhere, monkeypatch, capsys):
    folders = []

    def run_demo(folder: Path, *_) -> DemoResult:
        (folder / "student.safetensors").write_bytes(b"a student")
        folders.append(folder)
        return result({"teacher": Scores(1.0, 1.0, 0.0)}, {"teacher": Compressed(1, 1.0, 1.0)})

    monkeypatch.setattr(pipeline, "run_demo", run_demo)
    assert main(["demo", "--quick"]) == 0
    assert "teacher" in capsys.readouterr().out
    assert [folder.parent for folder in folders] == [elsewhere]
    assert list(elsewhere.iterdir()) == []


def test_a_folder_that_is_taken_is_refused(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["demo", "--quick", "--out", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err


def result(quality: dict[str, Scores], compression: dict[str, Compressed]) -> DemoResult:
    return DemoResult(DemoSettings(num_test=100), quality, compression, ())


def test_the_tables_compare_with_the_teacher():
    text = report(
        result(
            {"teacher": Scores(0.9, 0.8, 0.1), "KL": Scores(0.75, 0.5, 0.1)},
            {
                "teacher": Compressed(2_000_000, 0.9, 0.002),
                "DiXtill": Compressed(50_000, 0.85, 0.0005),
            },
        )
    )
    assert "standard error of the teacher's accuracy: 0.030" in text
    assert "KL          0.750     0.500\n" in text
    assert "DiXtill    50 kB       40.00x   500 µs     4.00x     0.850" in text


def test_an_example_shows_both_explanations_word_by_word():
    words = (ExplainedWord("Not", 0, 3, 1.5), ExplainedWord("good", 4, 8, -0.5))
    answer = Prediction("Not good", "negative", 0.75, {"negative": 0.75}, words, False)
    explained = Attribution(
        "Not good", (1.0, 0.0, 1.0), 2, 1.0, 0.0, 0.0, (0, 4), (3, 8), (0.25, 0.5), (1, 1)
    )
    example = Example(Review("Not good", 0, "en", True), lambda _: answer, explained)
    results = {"teacher": Scores(1.0, 1.0, 0.0)}, {"teacher": Compressed(1, 1.0, 1.0)}
    text = report(replace(result(*results), examples=(example,)))
    assert re.search(r"student +negative +negative \(0\.75\) +negative +\+1\.00", text)
    assert re.search(r"teacher +negative +positive \(0\.42\) +positive +\+0\.75", text)
    assert re.search(r"Not +\+1\.50 +\+0\.25\ngood +-0\.50 +\+0\.50", text)
