"""A child answers, whatever other threads of its parent did when it was forked."""

from __future__ import annotations

import os

import pytest
from running import run_program

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]

# Two threads answer while the main thread forks, for as many seconds as it is told; each child
# answers too. A child that takes longer than ten seconds hangs, and is ended by its number.
PROGRAM = """
import os, signal, sys, threading, time, warnings
from functools import partial
import numpy as np
import dixtill
from dixtill.specification import kernels
from tiny_students import random_model

warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, about threads and fork
os.environ["DIXTILL_NUM_THREADS"] = "2"
student = dixtill.load()
weights = random_model().parameters
kernel = partial(kernels.forward, kernels.pack_parameters(weights), weights.embedding_q8)
ids, offsets = np.zeros(8, np.int32), np.array([0, 8])
texts = ["Profit falls"] * 40
expected = [answer.label for answer in student(texts)]
is_over = False

def answer():
    while not is_over:
        student(["up"])
        kernel(ids, offsets)

def is_right():
    kernel(ids, offsets)
    right = [answer.label for answer in student(texts)] == expected
    return right and student("Profit falls", check=True).label == expected[0]

def status_of(child):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs"

threads = [threading.Thread(target=answer) for _ in range(2)]
for thread in threads:
    thread.start()
statuses = []
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end and "hangs" not in statuses:
    child = os.fork()
    if child == 0:
        os._exit(0 if is_right() else 1)
    statuses.append(status_of(child))
is_over = True
for thread in threads:
    thread.join()
print(len(statuses), set(statuses))
"""


def test_children_of_a_process_whose_threads_answer_do_not_hang():
    run = run_program(PROGRAM, 8)
    assert (run.returncode, run.stderr) == (0, "")
    number, statuses = run.stdout.split(maxsplit=1)
    assert statuses == "{0}\n", f"of {number} children"
    assert int(number) > 50
