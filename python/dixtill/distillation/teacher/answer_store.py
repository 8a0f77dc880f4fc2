"""Stores a teacher's answers on disk, so that many students can learn from them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ...whole_file import write_whole
from ..config import Precision
from ..progress.watcher import Advance, Watcher
from .teacher import Teacher

_TEXTS_PER_FILE = 4096


def answers(
    teacher: Teacher,
    texts: Sequence[str],
    folder: Path,
    precision: Precision = "float32",
    watcher: Watcher | None = None,
) -> Tensor:
    """Return logits [texts, classes] of cleaned `texts`; read those in `folder`, store the others.

    A stopped run resumes after the last whole file. A file's name is a hash of teacher, texts and
    precision.

    Raises:
        InputError: the folder is a file, a file in it is damaged, or an answer is not finite.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; a teacher's answers need a folder")
    folder.mkdir(parents=True, exist_ok=True)
    parts = [texts[at : at + _TEXTS_PER_FILE] for at in range(0, len(texts), _TEXTS_PER_FILE)]
    with (watcher or Watcher()).bar("the teacher answers", len(texts), "texts") as advance:
        found = [_answers_to_part(teacher, part, folder, precision, advance) for part in parts]
    return torch.cat(found) if found else torch.empty(0, len(teacher.labels))


def answers_by_length(
    teacher: Teacher, texts: Sequence[str], folder: Path, watcher: Watcher | None = None
) -> Tensor:
    """Do what `answers` does, in float32 and with the texts sorted into files by length.

    If the teacher can pad, the batches are those of one call of `Teacher.predict`, whatever the
    number of files.
    """
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    found = answers(teacher, [texts[row] for row in order], folder, "float32", watcher)
    logits = torch.empty_like(found)
    logits[order] = found
    return logits


def _answers_to_part(
    teacher: Teacher, texts: Sequence[str], folder: Path, precision: Precision, advance: Advance
) -> Tensor:
    path = folder / f"answers-{_key(teacher, texts, precision)}.npy"
    if path.exists():
        advance(len(texts))
    else:
        content = io.BytesIO()
        logits = teacher.predict(texts, precision=precision, on_batch=advance)
        np.save(content, logits.numpy())
        write_whole(path, content.getvalue())
    with path.open("rb") as file:
        try:
            found = np.lib.format.read_array(file, allow_pickle=False)
        except Exception as error:  # NumPy raises many kinds of errors for a damaged header
            raise InputError(f"{path} is damaged; delete it, and it is made again") from error
    if found.dtype != np.float32 or found.shape != (len(texts), len(teacher.labels)):
        raise InputError(f"{path} does not fit its texts; delete it, and it is made again")
    if not np.isfinite(found).all():
        raise InputError(f"{path} holds NaN or infinity; delete it, and it is made again")
    return torch.from_numpy(found)


def _key(teacher: Teacher, texts: Sequence[str], precision: Precision) -> str:
    content = hashlib.sha256(f"{teacher.fingerprint} {precision}".encode())
    for text in texts:
        # A zero byte ends a text; one in a text becomes a byte that UTF-8 does not have.
        content.update(text.encode("utf-8", "surrogatepass").replace(b"\0", b"\xff") + b"\0")
    return content.hexdigest()[:32]
