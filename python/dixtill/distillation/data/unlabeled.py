"""Reads any number of texts without labels, in memory that hardly grows with their number."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

from ...errors import InputError
from ...tables.rows import Row
from ...tables.table import BY_NAME, Layout, opened_table
from .corpus import comparable
from .hub_data import is_on_hub, stream_hub_texts
from .perturbation import count_words

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def read_texts(
    path: str | os.PathLike[str],
    text_column: str = "text",
    layout: Layout = BY_NAME,
    otherwise: str = "text",
) -> list[str]:
    """Return the texts of `stream_texts` without duplicates."""
    return list(dict.fromkeys(stream_texts(path, text_column, layout, otherwise)))


def stream_texts(
    path: str | os.PathLike[str],
    text_column: str = "text",
    layout: Layout = BY_NAME,
    otherwise: str = "text",
) -> Iterator[str]:
    """Read texts from a file, a data set on the hub, or a folder of files, one after the other.

    Empty and missing texts are left out. In a folder, files and folders whose names begin with a
    dot are not read.

    Args:
        path: the file, the folder or the data set.
        text_column: the column of the texts; no other column is needed.
        layout: the format, if the files' names do not tell it.
        otherwise: the format of a file with an unknown suffix.

    Raises:
        InputError: a file cannot be read, a column is missing, a row has more or fewer fields than
            the header, or there is no text.
    """
    root, is_empty = Path(path), True
    if is_on_hub(root):
        found = stream_hub_texts(str(path), text_column)
    else:
        files = _files_in(root) if root.is_dir() else [root]
        found = (
            text for file in files for text in _texts_in(str(file), text_column, layout, otherwise)
        )
    for text in found:
        if text.strip():
            is_empty = False
            yield text
    if is_empty:
        raise InputError(f"{path} holds no texts")


def _files_in(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _texts_in(path: str, text_column: str, layout: Layout, otherwise: str) -> Iterator[str]:
    is_empty = True
    with opened_table(path, text_column, layout, otherwise, [text_column]) as table:
        for row in table.rows():
            is_empty = False
            yield row.text if isinstance(row, Row) else ""
    if is_empty:
        raise table.error_without_rows()


class UnlabeledTexts:
    """Texts without labels; each iteration reads them anew.

    Empty texts are left out, and so are copies of an earlier text (cleaned and case-folded), and
    near-copies of `others`, which differ from one of them only in numbers and links. An iteration
    keeps a hash of 8 bytes for each text, and nothing else.
    """

    def __init__(self, read: Callable[[], Iterable[str]], others: Iterable[str] = ()) -> None:
        """Take a function that returns all texts, from the first one on, at each call."""
        self._read = read
        self._others = {_hash(_masked(comparable(text))) for text in others}

    def __len__(self) -> int:
        return self._summary[0]

    def digest(self) -> str:
        """Return the SHA-256 of all texts."""
        return self._summary[1]

    @property
    def num_words(self) -> int:
        """The sum of `count_words` over all texts."""
        return self._summary[2]

    @cached_property
    def _summary(self) -> tuple[int, str, int]:
        count, content, num_words = 0, hashlib.sha256(), 0
        for text in self:
            encoded = text.encode("utf-8", "surrogatepass")
            content.update(f"{len(encoded)} ".encode() + encoded)
            count += 1
            num_words += count_words(text)
        return count, content.hexdigest(), num_words

    def __iter__(self) -> Iterator[str]:
        seen: set[int] = set()
        for text in self._read():
            form = comparable(text)
            key = _hash(form)
            if form and key not in seen and _hash(_masked(form)) not in self._others:
                seen.add(key)
                yield text


def _masked(form: str) -> str:
    """Return a comparable form, whose links are gone, with each number replaced by 0."""
    return _NUMBER.sub("0", form)


def _hash(text: str) -> int:
    """Return 64 bits; among a million texts, two share them with a probability of 3e-8."""
    content = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
