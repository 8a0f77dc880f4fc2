"""A page of 2,000 texts is small, and its script shows all of them."""

from __future__ import annotations

import csv

import pytest
from explained import labeled, made_tweets
from pages import taught

import dixtill
from dixtill.pages.page import page_html

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["plain", "checked", "taught"])
def test_two_thousand_texts_are_small(opened, kind):
    answers = dixtill.infer(made_tweets(2000), check=kind == "checked")
    texts = labeled(answers)
    html = page_html(taught(texts) if kind == "taught" else texts, "2,000 texts")
    assert len(html.encode()) < 3_000_000
    assert_complete(opened, html)


def test_two_thousand_real_tweets_are_small(opened, tfns):
    with (tfns / "train.csv").open(newline="", encoding="utf-8") as file:
        tweets = [row["text"] for row in csv.DictReader(file)][:2000]
    html = page_html(labeled(dixtill.infer(tweets)), "2,000 texts")
    assert len(html.encode()) < 3_000_000
    assert_complete(opened, html)


def assert_complete(opened, html):
    page = opened(html)
    assert page.get_by_role("status").inner_text() == "2,000 of 2,000 texts"
    assert page.failures == []
