"""Computes a student's loss: the terms of its method for a batch, and their weighted sum."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..config import DistillConfig
from ..network.student import Student, StudentOutput
from . import losses
from .examples import Batch
from .outputs.rules import weighed

Terms = dict[str, Tensor]
"""Unweighted scalar losses by name: task, mse, kl, explanation, additivity, hint."""


def hint_map(student: Student, width: int, seed: int) -> nn.Module:
    """Return a module, random by `seed`, that predicts hints from what the student attends to.

    With hints of the width 0 it has no parameters and is not used.
    """
    if not width:
        return nn.Identity()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(student.head.in_features, width)


def loss_terms(
    config: DistillConfig,
    student: Student,
    predict_hints: nn.Module,
    output: StudentOutput,
    batch: Batch,
) -> Terms:
    """Return the terms of the loss for the student's `output` for a batch.

    The term of the task is a mean over all texts, in which a text without a label counts as zero.
    `predict_hints` is the `hint_map`.
    """
    terms = distillation_terms(config, output, batch)
    if batch.hints.shape[1]:
        terms["hint"] = losses.hint_loss(predict_hints(output.attended), batch.hints)
    if config.additivity:
        terms["additivity"] = _additivity(config, student, output, batch)
    return terms


def distillation_terms(config: DistillConfig, output: StudentOutput, batch: Batch) -> Terms:
    """Return the terms that need one forward pass: all but additivity."""
    terms = answer_terms(config, output.logits, batch)
    if config.is_explained:
        terms["explanation"] = losses.explanation_loss(
            _explanation(config, output, batch), batch.attributions, batch.explained
        )
    return terms


def answer_terms(config: DistillConfig, logits: Tensor, batch: Batch) -> Terms:
    """Return the terms of the labels and of the teacher's answers, for logits [batch, classes]."""
    rules = batch.rules
    weights = weighed(batch.weights, batch.text_weights)
    terms = {"task": rules.task_loss(logits, batch.labels, batch.text_weights)}
    if config.method == "none":
        return terms
    if config.method == "mse":
        mse = losses.mse_loss(logits, rules.known(batch.teacher_logits), weights)
        return terms | {"mse": mse}
    kl = rules.kl_loss(logits, batch.teacher_logits, config.temperature, weights)
    return terms | {"kl": losses.bounded(kl) if config.kl == "bounded" else kl}


def answer_losses(config: DistillConfig, logits: Tensor, batch: Batch) -> Tensor:
    """Return the unweighted loss of each answer of the teacher [batch]: the KL divergence or MSE.

    The bounded form of KL is a function of the batch's mean; what is returned is KL itself.
    """
    if config.method == "mse":
        return losses.mse_by_text(logits, batch.rules.known(batch.teacher_logits))
    return batch.rules.kl_by_text(logits, batch.teacher_logits, config.temperature)


def total_loss(config: DistillConfig, terms: Terms, left: float = 1.0) -> Tensor:
    """Return (1 - alpha) task + alpha (answers + weighted explanations) + weighted other terms.

    Without a term for the teacher's answers, the task has the weight 1. The weight of hints falls
    to zero: it is multiplied by `left`, the share of all steps that are still to be taken.
    """
    total = terms["task"]
    answers = terms.get("mse", terms.get("kl"))
    if answers is not None:
        total = (1 - config.alpha) * total + config.alpha * answers
    if "explanation" in terms:
        total = total + config.alpha * config.explanation_weight * terms["explanation"]
    if "additivity" in terms:
        total = total + config.additivity * terms["additivity"]
    if "hint" in terms:
        total = total + config.hint_weight * left * terms["hint"]
    return total


def _explanation(config: DistillConfig, output: StudentOutput, batch: Batch) -> Tensor:
    """Return the student's explanation that is aligned to the teacher's [batch, words, outputs]."""
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
    """Return the additivity loss for one random word removed from each text."""
    removed = random_word(batch.word_of_piece, batch.attributions.shape[1])
    without = student(*without_words(batch, removed))
    weights = _weights(config, output, batch)
    change = batch.rules.margins(output.logits - without.logits)
    return losses.additivity_loss(weights, removed, change)


def _weights(config: DistillConfig, output: StudentOutput, batch: Batch) -> Tensor:
    """Return the words' weights [batch, words, classes], shares of the rules' margins.

    They are gate weights if those are the student's explanation, else contributions.
    """
    words = batch.word_of_piece, batch.attributions.shape[1]
    contributions = losses.sum_over_words(batch.rules.margins(output.contributions), *words)
    if config.explanation != "gates":
        return contributions
    attention = losses.sum_over_words(output.attention[..., None], *words)[..., 0]
    return losses.gate_weights(contributions, attention)


def random_word(word_of_piece: Tensor, num_words: int) -> Tensor:
    """Draw one word of each text, as bool [batch, num_words].

    `word_of_piece` [batch, time] is -1 on padding.
    """
    words_of_text = word_of_piece.amax(dim=1) + 1
    one = (torch.rand(len(word_of_piece)) * words_of_text).long()
    return torch.nn.functional.one_hot(one, num_words).bool()


def without_words(batch: Batch, removed: Tensor) -> tuple[Tensor, Tensor]:
    """Return piece ids and mask [batch, time] of the texts without the `removed` words.

    The pieces that stay move to the front; a text may become empty.
    """
    kept = batch.mask & ~removed.gather(1, batch.word_of_piece.clamp(min=0))
    order = torch.argsort(~kept, dim=1, stable=True)
    longest = max(1, int(kept.sum(dim=1).max()))
    ids, mask = (values.gather(1, order)[:, :longest] for values in (batch.piece_ids, kept))
    return ids, mask
