"""Attributions on disk: Parquet shards that a killed run leaves whole and the next one reuses.

Each row is keyed by a hash of teacher, settings and text. The texts are cut into shards in an
order that depends on them alone, so an interrupted run leaves the same files as any other.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from .attributions import Attribution, Attributor
from .bars import bar

TEXTS_PER_SHARD = 128

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


# Explains lists of texts in any order: the number of a list in the sequence, and its attributions.
Explain = Callable[[Sequence[Sequence[str]]], Iterator[tuple[int, list[Attribution]]]]


class RunSummary(NamedTuple):
    """How much of a run was new."""

    computed: int
    reused: int


class _Item(NamedTuple):
    """A text to explain; sorts by length."""

    num_tokens: int
    key: str
    text: str


@dataclass(frozen=True)
class AttributionStore:
    """A folder of shards, which need not exist yet."""

    folder: Path

    def run(
        self,
        attributor: Attributor,
        texts: Sequence[str],
        progress: bool,
        explain: Explain | None = None,
    ) -> RunSummary:
        """Explain the texts that are not stored yet, a shard at a time.

        `explain` has other processes do it (attribution_pool.py); the shards are the same.

        Raises:
            InputError: the folder is a file, or a file in it is no shard of attributions.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"{self.folder} is a file; attributions need a folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.glob("*.tmp"):
            leftover.unlink()
        stored = self._stored_keys()
        items = _plan(attributor, texts)
        missing = [item for item in items if item.key not in stored]
        shards = _shards_of(items, stored)
        with bar(
            f"explaining {len(missing):,} texts",
            total=sum(item.num_tokens for item in items),
            unit="tokens",
            done=sum(item.num_tokens for item in items if item.key in stored),
            shown=progress,
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
        """The stored attributions of `texts`, in their order.

        Raises:
            InputError: a file is no shard, or a text was not explained by this teacher with
                these settings.
        """
        known = self.known(attributor, texts)
        absent = sum(text not in known for text in texts)
        if absent:
            raise InputError(
                f"{self.folder} lacks {absent} of {len(texts)} texts for this teacher and these "
                "settings; run `dixtill attribute` with the same ones first"
            )
        return [known[text] for text in texts]

    def known(self, attributor: Attributor, texts: Sequence[str]) -> dict[str, Attribution]:
        """The attributions of those `texts` that this teacher explained with these settings.

        Raises:
            InputError: a file is no shard.
        """
        text_of_key = dict(zip(_keys(attributor, texts), texts, strict=True))
        found = (row for path in self._shards() for row in _read(path).to_pylist())
        return {
            text_of_key[key]: _attribution(text_of_key[key], row)
            for row in found
            if (key := row.pop("key")) in text_of_key
        }

    def find(self, texts: Sequence[str]) -> dict[str, Attribution]:
        """The stored attributions of those `texts` that have some, of whichever teacher.

        Raises:
            InputError: the folder is missing, a file is no shard, or a text is stored more than
                once: by two teachers or with other settings.
        """
        if not self.folder.is_dir():
            raise InputError(f"{self.folder} is no folder of attributions")
        wanted = {_storable(text): text for text in texts}
        found: dict[str, Attribution] = {}
        for path in self._shards():
            for row in _read(path).drop_columns("key").to_pylist():
                text = wanted.get(row["text"])
                if text in found:
                    raise InputError(
                        f"{self.folder} holds attributions of two teachers or of two settings; "
                        "give each a folder of its own"
                    )
                if text is not None:
                    found[text] = _attribution(text, row)
        return found

    def _shards(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))

    def _stored_keys(self) -> set[str]:
        return {key for path in self._shards() for key in _read(path)["key"].to_pylist()}

    def _write(self, keys: Sequence[str], rows: Sequence[Attribution]) -> None:
        columns: dict[str, list[object]] = {"key": list(keys)}
        for field in fields(Attribution):
            columns[field.name] = [getattr(row, field.name) for row in rows]
        columns["text"] = [_storable(row.text) for row in rows]
        name = hashlib.sha256("".join(keys).encode()).hexdigest()[:16]
        temporary = self.folder / f"{name}.tmp"
        pq.write_table(pa.table(columns, schema=_SCHEMA), temporary)
        os.replace(temporary, self.folder / f"{name}.parquet")


def _one_by_one(attributor: Attributor) -> Explain:
    return lambda shards: ((number, attributor(texts)) for number, texts in enumerate(shards))


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} is no Parquet file: {error}; delete it and run again") from error
    if table.schema != _SCHEMA:
        raise InputError(f"{path} holds no attributions of this version; use another folder")
    return table


def _attribution(text: str, row: dict[str, Any]) -> Attribution:
    values = {name: _tuples(value) for name, value in row.items()}
    return Attribution(**{**values, "text": text})


def _tuples(value: Any) -> Any:
    """Lists, also those in lists, as tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _storable(text: str) -> str:
    """`text` as UTF-8 can hold it: a question mark for each lone surrogate."""
    return text.encode("utf-8", "replace").decode()


def _keys(attributor: Attributor, texts: Sequence[str]) -> list[str]:
    """A hash of teacher, settings and text, for each text."""
    settings = json.dumps(attributor.settings.as_dict(), sort_keys=True)
    prefix = hashlib.sha256(f"{attributor.teacher.fingerprint}\n{settings}\n".encode())
    keys: list[str] = []
    for text in texts:
        content = prefix.copy()
        content.update(text.encode("utf-8", "surrogatepass"))
        keys.append(content.hexdigest())
    return keys


def _plan(attributor: Attributor, texts: Sequence[str]) -> list[_Item]:
    """The distinct texts, shortest first: neighbours in a batch need little padding."""
    distinct = list(dict.fromkeys(texts))
    keys = _keys(attributor, distinct)
    return sorted(map(_Item, attributor.num_tokens(distinct), keys, distinct))


def _shards_of(items: Sequence[_Item], stored: set[str]) -> dict[int, list[_Item]]:
    """What is not stored of each shard that has such, numbered."""
    shards = (
        items[start : start + TEXTS_PER_SHARD] for start in range(0, len(items), TEXTS_PER_SHARD)
    )
    missing = ([item for item in shard if item.key not in stored] for shard in shards)
    return dict(enumerate(filter(None, missing)))
