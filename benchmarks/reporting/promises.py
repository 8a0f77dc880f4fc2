"""Checks what must hold for a run: ratios of medians, and the memory of a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import names
from benchmarks.reporting.results import Groups, Result, find, markdown_table, times
from dixtill.runtime.model_file.shape import CELLS

_BEST = "best target"  # in a candidate's name, stands for the machine's own
_DIXTILL = names.dixtill(_BEST)
_SHORT = names.text_to_answer(12)


@dataclass(frozen=True)
class Promise:
    """A promise that in `group` the candidate is at least `least` times as fast as `peer`."""

    group: str
    peer: str
    least: float
    candidate: str = _DIXTILL


def _of_cells() -> Iterator[Promise]:
    lstm, gru, linear = (names.of_cell(cell, names.words_read(_BEST)) for cell in CELLS)
    for num_words in (12, 32):
        group = names.text_to_answer_by_cell(num_words)
        yield Promise(group, lstm, 1, gru)
        yield Promise(group, lstm, 1.4, names.of_cell("gru, 32 units", names.words_read(_BEST)))
        yield Promise(group, names.FASTTEXT, 1 / 1.5, linear)
    for batch, least in (((1, 12), 8), ((1, 32), 6), ((64, 32), 4)):
        for cell in CELLS:
            peer = names.of_cell(cell, names.student_ort_int8(cell))
            own = names.of_cell(cell, _DIXTILL)
            yield Promise(names.forward_by_cell(*batch), peer, least, own)


_LARGE_ACCUMULATION = names.accumulation(64 * 32 * 32 * 768 * 4 / 1e6)
PROMISES = (
    Promise(_SHORT, names.TEACHER, 4000),
    Promise(_SHORT, names.PTQ, 1500),
    Promise(_SHORT, names.AHP6, 3500),
    Promise(_SHORT, names.MINILM_ORT_INT8, 200),
    Promise(_SHORT, names.TOKENIZERS, 2),
    Promise(_SHORT, names.FASTTEXT, 0.5),
    Promise(names.explanation("MiniLM-L6"), names.MINILM_CAPTUM, 50_000),
    Promise(names.attributions(2), names.CAPTUM_EACH, 5, names.ADAPTIVE),
    Promise(names.student_forward(1, 12), names.STUDENT_ORT_INT8, 8),
    Promise(names.student_forward(1, 32), names.STUDENT_ORT_INT8, 6),
    Promise(names.student_forward(1, 12), names.EAGER, 40),
    Promise(names.student_forward(1, 32), names.EAGER, 25),
    Promise(names.student_forward(64, 32), names.STUDENT_ORT_INT8, 5),
    *_of_cells(),
    Promise(_LARGE_ACCUMULATION, names.EINSUM, 1.5),
    Promise(_LARGE_ACCUMULATION, names.CAPTUM_STEPS, 3),
    Promise(names.COLD_START, names.IMPORT_TORCH, 15, names.FIRST_ANSWER),
)
MOST_MEMORY_MB = 40
_NOT_MEASURED = ("not measured", "")


def promises_table(groups: Groups, targets: Sequence[str]) -> str:
    best = targets[0] if targets else _BEST
    rows = [*(_row(groups, promise, best) for promise in PROMISES), *_memory(groups)]
    return markdown_table(["what must hold", "beside", "at least", "here", ""], rows)


def _row(groups: Groups, promise: Promise, best: str) -> list[str]:
    peer_name, name = (each.replace(_BEST, best) for each in (promise.peer, promise.candidate))
    peer, own = (find(groups, promise.group, each) for each in (peer_name, name))
    here = _beside(peer, own, promise.least) if peer and own else _NOT_MEASURED
    what = promise.group if promise.candidate == _DIXTILL else f"{promise.group}: {name}"
    return [what, peer_name, times(promise.least), *here]


def _beside(peer: Result, own: Result, least: float) -> tuple[str, str]:
    ratio = peer.median / own.median
    busy = ", busy machine" if peer.was_disturbed or own.was_disturbed else ""
    return times(ratio), _word(ratio >= least) + busy


def _memory(groups: Groups) -> Iterator[list[str]]:
    own = find(groups, names.COLD_START, names.FIRST_ANSWER)
    peak = own.facts.get("peak_memory_mb") if own else None
    here = _NOT_MEASURED if peak is None else [f"{peak:.1f} MB", _word(peak < MOST_MEMORY_MB)]
    yield ["peak resident memory", names.FIRST_ANSWER, f"under {MOST_MEMORY_MB} MB", *here]


def _word(holds: bool) -> str:
    return "pass" if holds else "FAIL"
