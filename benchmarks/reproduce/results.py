"""Reads and writes the folder of a study: study.json, and a JSON file for each measurement.

Files are written whole or not at all, so a killed study resumes where it stopped, and a report
never reads half of a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dixtill.claim import ClaimFile
from dixtill.errors import InputError
from dixtill.whole_file import write_whole

Content = dict[str, Any]


@dataclass(frozen=True)
class StudyRecord:
    """What all measurements of a study share; its data and teacher cannot change."""

    dataset: str
    teacher: str  # its name
    teacher_sha256: str
    num_heads: int  # of each of the teacher's layers
    train_sha256: str
    test_sha256: str
    num_train: int
    num_held_out: int  # chooses epochs and settings
    label_names: tuple[str, ...]
    labels: tuple[int, ...]  # of the test texts
    methods: dict[str, tuple[str, ...]]
    ours: str
    seeds: int
    explained: tuple[int, ...] = field(default=())  # rows of the test texts
    precision: str = "float32"  # in which the teacher explains them
    unlabeled_sha256: str = ""  # of the texts without labels


_CLAIM = ClaimFile("study.json", "a study", "choose another folder")
_FIXED = ("dataset", "teacher_sha256", "train_sha256", "test_sha256")


def claim(folder: Path, record: StudyRecord) -> None:
    """Write study.json.

    Raises:
        InputError: the folder holds a study with other data or another teacher.
    """
    content = asdict(record)
    _CLAIM.claim(folder, {name: content[name] for name in _FIXED}, content)


def read_record(folder: Path) -> StudyRecord:
    """Read the study in `folder`.

    Raises:
        InputError: there is no study, or it is from another version.
    """
    try:
        content = json.loads((folder / "study.json").read_bytes())
        lists = {name: tuple(content[name]) for name in ("label_names", "labels", "explained")}
        methods = {name: tuple(arguments) for name, arguments in content["methods"].items()}
        return StudyRecord(**{**content, **lists, "methods": methods})
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder} holds no study of this version: {error}") from error


@dataclass(frozen=True)
class Key:
    """Names a measurement; two of the same key are the same measurement."""

    kind: str
    name: str = ""
    seed: int | None = None
    depends_on: tuple[str, ...] = ()  # other settings; they are part of the key

    @property
    def stem(self) -> str:
        """The stem of the file's name."""
        digest = hashlib.sha256(json.dumps(self.depends_on).encode()).hexdigest()[:8]
        seed = "" if self.seed is None else str(self.seed)
        parts = [self.kind, self.name, digest if self.depends_on else "", seed]
        return "-".join(part for part in parts if part)

    def path(self, folder: Path) -> Path:
        return folder / "measurements" / f"{self.stem}.json"


def read(folder: Path, key: Key) -> Content | None:
    """Read the measurement, or return None if it was not made yet."""
    path = key.path(folder)
    if not path.exists():
        return None
    content: Content = json.loads(path.read_text("utf-8"))
    return content


def read_seeds(folder: Path, keys: Sequence[Key]) -> list[Content]:
    """Read the measurements that were made."""
    return [content for key in keys if (content := read(folder, key)) is not None]


def write(folder: Path, key: Key, content: Content) -> None:
    path = key.path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {**asdict(key), **content})


def write_json(path: Path, content: Content) -> None:
    write_whole(path, json.dumps(content, separators=(",", ":")).encode())
