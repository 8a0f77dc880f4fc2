"""Answer the rows of a file or a pipe as they come: CSV, JSON lines, text and Parquet.

Needs no package, but pyarrow for Parquet.
"""

FORMATS = ("csv", "jsonl", "parquet")  # of an output; tables.FORMATS has those of an input
