"""Checkpoints of transformers.Trainer: which of them are whole, and so may be gone on from.

Trainer writes a checkpoint file by file in place. One that was written to its end is marked by a
list of its files' digests; what a killed run, a full disk or a copy left without its mark, or with
other files than that says, is removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EIO
from hashlib import sha256
from pathlib import Path

from safetensors import SafetensorError

from ...whole_file import write_whole

_MARK = "whole.json"
_STATE = "trainer_state.json"
_READ = 1 << 20  # bytes in memory at once
# Of PyTorch, safetensors and tokenizers; their subclasses are errors of programs.
_CANNOT_WRITE = (RuntimeError, SafetensorError, Exception)


def mark_whole(checkpoint: Path) -> None:
    """Say that a checkpoint was written to its end, and how its files are."""
    write_whole(checkpoint / _MARK, json.dumps(_digests(checkpoint)).encode())


def last_checkpoint(folder: Path) -> str | None:
    """The last checkpoint that is whole and whose best epoch has a whole one, or None.

    Those after it and those that are not whole are removed.
    """
    checkpoints = sorted(
        (path for path in folder.glob("checkpoint-*") if path.name[11:].isdecimal()),
        key=lambda path: int(path.name[11:]),
    )
    whole = {path.name for path in checkpoints if _is_whole(path)}
    usable = [path for path in checkpoints if path.name in whole and _best_of(path) in whole]
    after = checkpoints.index(usable[-1]) + 1 if usable else 0
    for path in checkpoints:
        if path.name not in whole or path in checkpoints[after:]:
            shutil.rmtree(path)
    return str(usable[-1]) if usable else None


@contextmanager
def saving(folder: Path) -> Iterator[None]:
    """Inside the context, errors of the libraries that write into `folder` become OSError.

    Raises:
        OSError: PyTorch, safetensors or tokenizers cannot write; each has its own error for a full
            disk.
    """
    try:
        yield
    except Exception as error:
        if type(error) not in _CANNOT_WRITE:
            raise
        reason = f"cannot be written, perhaps as the disk is full ({str(error).strip()})"
        raise OSError(EIO, reason, str(folder)) from error


def _best_of(checkpoint: Path) -> str:
    """The name of the best checkpoint so far, when this one was written."""
    best = json.loads((checkpoint / _STATE).read_bytes())["best_model_checkpoint"]
    return Path(best).name if best else checkpoint.name


def _is_whole(checkpoint: Path) -> bool:
    try:
        marked = json.loads((checkpoint / _MARK).read_bytes())
    except (OSError, ValueError):
        return False
    return bool(marked == _digests(checkpoint))


def _digests(checkpoint: Path) -> dict[str, str]:
    """SHA-256 of each file, by its name in the checkpoint."""
    return {
        path.relative_to(checkpoint).as_posix(): _digest(path)
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file() and path.name != _MARK
    }


def _digest(path: Path) -> str:
    content = sha256()
    with path.open("rb") as file:
        while block := file.read(_READ):
            content.update(block)
    return content.hexdigest()
