"""Answer the rows of a file or a pipe as they arrive: CSV, JSON lines, text and Parquet.

Only Parquet needs a package, pyarrow.
"""

FORMATS = ("csv", "jsonl", "parquet")  # output formats; tables.FORMATS lists input formats
