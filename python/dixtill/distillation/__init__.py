"""From a transformer to a student: everything here needs the extra `train`."""

from importlib.util import find_spec

from ..errors import MissingExtraError

_PACKAGES = {
    "numpy": "numpy", "safetensors": "safetensors",
    "torch": "torch", "transformers": "transformers", "captum": "captum", "pyarrow": "pyarrow",
    "sklearn": "scikit-learn", "rich": "rich", "accelerate": "accelerate",
    "datasets": "datasets",
}  # fmt: skip

_missing = [package for module, package in _PACKAGES.items() if find_spec(module) is None]
if _missing:
    raise MissingExtraError(
        f"this needs {', '.join(_missing)}, not installed here; "
        "install the extra with: pip install 'dixtill[train]'"
    )
