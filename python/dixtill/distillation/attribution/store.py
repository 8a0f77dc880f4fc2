"""Stores attributions in Parquet shards; a killed run leaves whole shards for the next run.

Each row has a key made from teacher, settings and text. The order in which texts are cut into
shards depends on the texts alone, so an interrupted run leaves the same files as any other. Two
simultaneous runs may store a text twice; readers take one of the two rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import InputError
from ...whole_file import remove_abandoned, write_whole
from ..progress.watcher import Watcher
from .attributor import Attribution, Attributor

TEXTS_PER_SHARD = 128
_LENGTH = 32  # hexadecimal digits of a hash

_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("text", pa.string()),
        ("logits", pa.list_(pa.float32())),
        ("target", pa.int32()),
        ("output", pa.float32()),
        ("baseline_output", pa.float32()),
        ("completeness_error", pa.float32()),
        ("starts", pa.list_(pa.int32())),
        ("ends", pa.list_(pa.int32())),
        ("attributions", pa.list_(pa.float32())),
        ("num_tokens", pa.list_(pa.int32())),
        ("by_class", pa.list_(pa.list_(pa.float32()))),
        ("steps", pa.int32()),
    ]
)

_COLUMN_OF = {"predicted": "target"}  # where a field has another name than its column

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
        stored = self._stored_keys()
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
                self._write([item.key for item in shard], rows)
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
        text_of_key = dict(zip(_keys(attributor, texts), texts, strict=True))
        found: dict[str, Attribution] = {}
        for path, row in self._rows():
            text = text_of_key.get(row["key"])
            if text is not None and text not in found:
                found[text] = _attribution(path, text, row)
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
                    rows[text] = _attribution(path, text, row)
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

    def _rows(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield all rows, each with its file."""
        return ((path, row) for path in self._shards() for row in _read(path).to_pylist())

    def _shards(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))

    def _stored_keys(self) -> set[str]:
        return {key for path in self._shards() for key in _read(path)["key"].to_pylist()}

    def _write(self, keys: Sequence[str], rows: Sequence[Attribution]) -> None:
        columns: dict[str, list[object]] = {"key": list(keys)}
        for field in fields(Attribution):
            column = _COLUMN_OF.get(field.name, field.name)
            columns[column] = [getattr(row, field.name) for row in rows]
        columns["text"] = [_storable(row.text) for row in rows]
        name = hashlib.sha256("".join(keys).encode()).hexdigest()[:16]
        content = pa.BufferOutputStream()
        pq.write_table(pa.table(columns, schema=_SCHEMA), content)
        write_whole(self.folder / f"{name}.parquet", content.getvalue().to_pybytes())


def _one_by_one(attributor: Attributor) -> Explain:
    return lambda shards: ((number, attributor(texts)) for number, texts in enumerate(shards))


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path} is not a Parquet file: {error}; delete it and run again"
        ) from error
    if table.schema != _SCHEMA:
        raise InputError(f"{path} holds no attributions of this version; use another folder")
    return table


def _key(path: Path, row: dict[str, Any]) -> _Key:
    try:
        return _Key.read(row["key"])
    except (AttributeError, ValueError) as error:
        raise InputError(
            f"{path} holds no attributions of this version; use another folder"
        ) from error


def _attribution(path: Path, text: str, row: dict[str, Any]) -> Attribution:
    values = {
        field.name: _tuples(row[_COLUMN_OF.get(field.name, field.name)])
        for field in fields(Attribution)
    }
    try:
        return Attribution(**{**values, "text": text})
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it and run again") from error


def _tuples(value: Any) -> Any:
    """Return `value` with its lists, at every depth, turned into tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _storable(text: str) -> str:
    """Return `text` with a question mark for each lone surrogate, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


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
