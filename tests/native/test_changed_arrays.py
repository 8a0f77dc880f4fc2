"""Arrays that another thread changes during a call never make a kernel touch other memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Changes each array while calls run, and prints what became of the calls. A call lasts longer than
# the longest sleep, with as many pieces or tokens as that takes: a sanitizer needs few.
PROGRAM = """
import time
from threading import Thread
import numpy as np
from dixtill.errors import InputError
from dixtill.specification.kernels import ig_accumulate
from random_students import Sizes, kernel_of, random_student

SLEEPS, CALL = [0.001, 0.002, 0.004, 0.008], 0.03
kernel = kernel_of(random_student(Sizes(5, 50, 50, 100, 3), seed=0), "scalar")

def forward(size, ids=None, offsets=None):
    ids = np.zeros(size, np.int32) if ids is None else ids
    offsets = np.arange(0, size + 1, 10) if offsets is None else offsets
    return lambda: kernel(ids, offsets).logits

def accumulate(size, word_index):
    gradients, delta = np.ones((16, 1, size, 384), np.float32), np.ones((1, size, 384), np.float32)
    step_weights = np.ones(16, np.float32)
    return lambda: ig_accumulate(gradients, step_weights, delta, word_index, 1, "scalar")

ARRAYS = {
    "piece_ids": (lambda n: np.zeros(n, np.int32), lambda n, array: forward(n, ids=array)),
    "offsets": (lambda n: np.arange(0, n + 1, 10), lambda n, array: forward(n, offsets=array)),
    "word_index": (lambda n: np.zeros((1, n), np.int32), accumulate),
}

def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start

def outcome(call, expected):
    try:
        return "unchanged" if np.array_equal(call(), expected) else "changed"
    except InputError:
        return "refused"

for name, (make, bind) in ARRAYS.items():
    print(name, end=":", flush=True)
    size = 100
    while seconds(bind(size, make(size))) < CALL:
        size *= 2
    expected, became = bind(size, make(size))(), set()
    for sleep in SLEEPS * 2:
        array = make(size)
        call = bind(size, array)
        thread = Thread(target=lambda: became.add(outcome(call, expected)))
        thread.start()
        time.sleep(sleep)
        array[:] = 2**30
        thread.join()
    print(*sorted(became), flush=True)
"""


@pytest.mark.slow
def test_an_index_that_changes_during_a_call_stays_in_its_array():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    became = dict(line.split(":") for line in run.stdout.splitlines())
    assert became.keys() == {"piece_ids", "offsets", "word_index"}
    for name, outcomes in became.items():
        assert "unchanged" in outcomes.split(), f"{name}: {outcomes}"
        assert set(outcomes.split()) <= {"unchanged", "refused"}, f"{name}: {outcomes}"
