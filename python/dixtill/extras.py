"""Says which extra to install where an optional package is missing."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import MissingExtraError

# The modules that each extra's part of dixtill imports. Not all packages of an extra are here: one
# that another needs comes with it.
_MODULES = {
    "train": (
        "numpy", "safetensors", "torch", "transformers", "captum", "pyarrow", "sklearn", "rich",
        "accelerate", "datasets",
    ),
    "score": ("pyarrow",),
    "plot": ("matplotlib",),
    "onnx": ("numpy", "safetensors", "onnx"),
    "ray": ("ray",),
    "hub": ("huggingface_hub",),
    "tensorboard": ("tensorboard",),
}  # fmt: skip
_PACKAGE_OF_MODULE = {"sklearn": "scikit-learn"}


def require(extra: str, what: str = "this") -> None:
    """Raise MissingExtraError unless the packages of an extra are installed.

    Nothing is imported. `what` is the subject of the sentence: what needs the packages.
    """
    missing = [module for module in _MODULES[extra] if find_spec(module) is None]
    if missing:
        packages = ", ".join(_PACKAGE_OF_MODULE.get(module, module) for module in missing)
        raise MissingExtraError(
            f"{what} needs {packages}, not installed here; "
            f"install the extra with: pip install 'dixtill[{extra}]'"
        )
