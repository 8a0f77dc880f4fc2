"""The engine of integrated gradients: many texts and nodes in one pass of the teacher.

A level of the rule is evaluated for all unfinished texts together, shortest first, so that passes
are full and hardly padded; a text whose explanation has settled is finished. Passes are shared
among threads of one intra-op thread each, which PyTorch alone makes less of (docs/explaining.md).
On a GPU they follow one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from . import torch_ops  # noqa: F401  registers torch.ops.dixtill
from .layer_answers import LayerAnswers
from .quadrature import Rule

_CHANGE_OF_TOLERANCE = 5

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Path:
    """The straight line from a text's baseline to the text, at a layer; without any padding."""

    input_ids: Tensor  # [time]
    start: Tensor  # [time, width], the baseline
    delta: Tensor  # [time, width], from there to the text
    classes: Tensor  # [outputs], whose answers are explained
    differences: Tensor  # [outputs], f(x) - f(x'), to which attributions should sum up
    word_of_token: Tensor  # [time] int32, the last word for the tokens of none
    num_words: int  # and one for the tokens of none


class Integral(NamedTuple):
    """A text's attributions, and how many gradients of each output they took."""

    by_output: Tensor  # [outputs, num_words]
    steps: int


class _Point(NamedTuple):
    """A gradient to compute: at a node of a text's path."""

    text: int
    node: int


def integrate(
    answers: LayerAnswers,
    paths: Sequence[Path],
    rule: Rule,
    tolerance: float,
    rows_per_pass: int,
) -> list[Integral]:
    """Integrate along each of `paths`, level by level, until `has_settled` says it is enough.

    The last level is accepted as it is. A text's result depends on the others by no more than
    float rounding does.
    """
    shares = [torch.zeros(len(rule.nodes), len(p.classes), p.num_words) for p in paths]
    integrals = [Integral(torch.empty(0), 0)] * len(paths)
    unfinished = sorted(range(len(paths)), key=lambda text: len(paths[text].input_ids))
    for weights in rule.levels:
        first, end = integrals[unfinished[0]].steps if unfinished else 0, len(weights)
        points = [_Point(text, node) for text in unfinished for node in range(first, end)]
        for point, share in _evaluate(answers, paths, rule, points, rows_per_pass):
            shares[point.text][point.node] = share
        still_unfinished = []
        for text in unfinished:
            before = integrals[text].by_output
            now = torch.einsum("n,now->ow", weights, shares[text][:end])
            integrals[text] = Integral(now, end)
            if first == 0 or not has_settled(before, now, paths[text].differences, tolerance):
                still_unfinished.append(text)
        unfinished = still_unfinished
    return integrals


def has_settled(before: Tensor, now: Tensor, differences: Tensor, tolerance: float) -> bool:
    """Whether the attributions [outputs, words] of every output are accurate enough.

    They have to sum up to f(x) - f(x') within `tolerance` of the sum of their sizes, and the last
    refinement has to have changed them by less than 5 tolerances of their length. Neither test
    alone is worth much: errors of words cancel in the sum, and a change is the coarser level's
    error. Nothing is divided by f(x) - f(x'), which is nothing where words outweigh each other.
    """
    gap = (now.sum(dim=1) - differences).abs()
    change = torch.linalg.vector_norm(now - before, dim=1)
    complete = gap <= tolerance * now.abs().sum(dim=1)
    stable = change <= _CHANGE_OF_TOLERANCE * tolerance * torch.linalg.vector_norm(now, dim=1)
    return bool((complete & stable).all())


