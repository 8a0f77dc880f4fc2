"""After SIGKILL at a random moment, running the command again leaves the usual files.

A process imports PyTorch once and forks for each run of a command, so that kills hit the work and
not the import. DIXTILL_KILL_SEED chooses other moments than those of seed 0.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_teachers

pytestmark = pytest.mark.slow

if sys.platform != "linux":
    pytest.skip("forks a process that has imported PyTorch", allow_module_level=True)

SEED = int(os.environ.get("DIXTILL_KILL_SEED", "0"))
KILLS = 3  # of one command, one after the other
LOG = "log"
# Files that may differ: some hold the path and the time of the input, and torch.save writes tensors
# that a resumed process has loaded in another way.
OWN = ("_scores.json", "checkpoint.pt", "checkpoint.previous.pt")
COMMANDS = {
    "attribute": "attribute --teacher teacher --data train.csv --out out --tolerance 0.01",
    "distill": "distill --teacher teacher --train train.csv --out out/s.safetensors --epochs 3"
    " --embedding-dim 6 --hidden-dim 5 --steps 8 --perturbed 2 --run run",
    **{
        f"distill with teaching {mode}": "distill --teacher teacher --train train.csv --method kl"
        f" --out out/s.safetensors --epochs 3 --embedding-dim 6 --perturbed 2 --run run"
        f" --teaching {mode}"
        for mode in ("worst", "learned")
    },
    "finetune": "finetune --base teacher --train train.csv --out out --epochs 4 --batch-size 8",
    "score": "score --data many.csv --out out --rows-per-file 500 --words",
    "infer": "infer --input many.csv --output out.jsonl",
    "infer to Parquet": "infer --input many.csv --output out.parquet",
}
RUNNER = """
import json, os, sys
import torch
import dixtill.bulk.scores, dixtill.commands.distill, dixtill.commands.finetune
import dixtill.streams.parquet, dixtill.distillation.course
import dixtill.distillation.fine_tuning.finetune, dixtill.distillation.teacher.teacher
from dixtill.cli import main

def run(folder, arguments, log):
    os.chdir(folder)
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    torch.set_num_threads(1)
    try:
        code = main(arguments)
    except BaseException:
        import traceback
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(*json.loads(line))
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Runner:
    """Runs each dixtill command in a process that can be killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUNNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._said() == "ready"

    def run(self, folder: Path, command: str, kill_after: float | None = None) -> int:
        """Return the exit status, negative for a signal; kill the command after some seconds."""
        assert self._process.stdin
        request = [str(folder), command.split(), str(folder / LOG)]
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        child = int(self._said())
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(int(self._said()))

    def close(self) -> None:
        with self._process:  # closes the pipes, which ends it, and waits
            pass

    def _said(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files that the commands read."""
    folder = tmp_path_factory.mktemp("inputs")
    model, tokenizer = tiny_teachers.build("bert")
    model.save_pretrained(folder / "teacher")
    tokenizer.save_pretrained(folder / "teacher")
    for name, num_rows in (("train.csv", 48), ("many.csv", 6000)):
        with open(folder / name, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "label"))
            texts = tiny_teachers.TEXTS
            writer.writerows((f"{texts[i % len(texts)]} {i}", str(i % 3)) for i in range(num_rows))
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """The contents of every file in a folder by its path, without the printed output."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != LOG)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def folder_with(inputs: dict[str, bytes], folder: Path) -> Path:
    for name, content in inputs.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_given_again_leaves_the_same_files(name, runner, inputs, tmp_path):
    whole, killed = (folder_with(inputs, tmp_path / name) for name in ("whole", "killed"))
    start = time.monotonic()
    assert runner.run(whole, COMMANDS[name]) == 0, (whole / LOG).read_text()
    seconds = time.monotonic() - start
    rng = random.Random(f"{SEED} {name}")
    moments = [rng.uniform(0, seconds) for _ in range(KILLS)]
    for moment in moments:
        status = runner.run(killed, COMMANDS[name], moment)
        if status == 0:  # it was quicker
            break
        assert status == -signal.SIGKILL, (killed / LOG).read_text()
    else:
        assert runner.run(killed, COMMANDS[name]) == 0, (killed / LOG).read_text()
    said = f"killed after {moments} of {seconds} s: {(killed / LOG).read_text()}"
    assert "Traceback" not in (killed / LOG).read_text()
    expected, actual = contents(whole), contents(killed)
    assert actual.keys() == expected.keys(), said
    different = {path for path in expected if actual[path] != expected[path]}
    assert {path for path in different if Path(path).name not in OWN} == set(), said
