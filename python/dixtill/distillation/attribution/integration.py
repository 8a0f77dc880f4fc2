"""Computes integrated gradients of many texts and nodes in each pass of the teacher.

All nodes that unfinished texts need next are evaluated together, the shortest texts first, so that
passes are full and need little padding. On a CPU, a pool of threads with one intra-op thread each
runs the passes, which is faster than PyTorch's own threads (docs/explaining.md). On a GPU the
passes run one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from ... import torch_ops  # noqa: F401  registers torch.ops.dixtill
from .layer_answers import LayerAnswers
from .quadrature import Quadrature

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Path:
    """The straight line from a text's baseline to the text, at one layer and without padding."""

    input_ids: Tensor  # [time]
    token_type_ids: Tensor  # [time]
    start: Tensor  # [time, width], the baseline
    delta: Tensor  # [time, width], the text minus the baseline
    classes: Tensor  # [outputs], the classes to explain
    differences: Tensor  # [outputs], f(x) - f(x'), which the attributions should sum to
    word_of_token: Tensor  # [time] int32; num_words - 1 for tokens outside every word
    num_words: int  # the text's words, and one more for the tokens outside them


class Integral(NamedTuple):
    """A text's attributions, and the number of gradients per output that they took."""

    by_output: Tensor  # [outputs, num_words]
    steps: int


class _Point(NamedTuple):
    """A node of a text's path, where a gradient is needed: 0 is the baseline, 1 the text."""

    text: int
    node: float


def integrate(
    answers: LayerAnswers,
    paths: Sequence[Path],
    quadratures: Sequence[Quadrature],
    rows_per_pass: int,
) -> list[Integral]:
    """Integrate along each path with its quadrature.

    Other texts change a text's result by float rounding at most.
    """
    unfinished = sorted(range(len(paths)), key=lambda text: len(paths[text].input_ids))
    while unfinished:
        points = [_Point(text, node) for text in unfinished for node in quadratures[text].wanted]
        values: dict[int, dict[float, Tensor]] = {text: {} for text in unfinished}
        for point, share in _evaluate(answers, paths, points, rows_per_pass):
            values[point.text][point.node] = share
        for text in unfinished:
            quadratures[text].add(values[text])
        unfinished = [text for text in unfinished if quadratures[text].wanted]
    return [Integral(quadrature.value, quadrature.steps) for quadrature in quadratures]


def _evaluate(
    answers: LayerAnswers,
    paths: Sequence[Path],
    points: Sequence[_Point],
    rows_per_pass: int,
) -> Iterator[tuple[_Point, Tensor]]:
    """Yield each point and its text's attributions there [outputs, num_words], not yet weighted."""

    def length_of(point: _Point) -> int:
        return len(paths[point.text].input_ids)

    on_cpu = not paths or paths[0].start.device.type == "cpu"
    num_workers = torch.get_num_threads() if on_cpu else 1
    rows_of_worker = -(-sum(map(length_of, points)) // num_workers)
    may_pad = answers.teacher.padding != "none"
    passes = list(full_batches(points, length_of, min(rows_per_pass, rows_of_worker), may_pad))

    def run(points: Sequence[_Point]) -> Iterable[tuple[_Point, Tensor]]:
        return zip(points, _pass(answers, paths, points), strict=True)

    with _workers(num_workers) as workers:
        for found in workers.map(run, passes):
            yield from found


def full_batches(
    items: Iterable[_Item],
    length_of: Callable[[_Item], int],
    rows_per_pass: int,
    may_pad: bool = True,
) -> Iterator[list[_Item]]:
    """Cut `items`, sorted by length, into batches of as many as fit once they are padded.

    Without `may_pad`, all items of a batch have the same length.
    """
    batch: list[_Item] = []
    for item in items:
        is_full = (len(batch) + 1) * length_of(item) > rows_per_pass
        if batch and (is_full or not (may_pad or length_of(item) == length_of(batch[0]))):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


@contextmanager
def _workers(number: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads, in each of which PyTorch uses one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(number, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)


def _pass(answers: LayerAnswers, paths: Sequence[Path], points: Sequence[_Point]) -> list[Tensor]:
    """Run one forward pass for all points, and one backward pass for each output."""
    texts = list(dict.fromkeys(point.text for point in points))
    rows = torch.tensor([texts.index(point.text) for point in points])
    of_texts = [paths[text] for text in texts]
    at = torch.tensor([point.node for point in points])[:, None, None]
    teacher = answers.teacher
    inputs = teacher.padded_inputs(
        [path.input_ids for path in of_texts], [path.token_type_ids for path in of_texts]
    )
    start = teacher.padded([path.start for path in of_texts], 0)[rows]
    delta = teacher.padded([path.delta for path in of_texts], 0)[rows]
    words = teacher.padded([path.word_of_token for path in of_texts], -1)[rows]
    classes = torch.stack([path.classes for path in of_texts])[rows]
    num_words = max(path.num_words for path in of_texts)
    ends = (start + at.to(start) * delta).requires_grad_()
    outputs = answers(ends, *(tensor[rows] for tensor in inputs)).gather(1, classes)
    by_output = [by_word(g, delta, words, num_words) for g in gradients(outputs, ends)]
    shares = torch.stack(by_output, dim=1)  # [points, outputs, num_words]
    return [
        share[:, : paths[point.text].num_words] for point, share in zip(points, shares, strict=True)
    ]


def gradients(outputs: Tensor, points: Tensor) -> Iterator[Tensor]:
    """Yield the gradient of each column of `outputs` at `points`, one backward pass at a time.

    `is_grads_batched` would take longer and hold all gradients in memory.
    """
    last = outputs.shape[1] - 1
    for column in range(last + 1):
        (gradient,) = torch.autograd.grad(
            outputs[:, column].sum(), points, retain_graph=column < last
        )
        yield gradient


def by_word(gradient: Tensor, delta: Tensor, words: Tensor, num_words: int) -> Tensor:
    """Multiply gradient and delta [rows, time, width], and sum over each word [rows, num_words].

    `words` [rows, time] int32 is -1 on padding. On a CPU the native kernel computes the sums, one
    step per call: the adaptive rule needs each node's share separately, and batches of steps could
    save at most the 0.3% of the CPU time that the calls take (tools/measure_attributions.py).
    """
    if gradient.device.type == "cpu":
        one = torch.ones(1)
        found: Tensor = torch.ops.dixtill.ig_accumulate(
            gradient.contiguous()[None], one, delta, words, num_words
        )
        return found
    return by_word_in_torch(gradient, delta, words, num_words)


def by_word_in_torch(gradient: Tensor, delta: Tensor, words: Tensor, num_words: int) -> Tensor:
    """Do what `by_word` does on any device, and return the result on the CPU."""
    by_token = (gradient * delta).sum(dim=2).cpu()  # zero on padding
    found = torch.zeros(len(words), num_words)
    return found.scatter_add(1, words.clamp(min=0).long(), by_token)
