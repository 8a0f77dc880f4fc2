"""A report has the numbers of scikit-learn, and escapes markup in texts and labels."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import classification_report
from tiny_students import random_model

import dixtill
from dixtill.distillation.attribution.attributor import Attribution
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.measures.calibration_error import calibration_error
from dixtill.distillation.measures.scores import Scores
from dixtill.distillation.progress.metrics import EpochMetrics
from dixtill.distillation.report import write_report
from dixtill.distillation.report.charts import epochs_chart, reliability_chart
from dixtill.distillation.report.measures import (
    Bin,
    agreement_of,
    answers_of,
    faithfulness_of,
    some,
)
from dixtill.runtime.classifier import Classifier
from dixtill.specification.model_file import write_model

HOSTILE = '</style></title><script>document.title="x"</script><img src="http://a/b" onerror=x>&amp;'
TEXTS = ("up up shares", "profit down fall", "apple record", "earnings $ up!", "share", "a b a")
CORPUS = Corpus(TEXTS * 4, (0, 1, 2, 1, 0, 2) * 4, ("bearish", "bullish", "neutral"))
CLASSIFIER = Classifier(random_model())


def test_scores_by_class_are_scikit_learns():
    answers = answers_of(CLASSIFIER, CORPUS)
    predicted = [CLASSIFIER.labels.index(CLASSIFIER(text).label) for text in CORPUS.texts]
    expected = classification_report(
        CORPUS.labels, predicted, target_names=CORPUS.label_names, output_dict=True,
        zero_division=0.0,
    )  # fmt: skip
    for one in answers.classes():
        row = expected[one.label]
        assert (one.precision, one.recall, one.f1, one.rows) == pytest.approx(
            (row["precision"], row["recall"], row["f1-score"], row["support"])
        )
    assert answers.scores.accuracy == pytest.approx(expected["accuracy"])
    assert answers.confusion().sum() == len(CORPUS)
    assert np.trace(answers.confusion()) == round(expected["accuracy"] * len(CORPUS))


def test_bins_add_up_to_the_calibration_error():
    answers = answers_of(CLASSIFIER, CORPUS)
    bins = answers.bins()
    assert sum(one.count for one in bins) == len(CORPUS)
    error = sum(one.count * abs(one.probability - one.accuracy) for one in bins) / len(CORPUS)
    assert error == pytest.approx(
        calibration_error(answers.probabilities(), np.array(CORPUS.labels)), abs=1e-6
    )
    assert all(one.low < one.probability <= one.high for one in bins)


def explained_as(classifier: Classifier, text: str, sign: float) -> Attribution:
    """Attributions equal to the student's weights times `sign`."""
    words = classifier(text).words
    return Attribution(
        text=text,
        logits=(0.0, 1.0, 0.0),
        predicted=1,
        output=1.0,
        baseline_output=0.0,
        completeness_error=0.0,
        starts=tuple(word.start for word in words),
        ends=tuple(word.end for word in words),
        attributions=tuple(sign * word.weight for word in words),
        num_tokens=(1,) * len(words),
    )


def test_agreement_is_whole_with_a_teacher_of_the_same_weights_and_signs_differ_if_opposite():
    texts = ["up up shares profit down fall", "apple share record earnings $ up!", "too few"]
    for sign, expected in ((1.0, [1.0, 1.0, 1.0]), (-1.0, [1.0, 0.0, -1.0])):
        explained = {text: explained_as(CLASSIFIER, text, sign) for text in texts}
        found = agreement_of(CLASSIFIER, explained)
        assert found.count == 2
        assert [one.weights for one in found.rows] == pytest.approx(expected)
        assert found.rows[0].random < 1.0


def test_weights_hold_better_than_random_ones_for_a_student_without_a_gap():
    shipped = dixtill.load()
    texts = ["Apple shares jump after record earnings", "Ford cuts its forecast, shares slide"]
    found = {one.name: one for one in faithfulness_of(shipped, shipped(texts * 3)).rows}
    assert found["leave one out"].weights > 0.7 > abs(found["leave one out"].random)
    assert found["comprehensiveness"].weights > found["comprehensiveness"].random
    assert faithfulness_of(shipped, [shipped("jump")]).rows == []


