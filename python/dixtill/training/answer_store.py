"""A teacher's answers on disk, so that many students can learn from them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..errors import InputError
from ..whole_file import write_whole
from .teacher import Precision, Teacher

_TEXTS_PER_FILE = 4096


def answers(
    teacher: Teacher, texts: Sequence[str], folder: Path, precision: Precision = "float32"
) -> Tensor:
    """Logits [texts, classes] of cleaned `texts`, of which `folder` keeps what was computed.

    A stopped run goes on from the last whole file. Files are named by a hash of teacher, texts and
    precision.

    Raises:
        InputError: a file in the folder is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [texts[at : at + _TEXTS_PER_FILE] for at in range(0, len(texts), _TEXTS_PER_FILE)]
    with tqdm(total=len(texts), unit=" texts", desc="the teacher's answers", disable=None) as bar:
        found = []
        for part in parts:
            found.append(_answers_to_part(teacher, part, folder, precision))
            bar.update(len(part))
    return torch.cat(found) if found else torch.empty(0, len(teacher.labels))


def _answers_to_part(
    teacher: Teacher, texts: Sequence[str], folder: Path, precision: Precision
) -> Tensor:
    path = folder / f"answers-{_key(teacher, texts, precision)}.npy"
    if not path.exists():
        content = io.BytesIO()
        np.save(content, teacher.predict(texts, precision=precision).numpy())
        write_whole(path, content.getvalue())
    try:
        logits = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is damaged; delete it, and it is made again") from error
    if logits.shape != (len(texts), len(teacher.labels)):
        raise InputError(f"{path} does not fit its texts; delete it, and it is made again")
    return torch.from_numpy(logits)


def _key(teacher: Teacher, texts: Sequence[str], precision: Precision) -> str:
    content = hashlib.sha256(f"{teacher.fingerprint} {precision}".encode())
    for text in texts:
        content.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return content.hexdigest()[:32]
