"""Popular quick classifiers, trained for the benchmark on a made-up corpus."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.texts import made_up_tweets

NUM_TWEETS = 5000
_PREFIX = "__label__"


class Trained(NamedTuple):
    label: Callable[[str], str]
    labels: Callable[[Sequence[str]], list[str]]
    num_bytes: int


def fasttext_bigrams(folder: Path) -> Trained:
    """Train fastText with its defaults: width 100, two million buckets for bigrams, 800 MB.

    It is called through its binding, which saves the time of its Python wrapper (and avoids the
    wrapper's array copy, which NumPy 2 refuses).
    """
    import fasttext

    corpus = folder / "corpus.txt"
    lines = (f"{_PREFIX}{label} {text}\n" for text, label in made_up_tweets(NUM_TWEETS))
    corpus.write_text("".join(lines), encoding="utf-8")
    model = fasttext.train_supervised(str(corpus), wordNgrams=2, epoch=5, thread=1, verbose=0)

    def label(text: str) -> str:
        name: str = model.f.predict(text + "\n", 1, 0.0, "strict")[0][1]
        return name.removeprefix(_PREFIX)

    buckets = model.f.getArgs().bucket
    num_bytes = 4 * model.get_dimension() * (len(model.words) + buckets + len(model.labels))
    return Trained(label, lambda texts: [label(text) for text in texts], num_bytes)


def tfidf_logistic_regression() -> Trained:
    """Train scikit-learn's logistic regression on TF-IDF of words and bigrams."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts, labels = zip(*made_up_tweets(NUM_TWEETS), strict=True)
    model: Any = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(max_iter=1000)
    )
    model.fit(texts, labels)
    return Trained(
        lambda text: str(model.predict([text])[0]),
        lambda texts: list(model.predict(texts)),
        len(pickle.dumps(model)),
    )
