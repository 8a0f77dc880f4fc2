"""The loss of every method equals one that is computed by hand, in plain Python."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_training import CONFIG, OF_LABEL, PAPER, TRAIN, VALID, new_student, without_labels

from dixtill.distillation.student.examples import Batch, Examples
from dixtill.distillation.student.objective import distillation_terms, total_loss
from dixtill.distillation.student.outputs.softmax import NO_LABEL


def softmax(values: list[float], temperature: float = 1.0) -> list[float]:
    powers = [math.exp(value / temperature) for value in values]
    return [power / sum(powers) for power in powers]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def cross_entropy_by_hand(logits: list[list[float]], batch: Batch) -> float:
    """A text without a label adds nothing to the sum, but counts in the mean."""
    rows = zip(logits, batch.labels.tolist(), strict=True)
    return mean([0.0 if y == NO_LABEL else -math.log(softmax(row)[y]) for row, y in rows])


def kl_by_hand(logits: list[list[float]], batch: Batch, tau: float) -> float:
    rows = zip(batch.teacher_logits.tolist(), logits, strict=True)
    return tau**2 * mean(
        [
            sum(
                p * math.log(p / q)
                for p, q in zip(softmax(wanted, tau), softmax(given, tau), strict=True)
            )
            for wanted, given in rows
        ]
    )


def by_gates(words: list[list[float]], attention: list[float]) -> list[list[float]]:
    """Gate weights of the contributions [words][outputs], as in docs/adr/0016."""
    attended = sum(attention)
    log = -math.log(1 - attended)
    totals = [sum(output) for output in zip(*words, strict=True)]
    common = (log - attended) / attended**2
    return [
        [log / attended * own - common * a * total for own, total in zip(word, totals, strict=True)]
        for word, a in zip(words, attention, strict=True)
    ]


def disagreement_by_hand(output, batch: Batch, explanation: str) -> float:
    """(1 - cos) / 2, averaged over explained texts, of the student's words and the teacher's."""
    rows = []
    num_words, outputs = batch.attributions.shape[1:]
    for b, target in enumerate(batch.teacher_logits.argmax(dim=1).tolist()):
        words = [[0.0] * outputs for _ in range(num_words)]
        counts, attention = [0] * num_words, [0.0] * num_words
        for t, word in enumerate(batch.word_of_piece[b].tolist()):
            if word >= 0:
                shares = output.contributions[b, t].tolist()
                shares = [share - mean(shares) for share in shares]
                shown = shares if outputs == 3 else [shares[target]]
                if explanation == "scores":
                    shown = [float(output.scores[b, t])]
                words[word] = [a + b for a, b in zip(words[word], shown, strict=True)]
                counts[word] += 1
                attention[word] += float(output.attention[b, t])
        if explanation == "gates":
            words = by_gates(words, attention)
        if explanation == "scores":
            words = [[v / max(1, n) for v in word] for word, n in zip(words, counts, strict=True)]
        theirs = batch.attributions[b].flatten().tolist()
        if any(theirs):
            mine = [value for word in words for value in word]
            dot = sum(own * their for own, their in zip(mine, theirs, strict=True))
            rows.append((1 - dot / (math.hypot(*mine) * math.hypot(*theirs))) / 2)
    return mean(rows)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "none"},
        {"method": "mse"},
        {"method": "kl"},
        {"method": "kl", "kl": "bounded"},
        {"method": "dixtill"},
        {"method": "dixtill", "explained_classes": "predicted"},
        {"method": "dixtill-paper"},
        {"method": "dixtill-paper", "kl": "plain", "temperature": 2.0},
        {"method": "dixtill", "alpha": 0.0},
        {"method": "dixtill", "alpha": 1.0},
        {"method": "dixtill", "explanation_weight": 0.5},
    ],
    ids=str,
)
def test_the_loss_is_the_one_worked_out_by_hand(changes):
    base = PAPER if changes["method"] == "dixtill-paper" else CONFIG
    config = replace(base, **changes)
    labeled, _ = (TRAIN, VALID) if config.explained_classes == "all" else OF_LABEL
    others = without_labels(labeled, TRAIN.teacher_logits.flip(0))
    examples = Examples.joined([labeled, others])
    batch = examples.batch(np.arange(60, 69))  # four with a label, five without
    with torch.no_grad():
        output = new_student().eval()(batch.piece_ids, batch.mask)
        actual = float(total_loss(config, distillation_terms(config, output, batch)))
    logits = output.logits.tolist()
    task = cross_entropy_by_hand(logits, batch)
    if config.method == "mse":
        pairs = zip(logits, batch.teacher_logits.tolist(), strict=True)
        imitation = mean([(s - t) ** 2 for row in pairs for s, t in zip(*row, strict=True)])
    else:
        imitation = kl_by_hand(logits, batch, config.temperature)
        if config.kl == "bounded":
            imitation = 1 - math.exp(-imitation)
    if config.method.startswith("dixtill"):
        disagreement = disagreement_by_hand(output, batch, config.explanation)
        imitation += config.explanation_weight * disagreement
    alpha = 0.0 if config.method == "none" else config.alpha
    assert actual == pytest.approx((1 - alpha) * task + alpha * imitation, rel=1e-5)


def test_classes_weigh_by_their_chance_of_being_explained():
    batch = TRAIN.batch(np.arange(8))
    with torch.no_grad():
        output = new_student()(batch.piece_ids, batch.mask)
    found = [
        distillation_terms(CONFIG, output, batch._replace(explained=weights.expand(8, 3)))
        for weights in (torch.tensor([1.0, 1.0, 0.0]), torch.tensor([1.0, 1.0, 2.0]))
    ]
    without, twice = (float(terms["explanation"]) for terms in found)
    assert 0 < without < twice
