"""Work on more texts than one call takes: files in, files out, on one machine or a Ray cluster.

Needs pyarrow, and cluster.py needs Ray; nothing here needs torch.
"""

from importlib.util import find_spec

from ..errors import MissingExtraError

if find_spec("pyarrow") is None:
    raise MissingExtraError(
        "this needs pyarrow, not installed here; "
        "install the extra with: pip install 'dixtill[score]'"
    )