def test_the_texts_that_are_measured_are_spread_over_all():
    """In a file sorted by label, the first texts would all have one label."""
    items = list(range(1000))
    chosen = some(items)
    assert len(chosen) == 200
    assert (chosen[0], chosen[-1]) == (0, 999)
    assert {later - first for first, later in itertools.pairwise(chosen)} == {5, 6}
    assert some(items[:7]) == items[:7]
    assert some([]) == []


def report_of(
    tmp_path: Path,
    labels: tuple[str, str, str],
    texts: tuple[str, ...],
    text_weights: tuple[float, ...] = (),
) -> str:
    model = random_model(labels=labels, max_pieces=64)
    write_model(model, tmp_path / "s.safetensors")
    scores = Scores(0.5, 0.25, 0.125)
    history = tuple(
        EpochMetrics(
            epoch,
            2.0 / epoch,
            {"accuracy": 0.5, "macro_f1": (0.5, 0.6, 0.4)[epoch - 1]},
            (1.0, 1.1, 0.9)[epoch - 1],
            {"task": 1.0 / epoch, "kl": 0.5},
            weights={"real": text_weights[epoch - 1]} if text_weights else {},
        )
        for epoch in (1, 2, 3)
    )
    corpus = Corpus(texts, tuple(i % 3 for i in range(len(texts))), labels)
    explained = {text: explained_as(Classifier(model), text, 1.0) for text in texts}
    page = tmp_path / "report.html"
    write_report(page, tmp_path / "s.safetensors", history, scores, corpus, explained)
    return page.read_text(encoding="utf-8")


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_labels_and_texts_are_text(tmp_path):
    texts = (HOSTILE, "up \ud800 \x00 down", HOSTILE + " profit", "<b>up</b>", "", "up")
    tags = Tags(report_of(tmp_path, (HOSTILE, "<b>", '" onclick="x'), texts))
    assert not {"script", "img", "link", "iframe"} & set(tags.names)
    assert tags.names.count("style") == 1
    assert not [name for name, _ in tags.attributes if name.startswith("on") or name == "src"]
    assert HOSTILE in tags.text


def test_a_page_has_its_curves_its_best_epoch_and_no_request(tmp_path):
    page = report_of(tmp_path, ("bearish", "bullish", "neutral"), TEXTS)
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|url\(|@import", page)
    tags = Tags(page)
    assert tags.names.count("figure") == 3
    assert "best epoch: 2" in page
    for epoch in (1, 2, 3):
        assert f"task, epoch {epoch}: {1 / epoch:.4f}" in page
    for words in ("Right and sure", "Unsure", "comprehensiveness", "feature agreement"):
        assert words in tags.text


def test_a_page_shows_the_course_of_the_weights_of_texts(tmp_path):
    labels = ("bearish", "bullish", "neutral")
    page = report_of(tmp_path, labels, TEXTS, text_weights=(1.0, 0.75, 0.5))
    assert Tags(page).names.count("figure") == 4
    for epoch, value in ((1, 1.0), (2, 0.75), (3, 0.5)):
        assert f"real, epoch {epoch}: {value:.4f}" in page


def test_a_chart_places_values_in_proportion():
    chart = epochs_chart({"loss": [1.0, 3.0, 2.0]}, 1, "Losses")
    points = re.search(r'polyline points="([^"]+)"/><circle', chart).group(1).split()
    xs, ys = zip(*(map(float, point.split(",")) for point in points), strict=True)
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)
    assert ys[0] > ys[2] > ys[1]
    assert ys[0] - ys[2] == pytest.approx(ys[2] - ys[1], abs=0.2)


@pytest.mark.parametrize(
    "values", [[0.0], [5.0, 5.0], [float("nan"), 1e-9], [float("nan")], [1e6, -1e6]]
)
def test_any_curve_can_be_drawn(values):
    assert "nan" not in epochs_chart({"loss": values}, 1, "Losses").lower()


def test_the_area_of_a_dot_is_the_number_of_texts():
    chart = reliability_chart([Bin(0.5, 0.6, 4, 0.55, 0.5), Bin(0.9, 1.0, 16, 0.95, 1.0)], "c")
    small, large = (float(r) for r in re.findall(r'class="dot"[^>]* r="([0-9.]+)"', chart))
    assert (large - 2) / (small - 2) == pytest.approx(2, abs=0.05)
