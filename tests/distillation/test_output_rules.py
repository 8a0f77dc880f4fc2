"""What training does with each kind of output, compared with PyTorch and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error
from sklearn.utils.class_weight import compute_sample_weight
from torch.distributions import Bernoulli, kl_divergence
from torch.nn import functional

from dixtill.distillation.config import DistillConfig
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.data.scale import Scale
from dixtill.distillation.data.text_weights import text_weights
from dixtill.distillation.network.student import Student
from dixtill.distillation.student import losses
from dixtill.distillation.student.calibration import divide_logits, put_unit_into
from dixtill.distillation.student.outputs import SOFTMAX, rules_for
from dixtill.distillation.student.outputs.number import NumberRules
from dixtill.distillation.student.outputs.sigmoid import SigmoidRules
from dixtill.errors import InputError
from dixtill.runtime.model_file.shape import StudentShape

SIGMOID, NUMBER = SigmoidRules(), NumberRules(Scale(5.0, 2.0))
RULES = {"softmax": SOFTMAX, "sigmoid": SIGMOID, "number": NUMBER}
CLASSES = Corpus(tuple("abcdef"), (0, 1, 1, 2, 1, 1), ("x", "y", "z"))
SETS = Corpus(
    tuple("abcdef"), ((0, 1), (), (1,), (1,), (0, 1, 2), (1,)), ("x", "y", "z"), "sigmoid"
)
NUMBERS = Corpus(tuple("abcdef"), (1.0, 2.5, 9.0, -4.0, 0.0, 3.0), ("stars",), "number")
CORPORA = {"softmax": CLASSES, "sigmoid": SETS, "number": NUMBERS}


def logits(corpus: Corpus, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(len(corpus), len(corpus.label_names), generator=generator)


def test_the_loss_of_several_labels_is_that_of_pytorch_summed_over_them():
    given, targets = logits(SETS, 0), SIGMOID.targets(SETS.targets)
    expected = functional.binary_cross_entropy_with_logits(given, targets) * 3
    torch.testing.assert_close(SIGMOID.task_loss(given, targets), expected)


def test_the_loss_of_numbers_is_hubers_of_standardized_ones():
    given, targets = logits(NUMBERS, 0), NUMBER.targets(NUMBERS.targets)
    expected = functional.huber_loss(given, (targets - 5) / 2)
    torch.testing.assert_close(NUMBER.task_loss(given, targets), expected)
    torch.testing.assert_close(NUMBER.kl_loss(given, targets, 7.0), expected)


@pytest.mark.parametrize("tau", [1.0, 3.0])
def test_the_divergence_of_several_labels_is_that_of_pytorch(tau):
    student, teacher = logits(SETS, 0), logits(SETS, 1)
    expected = tau**2 * kl_divergence(
        Bernoulli(logits=teacher / tau), Bernoulli(logits=student / tau)
    ).sum(dim=1)
    torch.testing.assert_close(SIGMOID.kl_by_text(student, teacher, tau), expected)
    assert not SIGMOID.kl_by_text(student, student, tau).any()
    certain = SIGMOID.kl_by_text(torch.full((1, 2), -200.0), torch.full((1, 2), 200.0), 1.0)
    assert float(certain) == pytest.approx(400)


@pytest.mark.parametrize("output", RULES)
def test_a_text_without_labels_adds_nothing_but_counts_in_the_mean(output):
    rules, corpus = RULES[output], CORPORA[output]
    given, targets = logits(corpus, 0), rules.targets(corpus.targets)
    more = torch.cat([targets, rules.no_targets(2, len(corpus.label_names))])
    assert rules.is_labeled(more).tolist() == [True] * 6 + [False] * 2
    wide = torch.cat([given, given[:2]]).requires_grad_()
    loss = rules.task_loss(wide, more)
    torch.testing.assert_close(loss.detach(), rules.task_loss(given, targets) * 6 / 8)
    loss.backward()
    assert not wide.grad[6:].any()
    assert wide.grad[:6].any()


@pytest.mark.parametrize("output", RULES)
def test_a_weight_of_two_counts_a_text_twice(output):
    rules, corpus = RULES[output], CORPORA[output]
    given, teacher = logits(corpus, 0), logits(corpus, 1)
    targets, twice = rules.targets(corpus.targets), [0, 0, 1, 2, 3, 4, 5]
    weights = torch.tensor([2.0, 1, 1, 1, 1, 1]) * 6 / 7
    torch.testing.assert_close(
        rules.task_loss(given, targets, weights), rules.task_loss(given[twice], targets[twice])
    )
    torch.testing.assert_close(
        rules.kl_loss(given, teacher, 2.0, weights),
        rules.kl_loss(given[twice], teacher[twice], 2.0),
    )


@pytest.mark.parametrize("output", RULES)
def test_a_margin_is_as_far_as_the_answer_depends_on_the_logit(output):
    """Adding the same to all logits changes no softmax, but it changes every other answer."""
    rules, values = RULES[output], torch.tensor([[1.0, 2.0, 6.0]])
    margins = rules.margins(values)
    assert margins.tolist() == ([[-2, -1, 3]] if output == "softmax" else values.tolist())
    unchanged = torch.allclose(rules.answers(values), rules.answers(values + 1))
    assert unchanged == torch.allclose(margins, rules.margins(values + 1))


def test_the_teachers_answers_are_standardized_like_the_labels():
    assert NUMBER.known(torch.tensor([[9.0]])).tolist() == [[2.0]]
    assert NUMBER.answers(torch.tensor([[2.0]])).tolist() == [[9.0]]
    same = logits(SETS, 0)
    assert SIGMOID.known(same) is same


def test_the_rules_of_numbers_take_their_scale_from_the_training_texts():
    scale = rules_for(NUMBERS).scale
    assert scale == pytest.approx((np.mean(NUMBERS.labels), np.std(NUMBERS.labels)))
    same = Corpus(("a", "b"), (3.0, 3.0), ("x",), "number")
    with pytest.raises(InputError, match="labeled with the number 3"):
        rules_for(same)


@pytest.mark.parametrize("true", [0.5, 3.0])
def test_each_label_gets_the_temperature_that_made_its_answers(true):
    generator = torch.Generator().manual_seed(0)
    given = 3 * torch.randn(4000, 3, generator=generator)
    targets = torch.bernoulli(given.sigmoid(), generator=generator)
    targets[:, 2] = 0  # nothing can be fitted to a label that no text has
    factors = torch.tensor([true, 2 * true, true])
    found = SIGMOID.temperature(given * factors, targets)
    assert found == [pytest.approx(true, rel=0.1), pytest.approx(2 * true, rel=0.1), 1.0]
    assert NUMBER.temperature(given[:, :1], targets[:, :1]) == 1.0


def test_temperatures_and_units_are_put_into_the_head():
    torch.manual_seed(0)
    ids, mask = torch.tensor([[1, 2, 3]]), torch.ones(1, 3, dtype=torch.bool)
    student = Student(StudentShape("lstm", 5, 4, 3, 2, 3, 2, "sigmoid")).eval()
    before = student(ids, mask).logits.detach()
    divide_logits(student, [2.0, 4.0, 0.5])
    torch.testing.assert_close(student(ids, mask).logits, before / torch.tensor([2.0, 4.0, 0.5]))
    student = Student(StudentShape("lstm", 5, 4, 3, 2, 1, 2, "number")).eval()
    before = student(ids, mask).logits.detach()
    assert put_unit_into(student, Scale(5.0, 2.0)) == {"scale": {"mean": 5.0, "unit": 2.0}}
    torch.testing.assert_close(student(ids, mask).logits, before * 2 + 5)
    assert put_unit_into(student, Scale()) == {}


@pytest.mark.parametrize("output", RULES)
def test_scores_are_those_of_scikit_learn(output):
    rules, corpus = RULES[output], CORPORA[output]
    given = logits(corpus, 3)
    scores = rules.scores(given, rules.targets(corpus.targets))
    if output == "number":
        numbers = (given * 2 + 5)[:, 0].numpy()
        assert scores.mean_absolute_error == pytest.approx(
            mean_absolute_error(corpus.labels, numbers), rel=1e-5
        )
        assert scores.pearson == pytest.approx(pearsonr(corpus.labels, numbers).statistic, rel=1e-5)
        assert scores.quality == -scores.mean_absolute_error
    elif output == "sigmoid":
        assert scores.quality == scores.micro_f1 + scores.macro_f1
    else:
        assert scores.accuracy == np.mean(given.argmax(dim=1).numpy() == corpus.labels)
        assert scores.quality == scores.accuracy + scores.macro_f1


def test_balanced_weights_are_those_of_scikit_learn():
    expected = compute_sample_weight("balanced", CLASSES.labels)
    np.testing.assert_allclose(text_weights(CLASSES, "balanced"), expected, rtol=1e-6)
    assert text_weights(CLASSES, "equal") is None


def test_a_text_of_several_labels_counts_as_its_rarest():
    """x twice, y five times, z once; one text has none."""
    assert SETS.groups.tolist() == [0, 3, 1, 1, 2, 1]
    expected = compute_sample_weight("balanced", SETS.groups)
    np.testing.assert_allclose(text_weights(SETS, "balanced"), expected, rtol=1e-6)


def test_weights_of_texts_multiply_those_of_classes():
    own = Corpus(CLASSES.texts, CLASSES.labels, CLASSES.label_names, "softmax", (1, 1, 3, 1, 1, 0))
    np.testing.assert_allclose(text_weights(own, "equal"), np.array(own.weights) * 6 / 7, rtol=1e-6)
    both = np.array(own.weights) * compute_sample_weight("balanced", own.labels)
    np.testing.assert_allclose(text_weights(own, "balanced"), both / both.mean(), rtol=1e-6)
    assert own.take([2, 5]).weights == (3, 0)
    assert own.digest() != CLASSES.digest()
    with pytest.raises(InputError, match="class_weight is 'balanced', but numbers have no classes"):
        text_weights(NUMBERS, "balanced")


def test_the_weight_of_a_class_is_a_setting():
    assert DistillConfig.of(class_weight="balanced").class_weight == "balanced"
    with pytest.raises(InputError, match="unknown class_weight 'even', expected one of equal, bal"):
        DistillConfig.of(class_weight="even")


def test_the_additivity_of_labels_is_not_centered():
    weights, removed = torch.tensor([[[1.0, 3.0]]]), torch.tensor([[True]])
    assert float(losses.additivity_loss(weights, removed, SIGMOID.margins(weights[:, 0]))) == 0
