"""Arrays that another thread changes during a call never make a kernel touch other memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Changes an array while a call runs, and prints what became of the calls.
PROGRAM = """
import sys, time
from threading import Thread
import numpy as np
from dixtill.errors import InputError
from dixtill.specification.kernels import ig_accumulate
from random_students import Sizes, kernel_of, random_student

kernel = kernel_of(random_student(Sizes(5, 50, 50, 100, 3), seed=0), "scalar")
steps, tokens, width = 16, 2000, 384
gradients = np.ones((steps, 1, tokens, width), np.float32)
step_weights, delta = np.ones(steps, np.float32), np.ones((1, tokens, width), np.float32)

def forward(array):
    ids = array if array.dtype == np.int32 else np.zeros(5000, np.int32)
    offsets = array if array.dtype == np.int64 else np.arange(0, 5001, 10)
    return kernel(ids, offsets).logits

def accumulate(word_index):
    return ig_accumulate(gradients, step_weights, delta, word_index, 1, "scalar")

call, make = {
    "piece_ids": (forward, lambda: np.zeros(5000, np.int32)),
    "offsets": (forward, lambda: np.arange(0, 5001, 10)),
    "word_index": (accumulate, lambda: np.zeros((1, tokens), np.int32)),
}[sys.argv[1]]
expected = call(make())
became = set()

def run(array):
    try:
        became.add("unchanged" if np.array_equal(call(array), expected) else "changed")
    except InputError:
        became.add("refused")

for attempt in range(8):
    array = make()
    thread = Thread(target=run, args=(array,))
    thread.start()
    time.sleep(0.001 * 2**(attempt % 4))
    array[:] = 2**30
    thread.join()
print(*sorted(became))
"""


@pytest.mark.parametrize("name", ["piece_ids", "offsets", "word_index"])
def test_an_index_that_changes_during_a_call_stays_in_its_array(name):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, name],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "unchanged" in run.stdout.split()
    assert set(run.stdout.split()) <= {"unchanged", "refused"}
