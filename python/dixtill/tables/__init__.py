"""Reads rows of tables, from files or pipes: CSV, TSV, JSON lines, Parquet and lines of text.

Everything that takes texts reads them here. Only Parquet needs a package, pyarrow.
"""

FORMATS = ("csv", "tsv", "jsonl", "parquet", "text")
TEXT_COLUMN, LABEL_COLUMN = "text", "label"  # names of columns unless others are given
