"""The engine of integrated gradients: many texts and nodes in one pass of the teacher.

The nodes that all unfinished texts want next are evaluated together, shortest text first, so that
passes are full and hardly padded. Passes are shared among threads of one intra-op thread each,
which PyTorch alone makes less of (docs/explaining.md). On a GPU they follow one another.
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
    """The straight line from a text's baseline to the text, at a layer; without any padding."""

    input_ids: Tensor  # [time]
    token_type_ids: Tensor  # [time]
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
    """A gradient to compute: at a node of a text's path, 0 at its start and 1 at its end."""

    text: int
    node: float


def integrate(
    answers: LayerAnswers,
    paths: Sequence[Path],
    quadratures: Sequence[Quadrature],
    rows_per_pass: int,
) -> list[Integral]:
    """Integrate along each of `paths` by its quadrature.

    A text's result depends on the others by no more than float rounding does.
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
    """Each point's share of its text's attributions [outputs, num_words], before its weight."""

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
    """Consecutive `items`, shortest first: as many as fit when padded to the longest of them.

    Where they may not be padded, those of a batch are as long as each other.
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
    """Threads, in each of which PyTorch uses one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(number, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)


def _pass(answers: LayerAnswers, paths: Sequence[Path], points: Sequence[_Point]) -> list[Tensor]:
    """One forward pass for all points, and a backward pass for each output."""
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
