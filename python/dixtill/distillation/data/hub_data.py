"""Reads data sets from the Hugging Face hub, or from folders as `datasets` loads them.

They are named `hub:NAME`, `hub:NAME:SPLIT` or `hub:NAME:CONFIG:SPLIT`, where NAME may be a local
folder and SPLIT a slice such as `train[:1000]`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...standard_streams import is_terminal
from ...tables.pairs import check_single_texts, pair_hint

PREFIX = "hub:"
_COLON = re.compile(r":(?![^\[]*\])(?![\\/])")  # but not in a slice or after a Windows drive


def is_on_hub(location: str | Path) -> bool:
    """Return whether `location` names a data set on the hub."""
    return str(location).startswith(PREFIX)


@dataclass(frozen=True)
class HubColumns:
    """Columns of a split; a missing text is None."""

    texts: list[str | None]
    labels: list[tuple[Any, ...]]  # the values of the label columns, with names for classes
    label_names: tuple[str, ...] | None  # of the first column's classes; None if it has no names


def stream_hub_texts(location: str, text_column: str) -> Iterator[str]:
    """Yield the texts of a data set one after the other; a missing text is empty.

    Raises:
        InputError: as for `read_hub`.
    """
    data = _opened(location, [text_column]).select_columns([text_column])
    for batch in data.iter(batch_size=1000):
        for text in batch[text_column]:
            yield _text(text, location, text_column) or ""


def read_hub(location: str, text_column: str, label_columns: Sequence[str]) -> HubColumns:
    """Read the texts of a data set and the values of its label columns.

    Raises:
        InputError: the data set, split or column does not exist, or the text column holds
            something other than texts.
    """
    data = _opened(location, [text_column, *label_columns])
    check_single_texts(location, data.column_names, text_column)
    texts = [_text(text, location, text_column) for text in data[text_column]]
    names = [_class_names(data.features[column]) for column in label_columns]
    columns = [
        [_named(value, known) for value in data[column]]
        for column, known in zip(label_columns, names, strict=True)
    ]
    return HubColumns(texts, list(zip(*columns, strict=True)), names[0])


def _class_names(feature: Any) -> tuple[str, ...] | None:
    """Return the names of a column's classes, or of the classes in its lists."""
    names = getattr(getattr(feature, "feature", feature), "names", None)
    return tuple(names) if names else None


def _opened(location: str, columns: Sequence[str]) -> Any:
    """Return the data set, which has the columns; the first of them is that of the texts."""
    name, config, split = _parts(location)
    with _no_progress_off_terminal():
        try:
            data = _loaded(name, config, split, columns[0])
        except InputError:
            raise
        except Exception as error:  # datasets, pyarrow, pandas and the network raise many kinds
            raise InputError(f"cannot load '{location}': {_in_short(error)}") from error
    for column in columns:
        if column not in data.column_names:
            raise InputError(
                f"{location} has no column '{column}'; it has {', '.join(data.column_names)}"
                f"{pair_hint(data.column_names)}"
            )
    return data


def _text(text: object, location: str, column: str) -> str | None:
    if text is None or isinstance(text, str):
        return text
    raise InputError(f"{location}: the column '{column}' holds values that are not texts")


def _parts(location: str) -> tuple[str, str | None, str | None]:
    name, *rest = _COLON.split(location.removeprefix(PREFIX))
    if not name or len(rest) > 2 or "" in rest:
        raise InputError(
            f"'{location}' does not name a data set, expected hub:NAME[[:CONFIG]:SPLIT]"
        )
    return name, rest[0] if len(rest) == 2 else None, rest[-1] if rest else None


def _loaded(name: str, config: str | None, split: str | None, text_column: str) -> Any:
    import datasets

    from .hub_csv import is_csv, is_plain_csv, read_csv_split

    folder = Path(name)
    if (folder / "state.json").is_file():  # a single split, written by save_to_disk
        return datasets.load_from_disk(name)
    # Without its full path, a folder named csv or json would be taken for a format.
    source = str(folder.resolve()) if folder.is_dir() else name
    if split is None:
        splits = datasets.get_dataset_split_names(source, config)
        if len(splits) > 1:
            place = f"{PREFIX}{name}" + (f":{config}" if config else "")
            raise InputError(
                f"{place} has the splits {', '.join(splits)}; name one, as in {place}:{splits[0]}"
            )
        split = splits[0]
    builder = datasets.load_dataset_builder(source, config)
    if is_plain_csv(builder):
        return read_csv_split(builder, split, text_column)
    # By default, pandas turns texts such as "null" into missing values.
    options = {"keep_default_na": False} if is_csv(builder) else {}
    return datasets.load_dataset(source, config, split=split, **options)


def _named(value: Any, names: Sequence[str] | None) -> Any:
    """Return names for classes; None for -1, which marks a missing label in test sets."""
    if names and isinstance(value, list):
        return [_named(item, names) for item in value]
    if names and isinstance(value, int):
        return None if value == -1 else names[value]
    return value


def _in_short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return " ".join(line.strip() for line in lines[:3]) or type(error).__name__


@contextmanager
def _no_progress_off_terminal() -> Iterator[None]:
    """Let `datasets` draw progress bars only on a terminal, inside the context."""
    import datasets

    hide = datasets.are_progress_bars_disabled() is False and not is_terminal(sys.stderr)
    if hide:
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        if hide:
            datasets.enable_progress_bars()
