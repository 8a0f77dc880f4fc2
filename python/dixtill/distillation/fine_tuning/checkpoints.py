"""Finds the checkpoints of transformers.Trainer that are complete, so that a run can resume.

Trainer writes the files of a checkpoint one after another, in place. A complete checkpoint gets a
mark that lists the digests of its files. A checkpoint without a mark, or whose files differ from
it, is removed: a killed run, a full disk or an incomplete copy may have left it.
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
_BLOCK = 1 << 20  # bytes read at once
# PyTorch, safetensors and tokenizers raise exactly these; a subclass would be a programming error.
_CANNOT_WRITE = (RuntimeError, SafetensorError, Exception)


def mark_whole(checkpoint: Path) -> None:
    """Mark a checkpoint as complete, with the digests of its files."""
    write_whole(checkpoint / _MARK, json.dumps(_digests(checkpoint)).encode())


def last_checkpoint(folder: Path) -> str | None:
    """Return the last complete checkpoint whose best epoch has a complete one too, or None.

    Incomplete checkpoints, and those after the returned one, are removed.
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
    """Turn the errors of libraries that cannot write into `folder` into OSError.

    Raises:
        OSError: PyTorch, safetensors or tokenizers cannot write; each has its own error for a full
            disk.
    """
    try:
        yield
    except Exception as error:
        if type(error) not in _CANNOT_WRITE:
            raise
        reason = f"cannot be written, perhaps because the disk is full ({str(error).strip()})"
        raise OSError(EIO, reason, str(folder)) from error


def _best_of(checkpoint: Path) -> str:
    """Return the name of the checkpoint that was the best when this one was written."""
    best = json.loads((checkpoint / _STATE).read_bytes())["best_model_checkpoint"]
    return Path(best).name if best else checkpoint.name


def _is_whole(checkpoint: Path) -> bool:
    try:
        marked = json.loads((checkpoint / _MARK).read_bytes())
    except (OSError, ValueError):
        return False
    return bool(marked == _digests(checkpoint))


def _digests(checkpoint: Path) -> dict[str, str]:
    """Return the SHA-256 of each file, by its name in the checkpoint."""
    return {
        path.relative_to(checkpoint).as_posix(): _digest(path)
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file() and path.name != _MARK
    }


def _digest(path: Path) -> str:
    content = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            content.update(block)
    return content.hexdigest()
