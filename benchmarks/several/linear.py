"""Fits the peers: TF-IDF with a linear model for each label or for the number, and fastText.

Each chooses its settings on the held-out texts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from benchmarks.reproduce.fast_text import line_of
from benchmarks.several.corpora import Corpora
from benchmarks.several.scores import quality
from dixtill.distillation.data.corpus import Corpus

Answers = npt.NDArray[np.float64]  # probabilities [N, C] or numbers [N, 1]
Answer = Callable[[Corpus], Answers]

PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)  # of TF-IDF's model: C, or 1 / alpha
FAST_TEXT = [(rate, epochs) for rate in (0.1, 0.3, 1.0) for epochs in (10, 25)]
_PREFIX = "__label__"


def tf_idf(corpora: Corpora, seed: int) -> Answer:
    """Fit words and pairs of words; the seed is that of the solver."""
    fitted = [_fitted(corpora.train, penalty, seed) for penalty in PENALTIES]
    return max(fitted, key=lambda answer: quality(answer(corpora.held_out), corpora.held_out))


def _fitted(train: Corpus, penalty: float, seed: int) -> Answer:
    features = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    if train.output == "number":
        ridge = make_pipeline(features, Ridge(alpha=1 / penalty, random_state=seed))
        ridge.fit(train.texts, train.targets[:, 0])
        return lambda corpus: np.asarray(ridge.predict(corpus.texts))[:, None]
    one = LogisticRegression(C=penalty, max_iter=1000, solver="liblinear", random_state=seed)
    model = make_pipeline(features, OneVsRestClassifier(one))
    model.fit(train.texts, train.targets)
    return lambda corpus: np.asarray(model.predict_proba(corpus.texts))


def fast_text(corpora: Corpora, seed: int) -> Answer:
    """Train fastText on words and bigrams with a sigmoid for each label (one-vs-all)."""
    with tempfile.TemporaryDirectory(prefix="dixtill-several-") as folder:
        path = Path(folder) / "train.txt"
        path.write_text(_lines(corpora.train), encoding="utf-8")
        fitted = [_trained(path, rate, epochs, seed) for rate, epochs in FAST_TEXT]
    answers = [_asking(model, len(corpora.train.label_names)) for model in fitted]
    return max(answers, key=lambda answer: quality(answer(corpora.held_out), corpora.held_out))


def _trained(path: Path, rate: float, epochs: int, seed: int) -> Any:
    import fasttext

    return fasttext.train_supervised(
        str(path), wordNgrams=2, lr=rate, epoch=epochs, loss="ova", seed=seed + 1, thread=1,
        bucket=200_000, verbose=0,
    )  # fmt: skip


def _lines(corpus: Corpus) -> str:
    """Return a line for each text with its labels; one without labels is left out."""
    rows = zip(corpus.targets, corpus.texts, strict=True)
    named = ((" ".join(f"{_PREFIX}{k}" for k in np.flatnonzero(has)), text) for has, text in rows)
    return "".join(f"{labels} {line_of(text)}" for labels, text in named if labels)


def _asking(model: Any, num_labels: int) -> Answer:
    def ask(corpus: Corpus) -> Answers:
        found = np.zeros((len(corpus), num_labels))
        for row, text in zip(found, corpus.texts, strict=True):
            for value, label in model.f.predict(line_of(text), num_labels, 0.0, "strict"):
                row[int(label.removeprefix(_PREFIX))] = value
        return found

    return ask
