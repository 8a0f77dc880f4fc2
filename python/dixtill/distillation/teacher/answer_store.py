"""Stores a teacher's answers on disk, so that many students can learn from them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
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


@dataclass(frozen=True)
class AnswerStore:
    """A teacher whose answers to cleaned texts are stored in a folder.

    A stopped run resumes after the last whole file. A file's name is a hash of teacher, texts and
    precision.
    """

    teacher: Teacher
    folder: Path
    precision: Precision = "float32"  # of the matrix products
    watcher: Watcher = field(default_factory=Watcher)

    def __post_init__(self) -> None:
        """Create the folder; raise InputError if it is a file."""
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"{self.folder} is a file; a teacher's answers need a folder")
        self.folder.mkdir(parents=True, exist_ok=True)

    def parts(self, texts: Iterable[str], total: int) -> Iterator[tuple[list[str], Tensor]]:
        """Yield all `total` texts in parts, each with its logits [texts, classes].

        Answers in the folder are read; the others are asked for, and stored.

        Raises:
            InputError: a file in the folder is damaged, or an answer is not finite.
        """
        rest = iter(texts)
        with self.watcher.bar("the teacher answers", total, "texts") as advance:
            while part := list(islice(rest, _TEXTS_PER_FILE)):
                yield part, self._answers(part, advance)

    def answers_by_length(self, texts: Sequence[str]) -> Tensor:
        """Return logits [texts, classes] of texts that are sorted into files by length.

        If the teacher can pad, the batches are those of one call of `Teacher.predict`, whatever the
        number of files. Raises InputError as `parts` does.
        """
        logits = torch.empty(len(texts), len(self.teacher.labels))
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        done = 0
        for part, found in self.parts((texts[row] for row in order), len(texts)):
            logits[order[done : done + len(part)]] = found
            done += len(part)
        return logits

    def _answers(self, texts: Sequence[str], advance: Advance) -> Tensor:
        path = self.folder / f"answers-{self._key(texts)}.npy"
        if path.exists():
            advance(len(texts))
        else:
            content = io.BytesIO()
            logits = self.teacher.predict(texts, precision=self.precision, on_batch=advance)
            np.save(content, logits.numpy())
            write_whole(path, content.getvalue())
        with path.open("rb") as file:
            try:
                found = np.lib.format.read_array(file, allow_pickle=False)
            except Exception as error:  # NumPy raises many kinds of errors for a damaged header
                raise InputError(f"{path} is damaged; delete it and run again") from error
        if found.dtype != np.float32 or found.shape != (len(texts), len(self.teacher.labels)):
            raise InputError(f"{path} does not fit its texts; delete it and run again")
        if not np.isfinite(found).all():
            raise InputError(f"{path} holds NaN or infinity; delete it and run again")
        return torch.from_numpy(found)

    def _key(self, texts: Sequence[str]) -> str:
        content = hashlib.sha256(f"{self.teacher.fingerprint} {self.precision}".encode())
        for text in texts:
            # A zero byte ends a text; one in a text becomes a byte that UTF-8 does not have.
            content.update(text.encode("utf-8", "surrogatepass").replace(b"\0", b"\xff") + b"\0")
        return content.hexdigest()[:32]
