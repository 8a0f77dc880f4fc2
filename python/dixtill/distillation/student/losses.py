"""The losses of DiXtill as pure functions (Cantini et al. 2024, Journal of Big Data 11:63).

L = (1 - alpha) * CE + alpha * (KL term + explanation term). The additivity loss is dixtill's own.
Each loss is a scalar.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_SMALLEST_SIZE = 1e-8  # of an explanation that has a direction
_SMALLEST_UNIT = 0.1  # in logits; keeps texts with tiny weights from dominating additivity


def bounded(kl: Tensor) -> Tensor:
    """Return 1 - exp(-`kl`), in [0, 1], as published: `kl` is the mean over the batch."""
    return 1 - torch.exp(-kl)


def kl_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    temperature: float,
    weights: Tensor | None = None,
) -> Tensor:
    """Return tau^2 KL(softmax(teacher / tau) || softmax(student / tau)), the batch mean.

    Args:
        student_logits: [batch, classes].
        teacher_logits: [batch, classes].
        temperature: tau, which divides both.
        weights: [batch], of the texts in that mean; None is 1 for all.
    """
    if weights is not None:
        return (weights * kl_by_text(student_logits, teacher_logits, temperature)).mean()
    divergence = functional.kl_div(
        functional.log_softmax(student_logits / temperature, dim=1),
        functional.log_softmax(teacher_logits / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return temperature**2 * divergence


def kl_by_text(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """Return each text's term [batch] of the mean that `kl_loss` returns."""
    divergences = functional.kl_div(
        functional.log_softmax(student_logits / temperature, dim=1),
        functional.log_softmax(teacher_logits / temperature, dim=1),
        reduction="none",
        log_target=True,
    )
    # Rounding may put the divergence of equal answers below zero.
    return temperature**2 * divergences.sum(dim=1).clamp(min=0)