def _evaluate(
    answers: LayerAnswers,
    paths: Sequence[Path],
    rule: Rule,
    points: Sequence[_Point],
    rows_per_pass: int,
) -> Iterator[tuple[_Point, Tensor]]:
    """Each point's share of its text's attributions [outputs, num_words], before its weight."""

    def length_of(point: _Point) -> int:
        return len(paths[point.text].input_ids)

    on_cpu = not paths or paths[0].start.device.type == "cpu"
    num_workers = torch.get_num_threads() if on_cpu else 1
    rows_of_worker = -(-sum(map(length_of, points)) // num_workers)
    passes = list(full_batches(points, length_of, min(rows_per_pass, rows_of_worker)))

    def run(points: Sequence[_Point]) -> Iterable[tuple[_Point, Tensor]]:
        return zip(points, _pass(answers, paths, rule, points), strict=True)

    with _workers(num_workers) as workers:
        for found in workers.map(run, passes):
            yield from found


def full_batches(
    items: Iterable[_Item], length_of: Callable[[_Item], int], rows_per_pass: int
) -> Iterator[list[_Item]]:
    """Consecutive `items`, shortest first: as many as fit when padded to the longest of them."""
    batch: list[_Item] = []
    for item in items:
        if batch and (len(batch) + 1) * length_of(item) > rows_per_pass:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


@contextmanager
def _workers(number: int) -> Iterator[ThreadPoolExecutor]:
    """Threads, in each of which PyTorch uses one."""
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(number, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(number)


def _pass(
    answers: LayerAnswers, paths: Sequence[Path], rule: Rule, points: Sequence[_Point]
) -> list[Tensor]:
    """One forward pass for all points, and a backward pass for each output."""
    texts = list(dict.fromkeys(point.text for point in points))
    rows = torch.tensor([texts.index(point.text) for point in points])
    of_texts = [paths[text] for text in texts]
    at = rule.nodes[[point.node for point in points]][:, None, None]
    ids = pad_sequence([p.input_ids for p in of_texts], True, padding_value=answers.pad_id)[rows]
    mask = pad_sequence([torch.ones_like(p.input_ids) for p in of_texts], batch_first=True)[rows]
    start = pad_sequence([path.start for path in of_texts], batch_first=True)[rows]
    delta = pad_sequence([path.delta for path in of_texts], batch_first=True)[rows]
    words = pad_sequence([p.word_of_token for p in of_texts], True, padding_value=-1)[rows]
    classes = torch.stack([path.classes for path in of_texts])[rows]
    num_words = max(path.num_words for path in of_texts)
    ends = (start + at.to(start) * delta).requires_grad_()
    outputs = answers(ends, ids, mask).gather(1, classes)
    by_output = [by_word(g, delta, words, num_words) for g in gradients(outputs, ends)]
    shares = torch.stack(by_output, dim=1)  # [points, outputs, num_words]
    return [
        share[:, : paths[point.text].num_words] for point, share in zip(points, shares, strict=True)
    ]


def gradients(outputs: Tensor, points: Tensor) -> Iterator[Tensor]:
    """The gradient of each column of `outputs`: a backward pass for each, one forward pass.

    One at a time, as `is_grads_batched` takes longer and holds all of them.
    """
    last = outputs.shape[1] - 1
    for column in range(last + 1):
        (gradient,) = torch.autograd.grad(
            outputs[:, column].sum(), points, retain_graph=column < last
        )
        yield gradient


def by_word(gradient: Tensor, delta: Tensor, words: Tensor, num_words: int) -> Tensor:
    """gradient times delta [rows, time, width], summed over each word [rows, num_words].

    `words` [rows, time] int32 has -1 on padding. The native kernel does it on a CPU.
    """
    if gradient.device.type == "cpu":
        one = torch.ones(1)
        found: Tensor = torch.ops.dixtill.ig_accumulate(
            gradient.contiguous()[None], one, delta, words, num_words
        )
        return found
    return by_word_in_torch(gradient, delta, words, num_words)


def by_word_in_torch(gradient: Tensor, delta: Tensor, words: Tensor, num_words: int) -> Tensor:
    """`by_word` on any device; the result is on the CPU."""
    by_token = (gradient * delta).sum(dim=2).cpu()  # zero on padding
    found = torch.zeros(len(words), num_words)
    return found.scatter_add(1, words.clamp(min=0).long(), by_token)
