"""Reads the CSV and TSV files of a data set with dixtill's own readers instead of pandas.

`datasets` reads them with pandas, which turns `null` and `N/A` into missing values and `007` into
7, and pads rows that have too few fields.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import datasets
from datasets.packaged_modules.csv.csv import CsvConfig

from ...errors import InputError
from ...tables.rows import Row
from ...tables.table import Layout, opened_table

# Settings that `read_csv_split` honors; with any other, `datasets` has to read the files.
_HONORED = ("name", "version", "data_dir", "data_files", "description", "sep", "delimiter")


def is_csv(builder: Any) -> bool:
    """Return whether the data set consists of CSV files, with any settings."""
    return isinstance(builder.config, CsvConfig)


def is_plain_csv(builder: Any) -> bool:
    """Return whether the data set consists of CSV files that `read_csv_split` can read."""
    plain = CsvConfig()
    return (
        is_csv(builder)
        and builder.info.features is None
        and all(
            getattr(builder.config, field.name) == getattr(plain, field.name)
            for field in fields(CsvConfig)
            if field.name not in _HONORED
        )
    )


def read_csv_split(builder: Any, split: str, text_column: str) -> datasets.Dataset:
    """Read a split of a data set, or slices of splits; every value is the text in the file.

    Raises:
        InputError: a file cannot be read, has a bad row, or has different columns than the others.
    """
    instruction = datasets.ReadInstruction.from_spec(split)
    names = dict.fromkeys(part.partition("[")[0].strip() for part in split.split("+"))
    for name in names:
        if name not in builder.config.data_files:
            known = ", ".join(map(str, builder.config.data_files))
            raise InputError(f'Unknown split "{name}"; it has {known}')
    splits = {name: _read_files(builder, name, text_column) for name in names}
    slices = instruction.to_absolute({name: len(data) for name, data in splits.items()})
    parts = [splits[part.splitname].select(range(part.from_, part.to)) for part in slices]
    return datasets.concatenate_datasets(parts)


def _read_files(builder: Any, split: str, text_column: str) -> datasets.Dataset:
    downloads = datasets.DownloadManager()
    found = downloads.download_and_extract(list(builder.config.data_files[split]))
    columns: dict[str, list[str]] | None = None
    for path in downloads.iter_files(found):
        with opened_table(path, text_column, Layout("csv", builder.config.sep)) as table:
            assert table.columns is not None
            columns = columns or {name: [] for name in table.columns}
            if set(columns) != set(table.columns):
                raise InputError(
                    f"{path} has the columns {', '.join(table.columns)}, expected those of the "
                    f"file before it: {', '.join(columns)}"
                )
            for row in table.rows():
                assert isinstance(row, Row)  # CSV has no null
                for name, value in row.fields.items():
                    columns[name].append(value)
    kinds = datasets.Features({name: datasets.Value("string") for name in columns or ()})
    return datasets.Dataset.from_dict(columns or {}, features=kinds)