def binary_kl_by_text(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """Return tau^2 times the KL divergences of the labels' Bernoulli distributions, summed.

    Args:
        student_logits: [batch, labels], of labels that do not exclude each other.
        teacher_logits: [batch, labels].
        temperature: tau, which divides both.

    Returns:
        [batch], not negative.
    """
    student, teacher = student_logits / temperature, teacher_logits / temperature
    probability = teacher.sigmoid()
    yes = functional.logsigmoid(teacher) - functional.logsigmoid(student)
    no = functional.logsigmoid(-teacher) - functional.logsigmoid(-student)
    divergences = probability * yes + (1 - probability) * no
    return temperature**2 * divergences.sum(dim=1).clamp(min=0)


def mse_loss(
    student_logits: Tensor, teacher_logits: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return the mean squared difference of the logits (Ba and Caruana 2014)."""
    if weights is not None:
        return (weights * mse_by_text(student_logits, teacher_logits)).mean()
    return functional.mse_loss(student_logits, teacher_logits)


def mse_by_text(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Return each text's term [batch] of the mean that `mse_loss` returns."""
    return (student_logits - teacher_logits).square().mean(dim=1)


def hint_loss(predicted: Tensor, hints: Tensor) -> Tensor:
    """Return the mean squared error of `predicted` hints, both [batch, width] (Romero et al. 2015).

    It is about 1 if nothing is known about a text.
    """
    return functional.mse_loss(predicted, hints)


def explanation_loss(student: Tensor, teacher: Tensor, explained: Tensor | None = None) -> Tensor:
    """Return the mean over the explained texts of (1 - cos(student, teacher)) / 2.

    That is |a - b|^2 / 4 for the directions a and b of both, a sum over outputs. Where some outputs
    are not explained, the others estimate it, each divided by its chance of being explained: the
    expectation over all draws is the sum over all outputs. The teacher's size is taken from the
    outputs that are certain to be explained, so that it does not depend on the draw.

    Args:
        student: [batch, words, outputs], the student's explanation, zero on padding.
        teacher: [batch, words, outputs], the teacher's attributions, zero on padding and for
            outputs that are not explained. A text with zeros only is left out of the mean.
        explained: [batch, outputs], 1 / the chance of each output to be explained, and 0 for those
            that are not; None is 1 for all.
    """
    if explained is None:
        explained = torch.ones_like(teacher[:, 0])
    certain = (explained == 1).float()[:, None]
    share = certain.mean(dim=2).sqrt()
    of_teacher = torch.linalg.vector_norm(teacher * certain, dim=(1, 2)) / share[:, 0]
    has_size = of_teacher > 0
    wanted = teacher / of_teacher.where(has_size, 1)[:, None, None]
    given = functional.normalize(student.flatten(1), eps=_SMALLEST_SIZE).view_as(student)
    by_text = (explained[:, None] * (given - wanted).square()).sum(dim=(1, 2)) / 4
    loss: Tensor = (by_text * has_size).sum() / has_size.sum().clamp(min=1)
    return loss


def additivity_loss(weights: Tensor, removed: Tensor, change: Tensor) -> Tensor:
    """Compare the removed words' weights with the change of the logits.

    Returns the smooth L1 loss (Huber, threshold 1), averaged over texts and classes. The error is
    divided by 0.1 plus the mean absolute weight of the text's words. Where the loss is zero, a
    word's weight is the exact effect of leaving the word out.

    Args:
        weights: [batch, words, classes], zero on padding; for a softmax centered over the classes.
        removed: [batch, words] bool.
        change: [batch, classes], logits of the whole text minus those without the removed words;
            for a softmax centered over the classes.
    """
    expected = (weights * removed[..., None]).sum(dim=1)
    sizes = weights.detach().abs()
    num_words = sizes.any(dim=2).sum(dim=1).clamp(min=1)
    mean = sizes.sum(dim=(1, 2)) / (num_words * sizes.shape[2])
    unit = (_SMALLEST_UNIT + mean)[:, None]
    return functional.smooth_l1_loss(expected / unit, change / unit)


def gate_weights(contributions: Tensor, attention: Tensor) -> Tensor:
    """Return integrated gradients over one gate per word, as in specification/reference.py.

    Args:
        contributions: [batch, words, classes], zero on padding.
        attention: [batch, words], zero on padding; sums to less than 1.

    Returns:
        [batch, words, classes], with the same sums over the words as the contributions.
    """
    # Closer to 0, float32 loses digits of log - attended; closer to 1, digits of the logarithm.
    attended = attention.sum(dim=1).clamp(1e-3, 1 - 1e-6)[:, None, None]
    log = -torch.log1p(-attended)
    total = contributions.sum(dim=1, keepdim=True)
    common = (log - attended) / attended**2 * total
    return log / attended * contributions - attention[..., None] * common


def centered(values: Tensor) -> Tensor:
    """Subtract the mean over the classes, the last dimension, which softmax does not depend on."""
    return values - values.mean(dim=-1, keepdim=True)


def sum_over_words(values: Tensor, word_of_piece: Tensor, num_words: int) -> Tensor:
    """Sum the pieces of each word.

    Args:
        values: [batch, time, outputs].
        word_of_piece: [batch, time] int64, the index of the piece's word, -1 on padding.
        num_words: the second dimension of the result.

    Returns:
        [batch, num_words, outputs].
    """
    padding = (word_of_piece < 0)[..., None].expand_as(values)
    sums = values.new_zeros(len(values), num_words, values.shape[2])
    words = word_of_piece[..., None].expand_as(values).masked_fill(padding, 0)
    return sums.scatter_add(1, words, values.masked_fill(padding, 0.0))


def of_class(values: Tensor, classes: Tensor) -> Tensor:
    """Select each text's class, of `classes` [batch], from `values` [batch, words, classes].

    Returns [batch, words, 1].
    """
    return values.gather(2, classes[:, None, None].expand(-1, values.shape[1], 1))


def mean_over_words(values: Tensor, word_of_piece: Tensor, num_words: int) -> Tensor:
    """Average the pieces of each word, with the shapes of `sum_over_words`; zero on padding."""
    counts = sum_over_words(torch.ones_like(values), word_of_piece, num_words)
    return sum_over_words(values, word_of_piece, num_words) / counts.clamp(min=1)
