"""Weights of texts and classes, and data that are hardly enough to learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import toy_training
from small_course import TRAIN, VALID, run
from tiny_finetuning import CONFIG, weights
from tiny_finetuning import TRAIN as FINE_TRAIN
from tiny_finetuning import VALID as FINE_VALID
from transformers import BertConfig, BertForSequenceClassification

from dixtill.distillation.config import CourseSettings
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.data.sources import read_course_texts
from dixtill.distillation.fine_tuning.finetune import finetune
from dixtill.distillation.fine_tuning.weighted_loss import weighted_loss
from dixtill.distillation.student.objective import answer_losses, answer_terms
from dixtill.errors import InputError

pytestmark = pytest.mark.slow

# One epoch, so that the validation texts choose nothing.
QUICK = {"epochs": 1, "learning_rate": 0.03, "calibrate": False, "batch_size": 4}


def weighed(corpus: Corpus, *factors: float) -> Corpus:
    return replace(corpus, weights=tuple(np.resize(factors, len(corpus)).tolist()))


def bits(result) -> bytes:
    return b"".join(t.numpy().tobytes() for t in result.float_student.state_dict().values())


def test_equal_weights_change_no_bit(tmp_path):
    plain, equal = (
        bits(run(None, tmp_path / name, "none", train=train))
        for name, train in (("plain", TRAIN), ("equal", weighed(TRAIN, 3.0)))
    )
    assert plain == equal


def test_a_student_learns_more_from_texts_that_weigh_more(tmp_path):
    """The same texts with two labels: the weights decide which is learned."""
    texts = TRAIN.texts * 8
    labels = tuple(copy % 2 for copy in range(8) for _ in TRAIN.texts)
    valid = Corpus(VALID.texts, (0, 1) * 4, ("a", "b"))
    answers = []
    for label in (0, 1):
        own = tuple(9.0 if given == label else 1.0 for given in labels)
        train = Corpus(texts, labels, ("a", "b"), "softmax", own)
        settings = {"train": train, "valid": valid, **QUICK}
        result = run(None, tmp_path / str(label), "none", **settings)
        answers += [p.probabilities["b"] for p in result.student(list(TRAIN.texts[:1]))]
    assert answers == pytest.approx([0.1, 0.9], abs=0.05)


def test_balanced_classes_count_as_much(tmp_path):
    """A ninth of the texts are of the class few, and nothing tells them from the others."""
    train = Corpus(TRAIN.texts * 9, (1,) * len(TRAIN) + (0,) * 8 * len(TRAIN), ("many", "few"))
    valid = Corpus(VALID.texts, (0, 1) * 4, train.label_names)
    few = []
    for class_weight in ("equal", "balanced"):
        settings = {"train": train, "valid": valid, "class_weight": class_weight, **QUICK}
        result = run(None, tmp_path / class_weight, "none", **settings)
        few += [p.probabilities["few"] for p in result.student(list(TRAIN.texts[:1]))]
    assert few == pytest.approx([1 / 9, 1 / 2], abs=0.12)


@pytest.mark.parametrize(
    ("problem", "labels"),
    [
        ("single_label_classification", torch.tensor([0, 2, 1])),
        ("multi_label_classification", torch.tensor([[1.0, 0, 1], [0, 0, 0], [0, 1, 0]])),
        ("regression", torch.tensor([0.5, -1.0, 2.0])),
    ],
)
def test_a_teachers_weighted_loss_with_equal_weights_is_that_of_transformers(problem, labels):
    torch.manual_seed(0)
    num_labels = 1 if problem == "regression" else 3
    config = BertConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, num_labels=num_labels, problem_type=problem,
    )  # fmt: skip
    model = BertForSequenceClassification(config).eval()
    found = model(input_ids=torch.tensor([[1, 2], [3, 4], [5, 6]]), labels=labels)
    output = {"s": "softmax", "m": "sigmoid", "r": "number"}[problem[0]]
    own = weighted_loss(output, found.logits, labels, torch.ones(3))
    torch.testing.assert_close(own, found.loss)
    twice = weighted_loss(output, found.logits, labels, torch.tensor([3.0, 0, 0]))
    torch.testing.assert_close(
        twice, model(input_ids=torch.tensor([[1, 2]]), labels=labels[:1]).loss
    )


def test_a_teacher_learns_from_weights(bert_base, tmp_path):
    """Texts of the weight 0 might as well not be there, but for the number of steps."""
    config = replace(CONFIG, epochs=1)
    wrong = tuple(1 - label for label in FINE_TRAIN.labels)
    own = weighed(FINE_TRAIN, 1.0, 0.0)
    changed = replace(
        own,
        labels=tuple(
            label if weight else other
            for label, weight, other in zip(own.labels, own.weights, wrong, strict=True)
        ),
    )
    finetune(bert_base, own, FINE_VALID, config, tmp_path / "own")
    finetune(bert_base, changed, FINE_VALID, config, tmp_path / "changed")
    finetune(bert_base, FINE_TRAIN, FINE_VALID, config, tmp_path / "plain")
    first, second, plain = (weights(tmp_path / name) for name in ("own", "changed", "plain"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], plain[name]) for name in first)


def test_weights_are_read_from_a_column_of_the_training_texts(tmp_path):
    train = tmp_path / "train.csv"
    train.write_text("text,label,w\na,x,2\nb,y,0.5\n")
    (tmp_path / "valid.csv").write_text("text,label\nc,x\n")
    settings = CourseSettings(weight_column="w")
    texts = read_course_texts(train, tmp_path / "valid.csv", None, settings)
    assert texts.train.weights == (2.0, 0.5)
    assert texts.valid.weights is None
    for wrong, message in (
        ("-1", "expected a weight from 0 on"),
        ("x", "expected a finite number"),
    ):
        train.write_text(f"text,label,w\na,x,{wrong}\n")
        with pytest.raises(
            InputError, match=f"line 2: the column 'w' is '{wrong}', .*{message}|{message}"
        ):
            read_course_texts(train, None, None, settings)
    train.write_text("text,label,w\na,x,0\nb,y,0\n")
    with pytest.raises(InputError, match="all numbers in 'w' are 0"):
        read_course_texts(train, None, None, settings)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_class_of_few_texts_is_learned_and_may_be_missing_from_validation(count, tmp_path):
    rare = Corpus(TRAIN.texts[:20], (0, 1) * 10, ("a", "b", "rare"))
    rare = replace(rare, labels=(2,) * count + rare.labels[count:])
    train, valid = rare.split(0.2, seed=0)
    assert 2 not in valid.labels or count == 3
    result = run(None, tmp_path / "run", "none", train=train, valid=valid, class_weight="balanced")
    assert 0 <= result.scores.macro_f1 <= 1


def test_texts_of_a_single_class_are_refused_without_a_teacher(tmp_path):
    one = Corpus(TRAIN.texts, (0,) * len(TRAIN), ("only",))
    with pytest.raises(InputError, match="only the label 'only', so that nothing can be learned"):
        run(None, tmp_path / "run", "none", train=one, valid=one)


def test_copies_with_contradicting_labels_share_their_probability(tmp_path):
    texts = ("shares jump",) * 40
    both = Corpus(texts, (0, 1) * 20, ("a", "b"))
    result = run(None, tmp_path / "run", "none", train=both, valid=both, epochs=8)
    assert result.student("shares jump").probability == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("method", ["kl", "mse"])
def test_a_text_weighs_in_the_loss_of_the_teachers_answer_too(method):
    """Beside the weight that a teaching gives it."""
    config = replace(toy_training.CONFIG, method=method)
    batch = toy_training.TRAIN.batch(np.arange(8))
    logits = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    own, taught = torch.arange(8.0), torch.linspace(0.5, 1.5, 8)
    terms = answer_terms(config, logits, batch._replace(text_weights=own, weights=taught))
    by_text = answer_losses(config, logits, batch)
    torch.testing.assert_close(terms[method], (own * taught * by_text).mean())
    labels = torch.nn.functional.cross_entropy(logits, batch.labels, reduction="none")
    torch.testing.assert_close(terms["task"], (own * labels).mean())
