"""After SIGKILL at a random moment, running the command again leaves the usual files.

Each run of a command is a fork of a process that has imported PyTorch, so that kills hit the work
and not the import. DIXTILL_KILL_SEED chooses other moments than those of seed 0.
"""

from __future__ import annotations

import contextlib
import csv
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest
import tiny_teachers
from forked_commands import Command

pytestmark = pytest.mark.slow

if sys.platform != "linux":
    pytest.skip("forks a process that has imported PyTorch", allow_module_level=True)

SEED = int(os.environ.get("DIXTILL_KILL_SEED", "0"))
KILLS = 3  # of one command, one after the other
LOG = "log"
# Files that may differ: some hold the path and the time of the input or measured times, and
# torch.save writes tensors that a resumed process has loaded in another way.
OWN = (
    "_scores.json", "checkpoint.pt", "checkpoint.previous.pt", "times.json", "front.json",
    "search.html", "spent.json", "short.spent.json", "full.spent.json", "journal.log",
)  # fmt: skip
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
    "search": "search --teacher teacher --train train.csv --folder out --objectives fidelity,size"
    " --trials 5 --generation 3 --epochs 2 --perturbed 2 --steps 2 --max-explained 6",
    "finetune": "finetune --base teacher --train train.csv --out out --epochs 4 --batch-size 8",
    "score": "score --data many.csv --out out --rows-per-file 500 --words",
    "infer": "infer --input many.csv --output out.jsonl",
    "infer to Parquet": "infer --input many.csv --output out.parquet",
}


class Runner:
    """Runs each dixtill command in a process that can be killed."""

    def __init__(self, server: str) -> None:
        self._server = server

    def run(self, folder: Path, command: str, kill_after: float | None = None) -> int:
        """Return the exit status, negative for a signal; kill the command after some seconds."""
        with open(os.devnull) as nothing, open(folder / LOG, "a") as log:
            streams = (nothing.fileno(), log.fileno(), log.fileno())
            running = Command(
                self._server, "dixtill", command.split(), folder=str(folder), streams=streams
            )
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(running.pid, signal.SIGKILL)
        return running.wait()


@pytest.fixture(scope="module")
def runner(command_server: str) -> Runner:
    return Runner(command_server)


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
