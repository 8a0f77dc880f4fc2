"""Students in other programs' formats; needs the extra `onnx`, and no torch."""

from importlib.util import find_spec

from ..errors import MissingExtraError

_PACKAGES = ("numpy", "safetensors", "onnx")

_missing = [package for package in _PACKAGES if find_spec(package) is None]
if _missing:
    raise MissingExtraError(
        f"this needs {', '.join(_missing)}, not installed here; "
        "install the extra with: pip install 'dixtill[onnx]'"
    )
