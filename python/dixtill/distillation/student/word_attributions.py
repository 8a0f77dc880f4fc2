"""Turns a teacher's attributions of a text into targets for the words of a student."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...errors import InputError
from ..attribution.attributor import Attribution
from ..config import ExplainedClasses, Merge
from .outputs import OutputRules


def by_word(
    explained: Attribution,
    spans: Sequence[tuple[int, int]],
    merge: Merge,
    classes: ExplainedClasses,
    rules: OutputRules,
) -> Tensor:
    """Return the teacher's attributions [words, outputs] of the student's words, by span."""
    if classes == "all" and not explained.by_class:
        raise InputError(
            "the attributions are only those of the predicted class; explain with "
            "`--classes all`, or train with `--explained-classes predicted`"
        )
    rows = explained.by_class if classes == "all" else (explained.attributions,)
    values = torch.tensor(rows).T  # [words, explained]
    if merge == "mean":
        values = values / torch.tensor(explained.num_tokens).clamp(min=1)[:, None]
    if classes == "all":
        values = _of_all(values, explained, rules)
    explained_spans = zip(explained.starts, explained.ends, strict=True)
    word_of_span = {span: word for word, span in enumerate(explained_spans)}
    found = torch.zeros(len(spans), values.shape[1])
    for word, span in enumerate(spans):
        if span in word_of_span:
            found[word] = values[word_of_span[span]]
    return found


def _of_all(values: Tensor, explained: Attribution, rules: OutputRules) -> Tensor:
    """Return margins of all classes [words, classes]; 0 for those not explained.

    Where only some are explained, the explained `values` are those of margins already.
    """
    if not explained.classes:
        return rules.margins(values)
    every = torch.zeros(len(values), len(explained.logits))
    every[:, list(explained.classes)] = values
    return every


def inverse_chances(explained: Attribution | None, outputs: int) -> Tensor:
    """Return 1 / the chance of each class to be explained [outputs]; 0 if it was not."""
    if explained is None or not explained.classes or outputs == 1:
        return torch.ones(outputs)
    inverse = torch.zeros(outputs)
    inverse[list(explained.classes)] = 1 / torch.tensor(explained.chances)
    return inverse
