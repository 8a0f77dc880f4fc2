"""Trains fastText on words and bigrams, plain and quantized, otherwise with its defaults.

It is called through its binding, because NumPy 2 refuses the array copy of its Python wrapper.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.reproduce import answers
from benchmarks.reproduce.alternatives import Fitted, Settings, best
from benchmarks.reproduce.corpora import Corpora
from dixtill.distillation.data.corpus import Corpus
from dixtill.specification.cleaning import DEFAULT_RULES, clean

CANDIDATES: list[Settings] = [
    {"lr": rate, "epoch": epochs} for rate in (0.1, 0.5, 1.0) for epochs in (5, 25)
]
BUCKETS = 2_000_000  # of bigrams, its default
_KEPT_FEATURES = 100_000
_PREFIX = "__label__"
_PUNCTUATION = re.compile(r"([^\w\s])")


def fit(corpora: Corpora, seed: int, quantized: bool, chosen: Settings | None = None) -> Fitted:
    """Train fastText plain, with 800 MB for its two million buckets, or quantized.

    Quantizing, as in its tutorial, keeps 100,000 features, quantizes norms too, and trains again.
    """
    num_classes = len(corpora.train.label_names)
    with tempfile.TemporaryDirectory(prefix="dixtill-reproduce-") as name:
        path = Path(name) / "train.txt"
        path.write_text(_lines(corpora.train), encoding="utf-8")
        if chosen is None:
            chosen = best(
                CANDIDATES,
                corpora.held_out,
                lambda settings: _ask_all(
                    _trained(path, settings, seed), corpora.held_out, num_classes
                )["predicted"],
            )
        model = _trained(path, chosen, seed)
        if quantized:
            model.quantize(
                input=str(path), qnorm=True, retrain=True, cutoff=_KEPT_FEATURES, thread=1
            )
        file = Path(name) / "model"
        model.save_model(str(file))
        num_bytes = file.stat().st_size
    return Fitted(
        ask=lambda text: _class_of(model.f.predict(line_of(text), 1, 0.0, "strict")[0][1]),
        ask_all=lambda corpus: _ask_all(model, corpus, num_classes),
        num_bytes=num_bytes,
        chosen=chosen,
    )


def _trained(path: Path, settings: Settings, seed: int) -> Any:
    import fasttext

    return fasttext.train_supervised(
        str(path),
        wordNgrams=2,
        bucket=BUCKETS,
        lr=settings["lr"],
        epoch=int(settings["epoch"]),
        seed=seed + 1,  # its generator takes 0 for 1
        thread=1,
        verbose=0,
    )


def _lines(corpus: Corpus) -> str:
    pairs = zip(corpus.labels, corpus.texts, strict=True)
    return "".join(f"{_PREFIX}{label} {line_of(text)}" for label, text in pairs)


def line_of(text: str) -> str:
    """Return the text in lower case, with punctuation set apart, as in fastText's tutorial."""
    apart = _PUNCTUATION.sub(r" \1 ", clean(text, DEFAULT_RULES).lower())
    return " ".join(apart.encode("utf-8", "replace").decode().split()) + "\n"


def _class_of(label: str) -> int:
    return int(label.removeprefix(_PREFIX))


def _ask_all(model: Any, corpus: Corpus, num_classes: int) -> dict[str, Any]:
    probabilities = np.zeros((len(corpus), num_classes))
    for row, text in zip(probabilities, corpus.texts, strict=True):
        for value, label in model.f.predict(line_of(text), num_classes, 0.0, "strict"):
            row[_class_of(label)] = value
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # they sum to 1 within 1e-4
    return answers.of_probabilities(probabilities.tolist())
