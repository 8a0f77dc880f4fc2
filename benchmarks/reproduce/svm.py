"""Trains a linear SVM on TF-IDF of word 1- and 2-grams and character 2- to 5-grams."""

from __future__ import annotations

import pickle
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from benchmarks.reproduce import answers
from benchmarks.reproduce.alternatives import Fitted, Settings, best
from benchmarks.reproduce.corpora import Corpora, cleaned
from dixtill.specification.cleaning import DEFAULT_RULES, clean

COSTS = (0.1, 0.3, 1.0, 3.0)


def fit(corpora: Corpora, chosen: Settings | None = None) -> Fitted:
    """Train on features that occur in at least two texts; the file is a pickle of the pipeline."""
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        TfidfVectorizer(analyzer="char", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
    )
    matrix = features.fit_transform(cleaned(corpora.train))

    def trained(settings: Settings) -> Any:
        return LinearSVC(C=settings["C"], random_state=0).fit(matrix, corpora.train.labels)

    if chosen is None:
        held_out = features.transform(cleaned(corpora.held_out))
        candidates = [{"C": cost} for cost in COSTS]
        chosen = best(candidates, corpora.held_out, lambda s: trained(s).predict(held_out))
    model: Any = make_pipeline(features, trained(chosen))
    return Fitted(
        ask=lambda text: int(model.predict([clean(text, DEFAULT_RULES)])[0]),
        ask_all=lambda corpus: answers.of_labels(model.predict(cleaned(corpus)).tolist()),
        num_bytes=len(pickle.dumps(model)),
        chosen=chosen,
    )
