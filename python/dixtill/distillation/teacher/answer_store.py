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
from .head import Answers
from .teacher import Teacher

_TEXTS_PER_FILE = 4096


@dataclass(frozen=True)
class AnswerStore:
    """A teacher whose answers to cleaned texts are stored in a folder.

    A stopped run resumes after the last whole file. A file's name holds a hash of teacher, texts
    and precision. States have files of their own.
    """

    teacher: Teacher
    folder: Path
    precision: Precision = "float32"  # of the matrix products
    watcher: Watcher = field(default_factory=Watcher)
    with_states: bool = False  # whether answers have states

    def __post_init__(self) -> None:
        """Create the folder; raise InputError if it is a file."""
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"{self.folder} is a file; a teacher's answers need a folder")
        self.folder.mkdir(parents=True, exist_ok=True)

    def parts(self, texts: Iterable[str], total: int) -> Iterator[tuple[list[str], Answers]]:
        """Yield all `total` texts in parts, each with its answers.

        Answers in the folder are read; the others are asked for, and stored.

        Raises:
            InputError: a file in the folder is damaged, or an answer is not finite.
        """
        rest = iter(texts)
        with self.watcher.bar("the teacher answers", total, "texts") as advance:
            while part := list(islice(rest, _TEXTS_PER_FILE)):
                yield part, self._answers(part, advance)

    def answers_by_length(self, texts: Sequence[str]) -> Answers:
        """Return the answers to one text or more, which are sorted into files by length.

        If the teacher can pad, the batches are those of one call of `Teacher.answer`, whatever the
        number of files. Raises InputError as `parts` does.
        """
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        found = [part for _, part in self.parts((texts[row] for row in order), len(texts))]
        places = torch.tensor(order).argsort()
        states = [part.states for part in found if part.states is not None]
        return Answers(
            torch.cat([part.logits for part in found])[places],
            torch.cat(states)[places] if states else None,
        )

    def _answers(self, texts: Sequence[str], advance: Advance) -> Answers:
        key = self._key(texts)
        logits, states = (self.folder / f"{name}-{key}.npy" for name in ("answers", "states"))
        if logits.exists() and (states.exists() or not self.with_states):
            advance(len(texts))
        else:
            found = self.teacher.answer(
                texts, precision=self.precision, on_batch=advance, with_states=self.with_states
            )
            if found.states is not None:
                _write(states, found.states)
            _write(logits, found.logits)
        return Answers(
            self._read(logits, np.float32, len(texts), len(self.teacher.labels)),
            self._read(states, np.float16, len(texts)) if self.with_states else None,
        )

    @staticmethod
    def _read(path: Path, dtype: type, rows: int, width: int | None = None) -> Tensor:
        """Return the array [rows, width] in a file; None stands for any width."""
        with path.open("rb") as file:
            try:
                found = np.lib.format.read_array(file, allow_pickle=False)
            except Exception as error:  # NumPy raises many kinds of errors for a damaged header
                raise InputError(f"{path} is damaged; delete it and run again") from error
        expected = (rows, width or found.shape[-1]) if found.ndim else None
        if found.dtype != dtype or found.shape != expected:
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


def _write(path: Path, values: Tensor) -> None:
    content = io.BytesIO()
    np.save(content, values.numpy())
    write_whole(path, content.getvalue())
