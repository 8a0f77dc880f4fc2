"""Any string has an answer, drawn by hypothesis."""

from __future__ import annotations

import json
import math

import pytest
from examples import examples
from tiny_students import random_model

from dixtill.runtime.classifier import Classifier

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

CLASSIFIER = Classifier(random_model())
TEXT = st.text(max_size=80) | st.text("upshare&;#x0amp$.%- \ud800\u0301中www://", max_size=80)


@hypothesis.given(texts=st.lists(TEXT, max_size=5))
@hypothesis.settings(max_examples=examples(300), deadline=None)
def test_any_texts_are_answered_alone_as_in_a_list(texts):
    predictions = CLASSIFIER(texts)
    assert predictions == [CLASSIFIER(text) for text in texts]
    for text, prediction in zip(texts, predictions, strict=True):
        assert all(word.text == text[word.start : word.end] for word in prediction.words)
        assert all(math.isfinite(word.weight) for word in prediction.words)
        json.dumps(prediction.to_dict(), ensure_ascii=False).encode()
