"""Measures the teacher, and the teacher compressed by int8 weights or by pruning heads.

Nothing is trained after pruning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from benchmarks.reproduce import answers
from benchmarks.reproduce.corpora import cleaned
from benchmarks.reproduce.methods import NUM_RANKING_TEXTS
from benchmarks.reproduce.results import Content
from benchmarks.teachers import in_pytorch
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.teacher.compression import (
    dynamic_int8,
    head_importance,
    prune_attention_heads,
    random_head_scores,
    stored_bytes,
)
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.specification.cleaning import DEFAULT_RULES, clean


def measure(teacher: Teacher, test: Corpus) -> Content:
    """Return the answers and the size of a model."""
    return {
        **answers.of_logits(teacher.predict(cleaned(test))),
        "num_bytes": stored_bytes(teacher.model),
    }


def in_int8(teacher: Teacher) -> Teacher:
    return _with_model(teacher, dynamic_int8(teacher.model))


def importance(teacher: Teacher, train: Corpus) -> Content:
    """Return the importance of the heads, by gradients on randomly chosen training texts."""
    rows = np.random.default_rng(0).permutation(len(train))[:NUM_RANKING_TEXTS].tolist()
    texts = train.take(rows)
    scores = head_importance(teacher, cleaned(texts), texts.targets.tolist())
    return {"scores": [values.tolist() for values in scores]}


def with_important_heads(teacher: Teacher, keep: int, scores: Sequence[Sequence[float]]) -> Teacher:
    given = [torch.tensor(values) for values in scores]
    return _with_model(teacher, prune_attention_heads(teacher.model, keep, given))


def with_random_heads(teacher: Teacher, keep: int, seed: int) -> Teacher:
    scores = random_head_scores(teacher.model, seed)
    return _with_model(teacher, prune_attention_heads(teacher.model, keep, scores))


def _with_model(teacher: Teacher, model: nn.Module) -> Teacher:
    return Teacher(model, teacher.tokenizer, teacher.max_length)


def asked_for_one(teacher: Teacher) -> Callable[[str], int]:
    """Return a function from a text to its class, as fast as PyTorch allows."""
    logits = in_pytorch(teacher.model, teacher.tokenizer)
    return lambda text: int(logits(clean(text, DEFAULT_RULES)).argmax())
