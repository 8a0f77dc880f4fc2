"""Work on more texts than one call takes: files in, files out, on one machine or a Ray cluster.

Needs pyarrow, and cluster.py needs Ray; nothing here needs torch.
"""

from ..tables import parquet

assert parquet  # first, for it says which extra to install
