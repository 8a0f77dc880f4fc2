"""Rows of tables, from files or pipes: CSV, TSV, JSON lines, Parquet and lines of text.

The one set of readers for everything that takes texts. It needs the standard library alone, and
pyarrow for Parquet.
"""

FORMATS = ("csv", "tsv", "jsonl", "parquet", "text")
