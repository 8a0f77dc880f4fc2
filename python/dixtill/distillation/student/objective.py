"""What a student minimises: the terms of its method's loss for a batch, and their weighted sum."""

from __future__ import annotations

import torch
from torch import Tensor

from ..config import DistillConfig
from . import losses
from .examples import NO_LABEL, Batch
from .student import Student, StudentOutput

Terms = dict[str, Tensor]
"""Losses by name, unweighted scalars: task, mse, kl, explanation, additivity."""


def loss_terms(config: DistillConfig, student: Student, batch: Batch) -> Terms:
    """Run the student on a batch; the terms of its loss.

    The labels' term is a mean over all texts, to which one without a label adds nothing.
    """
    output: StudentOutput = student(batch.piece_ids, batch.mask)
    terms = distillation_terms(config, output, batch)
    if config.additivity:
        terms["additivity"] = _additivity(config, student, output, batch)
    return terms


def distillation_terms(config: DistillConfig, output: StudentOutput, batch: Batch) -> Terms:
    """The terms that one forward pass gives: all but additivity."""
    terms = {
        "task": torch.nn.functional.cross_entropy(
            output.logits, batch.labels, ignore_index=NO_LABEL, reduction="sum"
        )
        / len(batch.labels)
    }
    if config.method == "none":
        return terms
    if config.method == "mse":
        return terms | {"mse": losses.mse_loss(output.logits, batch.teacher_logits)}
    kl = losses.bounded_kl_loss if config.kl == "bounded" else losses.kl_loss
    terms["kl"] = kl(output.logits, batch.teacher_logits, config.temperature)
    if config.is_explained:
        terms["explanation"] = losses.explanation_loss(
            _explanation(config, output, batch), batch.attributions
        )
    return terms


def total_loss(config: DistillConfig, terms: Terms) -> Tensor:
    """(1 - alpha) task + alpha (answers + explanations) + additivity, the last two weighted.

    Where no teacher answers, the task counts in full.
    """
    total = terms["task"]
    answers = terms.get("mse", terms.get("kl"))
    if answers is not None:
        total = (1 - config.alpha) * total + config.alpha * answers
    if "explanation" in terms:
        total = total + config.alpha * config.explanation_weight * terms["explanation"]
    if "additivity" in terms:
        total = total + config.additivity * terms["additivity"]
    return total


def _explanation(config: DistillConfig, output: StudentOutput, batch: Batch) -> Tensor:
    """What of the student is aligned [batch, words, outputs]."""
    if config.explanation == "scores":
        num_words = batch.attributions.shape[1]
        return losses.mean_over_words(output.scores[..., None], batch.word_of_piece, num_words)
    by_word = _weights(config, output, batch)
    if config.explained_classes == "all":
        return by_word
    return losses.of_class(by_word, batch.teacher_logits.argmax(dim=1))


def _additivity(
    config: DistillConfig, student: Student, output: StudentOutput, batch: Batch
) -> Tensor:
    """How far the weight of a random word of each text is from the effect of leaving it out."""
    removed = random_word(batch.word_of_piece, batch.attributions.shape[1])
    without = student(*without_words(batch, removed))
    weights = _weights(config, output, batch)
    return losses.additivity_loss(weights, removed, output.logits - without.logits)


def _weights(config: DistillConfig, output: StudentOutput, batch: Batch) -> Tensor:
    """The words' weights [batch, words, classes], centred over the classes: by gates where those
    are shown, else the contributions."""
    words = batch.word_of_piece, batch.attributions.shape[1]
    contributions = losses.sum_over_words(losses.centred(output.contributions), *words)
    if config.explanation != "gates":
        return contributions
    attention = losses.sum_over_words(output.attention[..., None], *words)[..., 0]
    return losses.gate_weights(contributions, attention)


def random_word(word_of_piece: Tensor, num_words: int) -> Tensor:
    """One word of each text, as [batch, num_words] bool; `word_of_piece` [batch, time] is -1 on
    padding."""
    words_of_text = word_of_piece.amax(dim=1) + 1
    one = (torch.rand(len(word_of_piece)) * words_of_text).long()
    return torch.nn.functional.one_hot(one, num_words).bool()


def without_words(batch: Batch, removed: Tensor) -> tuple[Tensor, Tensor]:
    """Piece ids and mask [batch, time] of the texts without the `removed` words [batch, words].

    What is kept moves to the front; a text may be left with nothing.
    """
    kept = batch.mask & ~removed.gather(1, batch.word_of_piece.clamp(min=0))
    order = torch.argsort(~kept, dim=1, stable=True)
    longest = max(1, int(kept.sum(dim=1).max()))
    ids, mask = (values.gather(1, order)[:, :longest] for values in (batch.piece_ids, kept))
    return ids, mask
