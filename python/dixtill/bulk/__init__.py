"""Answer whole files of texts, on one machine or on a Ray cluster.

Needs pyarrow, and cluster.py needs Ray; nothing here needs torch.
"""

from ..extras import require

require("score")
