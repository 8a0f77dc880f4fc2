"""Answer whole files of texts, on one machine or on a Ray cluster.

Needs pyarrow, and cluster.py needs Ray; nothing here needs torch.
"""

from ..tables import parquet

assert parquet  # imported first: without pyarrow, its error names the extra to install
