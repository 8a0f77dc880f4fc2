"""Classify a text in microseconds, with a weight for each word.

>>> import dixtill
>>> print(dixtill.infer("Shares jump after record earnings"))  # doctest: +SKIP

Importing this module imports nothing heavy: NumPy comes with the first student.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, overload

from .errors import DixtillError, ModelFileError
from .runtime.prediction import Prediction

if TYPE_CHECKING:
    from .runtime.classifier import Classifier

__all__ = ["DixtillError", "Prediction", "__version__", "infer", "load"]
__version__ = "0.1.0"

SHIPPED_MODEL = Path(__file__).parent / "models" / "tfns.safetensors"


def load(path: str | os.PathLike[str] | None = None, kernel: str | None = None) -> Classifier:
    """Load the student in `path`, or without one the financial student that ships with dixtill.

    `kernel` names the target to run (`dixtill info` lists them); the best one by default.

    Raises:
        ModelFileError: the file is missing, damaged, foreign or from a newer version.
        KernelError: the target is unknown, or this CPU does not support it.
    """
    from .runtime.classifier import Classifier
    from .runtime.model_file import read_model

    if path is None and not SHIPPED_MODEL.exists():
        raise ModelFileError(
            f"{SHIPPED_MODEL}: the student that ships with dixtill is missing from this "
            "installation; install dixtill again, or name another student's file"
        )
    return Classifier(read_model(SHIPPED_MODEL if path is None else path), kernel)


@overload
def infer(text: str, *, kernel: str | None = None) -> Prediction: ...
@overload
def infer(text: list[str] | tuple[str, ...], *, kernel: str | None = None) -> list[Prediction]: ...


def infer(
    text: str | list[str] | tuple[str, ...], *, kernel: str | None = None
) -> Prediction | list[Prediction]:
    """Answer one text, or each of a list, with the student that ships with dixtill.

    The first call loads it. For another student, and the errors, see `load`.

    Raises:
        TypeError: `text` is neither a str nor a list or tuple of str.
    """
    return _shipped(kernel)(text)


@cache
def _shipped(kernel: str | None) -> Classifier:
    return load(kernel=kernel)
