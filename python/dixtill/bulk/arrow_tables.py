"""Read tables of any format as Arrow tables, some rows at a time and in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa

from ..errors import InputError
from ..tables import parquet
from ..tables.arrow_types import cell, schema_of
from ..tables.rows import BadRow, MissingText, Row, check_columns
from ..tables.table import BY_NAME, Layout, Table, format_of, opened_table, suffix_format

_TABLES = ".csv, .tsv, .jsonl or .parquet file"


def files_of(path: Path, layout: Layout = BY_NAME) -> list[Path]:
    """Return the tables in a folder, sorted by name, or just `path` if it is a file.

    In a folder, names that begin with a dot or an underscore are skipped, and so are .txt files,
    which may be notes.

    Raises:
        InputError: there is no table.
    """
    if not path.is_dir():
        if not path.is_file() or not (layout.format or suffix_format(str(path))):
            raise InputError(f"{path} is neither a folder nor a .txt, {_TABLES}")
        return [path]
    files = sorted(
        file
        for file in path.rglob("*")
        if suffix_format(str(file)) not in (None, "text")
        and file.is_file()
        and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    )
    if not files:
        raise InputError(f"{path} holds no {_TABLES}")
    return files


def read_tables(
    path: Path, num_rows: int, text_column: str, layout: Layout = BY_NAME
) -> Iterator[pa.Table]:
    """Read the rows of one file, `num_rows` at a time; the last table may be shorter.

    All columns of CSV are strings. For JSON lines, the first table decides the columns and their
    types, and later rows have to fit.

    Raises:
        InputError: the file cannot be read, `text_column` is missing or not of strings, or a row
            is bad.
    """
    if format_of(str(path), layout) == "parquet":
        yield from _checked(path, num_rows, text_column)
        return
    with opened_table(str(path), text_column, layout) as table:
        rows = table.rows()
        schema = None
        if table.columns is not None:
            schema = pa.schema([(name, pa.string()) for name in table.columns])
        while some := list(islice(rows, num_rows)):
            if schema is None:
                schema = schema_of(
                    some, list(dict.fromkeys(name for r in some for name in r.fields))
                )
            yield _as_arrow(table, some, schema, num_rows)


def _as_arrow(
    table: Table, rows: Sequence[Row | MissingText], schema: pa.Schema, num_rows: int
) -> pa.Table:
    try:
        for row in rows:
            check_columns(row, schema.names, num_rows)
        columns = [[cell(row, field, num_rows) for row in rows] for field in schema]
    except BadRow as bad:
        raise table.error(bad) from None
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema)


def _checked(path: Path, num_rows: int, text_column: str) -> Iterator[pa.Table]:
    """Yield the tables of a Parquet file, checking that the texts are UTF-8: Arrow does not."""
    before = 0
    for table in parquet.read_tables(path, num_rows, text_column):
        texts = table[text_column]
        try:
            texts.validate(full=True)
        except pa.ArrowInvalid as error:
            raise InputError(
                f"{path}, rows {before + 1} to {before + len(table)}: the field '{text_column}' is "
                f"not UTF-8: {error}"
            ) from None
        before += len(table)
        yield table
