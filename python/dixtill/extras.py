"""Tells the user which extra to install when an optional package is missing."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import MissingExtraError

# The modules that dixtill imports for each extra. Packages that come as dependencies of others are
# left out.
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
    "peft": ("peft",),
    "search": ("optuna", "codecarbon"),
}  # fmt: skip
_PACKAGE_OF_MODULE = {"sklearn": "scikit-learn"}


def require(extra: str, what: str = "this") -> None:
    """Raise MissingExtraError unless the packages of an extra are installed.

    Nothing is imported. `what` names what needs the packages: it begins the error's sentence.
    """
    missing = [module for module in _MODULES[extra] if find_spec(module) is None]
    if missing:
        packages = ", ".join(_PACKAGE_OF_MODULE.get(module, module) for module in missing)
        are = "is" if len(missing) == 1 else "are"
        raise MissingExtraError(
            f"{what} needs {packages}, which {are} not installed; "
            f"install the extra with: pip install 'dixtill[{extra}]'"
        )
