"""Answers with a weight for each word: a teacher's integrated gradients, or the student's own.

A teacher first answers and is then explained in 50 steps; dixtill's weights come with its answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dixtill
from benchmarks import names, peers
from benchmarks.conftest import Compare
from benchmarks.rounds import Candidate
from benchmarks.shipped_student import explained, specified
from benchmarks.texts import LABELS, TWEETS
from dixtill.runtime.targets import supported_targets
from dixtill.specification.model_file import StudentModel

STEPS = 50
TEXT = TWEETS[12]


class Explained(NamedTuple):
    label: str
    attributions: Tensor  # [tokens]
    difference: float  # of the explained output, text minus baseline


def test_explanations_of_minilm(
    compare: Compare, minilm: nn.Module, tokenizer: Any, student: StudentModel
) -> None:
    candidates = []
    if peers.is_installed("Captum"):
        candidates.append(_by_captum(names.MINILM_CAPTUM, minilm, tokenizer))
    if peers.is_installed("transformers-interpret"):
        candidates.append(_by_transformers_interpret(minilm, tokenizer))
    compare(names.explanation("MiniLM-L6"), [*candidates, _by_dixtill(student), _checked()])


@pytest.mark.skipif(
    not peers.is_installed("Captum"), reason=f"Captum: {peers.what_to_install('Captum')}"
)
def test_explanations_of_bert(
    compare: Compare, bert: nn.Module, tokenizer: Any, student: StudentModel
) -> None:
    candidates = [_by_captum(names.BERT_CAPTUM, bert, tokenizer), _by_dixtill(student)]
    compare(names.explanation("BERT-base"), candidates, min_rounds=3, seconds=5.0)


def captum_explainer(model: Any, tokenizer: Any) -> Callable[[str], Explained]:
    """Integrate by Gauss-Legendre from a text of [PAD], at the word embeddings."""
    from captum.attr import LayerIntegratedGradients

    def outputs(ids: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = model(input_ids=ids, attention_mask=mask).logits
        return logits

    explainer = LayerIntegratedGradients(outputs, model.get_input_embeddings())

    def explain(text: str) -> Explained:
        encoded = tokenizer(text, return_tensors="pt")
        ids, mask = encoded["input_ids"], encoded["attention_mask"]
        baseline = ids.clone()
        baseline[:, 1:-1] = tokenizer.pad_token_id
        with torch.no_grad():
            answer, start = outputs(ids, mask)[0], outputs(baseline, mask)[0]
        target = int(answer.argmax())
        attributions = explainer.attribute(
            ids, baseline, target, additional_forward_args=(mask,), n_steps=STEPS
        )
        difference = float(answer[target] - start[target])
        return Explained(LABELS[target], attributions[0].sum(dim=-1), difference)

    return explain


def _by_captum(name: str, model: nn.Module, tokenizer: Any) -> Candidate:
    explain = captum_explainer(model, tokenizer)

    def check(explained: Explained) -> None:
        """Check completeness: attributions sum up to the difference that they explain."""
        largest = float(explained.attributions.abs().sum())
        assert largest > 0
        error = abs(float(explained.attributions.sum()) - explained.difference)
        assert error <= 0.01 * largest

    return Candidate(name, lambda: explain(TEXT), check)


def _by_transformers_interpret(model: nn.Module, tokenizer: Any) -> Candidate:
    from transformers_interpret import SequenceClassificationExplainer

    explainer: Any = SequenceClassificationExplainer(model, tokenizer)

    def check(explained: list[tuple[str, float]]) -> None:
        """Check the tokens, the weights' length of 1, and that the predicted class is explained."""
        assert [token for token, _ in explained] == tokenizer.tokenize(
            TEXT, add_special_tokens=True
        )
        assert math.isclose(sum(weight**2 for _, weight in explained), 1, rel_tol=1e-4)
        with torch.no_grad():
            logits = model(**tokenizer(TEXT, return_tensors="pt")).logits
        assert explainer.selected_index == int(logits.argmax())

    return Candidate(names.MINILM_INTERPRET, lambda: explainer(TEXT, n_steps=STEPS), check)


def _by_dixtill(student: StudentModel) -> Candidate:
    target = supported_targets()[0]
    classifier = dixtill.load(dixtill.SHIPPED_MODEL, kernel=target)
    forward = specified(student, TEXT)
    label = int(forward.logits[0].argmax())
    # The weights sum up to the label's contributions minus their mean over labels (README).
    shares = forward.contributions.astype(np.float64)
    expected = (shares[:, label] - shares.mean(axis=1)).sum()

    def check(answer: dixtill.Prediction) -> None:
        assert answer.label == student.settings.labels[label]
        assert math.isclose(sum(word.weight for word in answer.words), expected, rel_tol=1e-5)

    return Candidate(names.dixtill(target), lambda: explained(classifier, TEXT), check)


def _checked() -> Candidate:
    """Return the answer, each word's effect, and the fewest words that change the label."""
    target = supported_targets()[0]
    classifier = dixtill.load(dixtill.SHIPPED_MODEL, kernel=target)

    def answer() -> dixtill.Prediction:
        prediction = classifier(TEXT, check=True)
        assert prediction.check
        return prediction

    def check(answer: dixtill.Prediction) -> None:
        """Check that spaces in place of these words change the label."""
        assert answer.check is not None
        assert answer.check.flip
        assert len(answer.check.effects) == len(answer.words)
        chars = list(TEXT)
        for word in (answer.words[i] for i in answer.check.flip):
            chars[word.start : word.end] = " " * (word.end - word.start)
        assert classifier("".join(chars)).label != answer.label

    return Candidate(names.checked(target), answer, check)
