"""Stores attributions in Parquet shards; a killed run leaves whole shards for the next run.

Each row has a key made from teacher, settings and text. The order in which texts are cut into
shards depends on the texts alone, so an interrupted run leaves the same files as any other. Two
simultaneous runs may store a text twice; readers take one of the two rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import InputError
from ...whole_file import remove_abandoned
from ..progress.watcher import Watcher
from .attributor import Attribution, Attributor
from .shards import read_attribution, read_shard, write_shard

TEXTS_PER_SHARD = 128
_LENGTH = 32  # hexadecimal digits of a hash

# Explains lists of texts; yields the index of each list and its attributions, in any order.
Explain = Callable[[Sequence[Sequence[str]]], Iterator[tuple[int, list[Attribution]]]]


class RunSummary(NamedTuple):
    """How many texts a run explained, and how many were stored already."""

    computed: int
    reused: int


class _Key(NamedTuple):
    """The key of a row: truncated SHA-256 hashes of teacher, settings and text."""

    teacher: str
    settings: str
    text: str

    @classmethod
    def read(cls, key: str) -> _Key:
        """Parse a key as `str` writes it.

        Raises:
            ValueError: `key` does not have three parts.
        """
        teacher, settings, text = key.split("-")
        return cls(teacher, settings, text)

    def __str__(self) -> str:
        return "-".join(self)


class _Item(NamedTuple):
    """A text to explain; sorts by length."""

    num_tokens: int
    key: str
    text: str


@dataclass(frozen=True)
class AttributionStore:
    """A folder of shards; it need not exist yet."""

    folder: Path

    def run(
        self,
        attributor: Attributor,
        texts: Sequence[str],
        watcher: Watcher | None = None,
        explain: Explain | None = None,
    ) -> RunSummary:
        """Explain the texts that are not stored yet, a shard at a time.

        Progress goes to the watcher as a bar. `explain` can be given to spread the work over other
        processes (attribution/pool.py); the shards are identical.

        Raises:
            InputError: the folder is a file, or holds a Parquet file that is not a shard.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"{self.folder} is a file; attributions need a folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(self.folder)
        needed = ("key", "logits", "classes")
        stored = {row["key"] for _, _, row in self._stored(attributor, texts, needed)}
        items = _plan(attributor, texts)
        missing = [item for item in items if item.key not in stored]
        shards = _shards_of(items, stored)
        with (watcher or Watcher()).bar(
            f"explaining {len(missing):,} texts",
            total=sum(item.num_tokens for item in items),
            unit="tokens",
            done=sum(item.num_tokens for item in items if item.key in stored),
        ) as advance:
            texts_of_shards = [[item.text for item in shard] for shard in shards.values()]
            for number, rows in (explain or _one_by_one(attributor))(texts_of_shards):
                shard = shards.pop(number)
                write_shard(self.folder, [item.key for item in shard], rows)
                advance(sum(item.num_tokens for item in shard))
        if shards:
            raise RuntimeError(f"{len(shards)} shards were not explained")
        return RunSummary(computed=len(missing), reused=len(items) - len(missing))

    def read(self, attributor: Attributor, texts: Sequence[str]) -> list[Attribution]:
        """Return the stored attributions of `texts`, in their order.

        Raises:
            InputError: a Parquet file is not a shard, or a text was not explained by this teacher
                with these settings.
        """
        known = self.known(attributor, texts)
        absent = sum(text not in known for text in texts)
        if absent:
            raise InputError(
                f"{self.folder} lacks {absent} of {len(texts)} texts for this teacher and these "
                "settings; run `dixtill attribute` with them first"
            )
        return [known[text] for text in texts]

    def known(self, attributor: Attributor, texts: Sequence[str]) -> dict[str, Attribution]:
        """Return the attributions of those `texts` that this teacher explained with these settings.

        Raises:
            InputError: a Parquet file is not a shard.
        """
        found: dict[str, Attribution] = {}
        for text, path, row in self._stored(attributor, texts):
            if text not in found:
                found[text] = read_attribution(path, text, row)
        return found

    def find(self, texts: Sequence[str], teacher: str | None = None) -> dict[str, Attribution]:
        """Return the stored attributions of those `texts` that have any.

        They come from the teacher with the fingerprint `teacher`, or from any if it is None.

        Raises:
            InputError: the folder is missing, a Parquet file is not a shard, or the texts were
                explained only by other teachers, by several, or with several settings.
        """
        if not self.folder.is_dir():
            raise InputError(
                f"{self.folder} is not a folder of attributions; `dixtill attribute` makes one"
            )
        wanted = {_hash(text): text for text in texts}
        found: dict[tuple[str, str], dict[str, Attribution]] = {}
        for path, row in self._rows():
            key = _key(path, row)
            text = wanted.get(key.text)
            if text is not None:
                rows = found.setdefault((key.teacher, key.settings), {})
                if text not in rows:  # simultaneous runs may have stored it twice
                    rows[text] = read_attribution(path, text, row)
        if teacher is not None and found:
            found = {maker: rows for maker, rows in found.items() if maker[0] == _hash(teacher)}
            if not found:
                raise InputError(
                    f"{self.folder} holds attributions of another teacher than the student's; "
                    "explain the texts with the student's teacher, into another folder"
                )
        if len(found) > 1:
            teachers = {teacher for teacher, _ in found}
            whose = f"{len(teachers)} teachers" if len(teachers) > 1 else f"{len(found)} settings"
            raise InputError(
                f"{self.folder} holds attributions of {whose}; use a separate folder for each"
            )
        return next(iter(found.values()), {})

    def _stored(
        self, attributor: Attributor, texts: Sequence[str], columns: Sequence[str] | None = None
    ) -> Iterator[tuple[str, Path, dict[str, Any]]]:
        """Yield each text that was explained as `attributor` would do it, with its file and row."""
        text_of_key = dict(zip(_keys(attributor, texts), texts, strict=True))
        for path, row in self._rows(columns):
            text = text_of_key.get(row["key"])
            if text is not None and _has_classes_of(attributor, text, row):
                yield text, path, row

    def _rows(self, columns: Sequence[str] | None = None) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield all rows, each with its file."""
        paths = sorted(self.folder.glob("*.parquet"))
        return ((path, row) for path in paths for row in read_shard(path, columns))


def _has_classes_of(attributor: Attributor, text: str, row: Mapping[str, Any]) -> bool:
    """Return whether a row of this teacher and these settings has the classes to be explained.

    Where they are some of all, they depend on the classes that the text was given.
    """
    classes = row.get("classes")
    return not classes or tuple(classes) == attributor.chosen(text, row["logits"] or ()).classes


def _one_by_one(attributor: Attributor) -> Explain:
    return lambda shards: ((number, attributor(texts)) for number, texts in enumerate(shards))


def _key(path: Path, row: dict[str, Any]) -> _Key:
    try:
        return _Key.read(row["key"])
    except (AttributeError, ValueError) as error:
        raise InputError(
            f"{path} holds no attributions of this version; use another folder"
        ) from error


def _keys(attributor: Attributor, texts: Sequence[str]) -> list[str]:
    """Return the key of each text."""
    teacher = _hash(attributor.teacher.fingerprint)
    settings = _hash(json.dumps(attributor.settings.as_dict(), sort_keys=True))
    return [str(_Key(teacher, settings, _hash(text))) for text in texts]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_LENGTH]


def _plan(attributor: Attributor, texts: Sequence[str]) -> list[_Item]:
    """Return the distinct texts, shortest first, so that a batch needs little padding."""
    distinct = list(dict.fromkeys(texts))
    keys = _keys(attributor, distinct)
    return sorted(map(_Item, attributor.num_tokens(distinct), keys, distinct))


def _shards_of(items: Sequence[_Item], stored: set[str]) -> dict[int, list[_Item]]:
    """Cut `items` into shards, and return by number the missing items of each unfinished shard."""
    shards = (
        items[start : start + TEXTS_PER_SHARD] for start in range(0, len(items), TEXTS_PER_SHARD)
    )
    missing = ([item for item in shard if item.key not in stored] for shard in shards)
    return dict(enumerate(filter(None, missing)))
