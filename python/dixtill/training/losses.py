"""The losses of DiXtill as pure functions (Cantini et al. 2024, Journal of Big Data 11:63).

L = (1 - alpha) * CE + alpha * (KL term + explanation term). Each function returns a scalar.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def bounded_kl_loss(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """1 - exp(-tau^2 KL(teacher || student)), in [0, 1]; KL is the batch mean, as published.

    Args:
        student_logits: [batch, classes].
        teacher_logits: [batch, classes].
        temperature: tau, divides both.
    """
    return 1 - torch.exp(-kl_loss(student_logits, teacher_logits, temperature))


def kl_loss(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """tau^2 KL(softmax(teacher / tau) || softmax(student / tau)), batch mean (Hinton 2015)."""
    divergence = functional.kl_div(
        functional.log_softmax(student_logits / temperature, dim=1),
        functional.log_softmax(teacher_logits / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return temperature**2 * divergence


def mse_loss(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Mean squared difference of the logits (Ba and Caruana 2014)."""
    return functional.mse_loss(student_logits, teacher_logits)


def explanation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean over texts of (1 - cos(student, teacher)) / 2, in [0, 1].

    Args:
        student: [batch, words], the student's explanation, zero on padding.
        teacher: [batch, words], the teacher's attributions, zero on padding. A text of all zeros
            counts as orthogonal, 1/2.
    """
    return (1 - functional.cosine_similarity(student, teacher, dim=1)).mean() / 2


def sum_over_words(values: Tensor, word_of_piece: Tensor, num_words: int) -> Tensor:
    """Sum the pieces of each word.

    Args:
        values: [batch, time], one number a piece.
        word_of_piece: [batch, time] int64, index of the piece's word, -1 on padding.
        num_words: width of the result.

    Returns:
        [batch, num_words].
    """
    padding = word_of_piece < 0
    sums = values.new_zeros(len(values), num_words)
    return sums.scatter_add(
        1, word_of_piece.masked_fill(padding, 0), values.masked_fill(padding, 0.0)
    )


def explained_by_contributions(
    contributions: Tensor, target: Tensor, word_of_piece: Tensor, num_words: int
) -> Tensor:
    """Each word's exact share of the target's logit, less its mean share of all logits.

    Args:
        contributions: [batch, time, classes].
        target: [batch], the class to explain.
        word_of_piece: [batch, time], -1 on padding.
        num_words: width of the result.

    Returns:
        [batch, num_words].
    """
    of_target = contributions.gather(2, target[:, None, None].expand(-1, contributions.shape[1], 1))
    centred = of_target[..., 0] - contributions.mean(dim=2)
    return sum_over_words(centred, word_of_piece, num_words)


def explained_by_scores(scores: Tensor, word_of_piece: Tensor, num_words: int) -> Tensor:
    """Mean raw attention score of each word's pieces, as published; [batch, num_words]."""
    sums = sum_over_words(scores, word_of_piece, num_words)
    counts = sum_over_words(torch.ones_like(scores), word_of_piece, num_words)
    return sums / counts.clamp(min=1)
