"""Classify a text in microseconds, with a weight for each word.

>>> import dixtill
>>> dixtill.infer("Shares jump after record earnings").label
'bullish'

Importing this module imports nothing heavy, and answering needs no NumPy. No module of the package
imports from here.
"""

from __future__ import annotations

from .errors import DixtillError
from .runtime.model_file.source import SHIPPED_MODEL as SHIPPED_MODEL
from .runtime.prediction import Check, ExplainedWord, Prediction
from .version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import overload

    from .runtime.classifier import Classifier
    from .runtime.model_file.source import StudentSource

__all__ = [
    "Check", "DixtillError", "ExplainedWord", "Prediction", "__version__", "infer", "load",
]  # fmt: skip


def load(
    source: StudentSource | None = None,
    kernel: str | None = None,
    threshold: float = 0.0,
) -> Classifier:
    """Load a student; without a `source`, the financial student that ships with dixtill.

    `source` is the path of a model file or of a folder with a student.safetensors, the bytes of a
    model file, or a file opened in binary mode (read from its current position and left open).
    The file is read once, so later changes to it do not matter.

    >>> student = load()
    >>> student.labels
    ('bearish', 'bullish', 'neutral')
    >>> student("Shares jump").probabilities.keys() == set(student.labels)
    True

    `kernel` names the target to run (`dixtill info` lists them); by default the best one. If the
    most probable label is less probable than `threshold`, the answer has no label
    (`dixtill evaluate --target-precision` chooses a threshold).

    Raises:
        ModelFileError: the file is missing, damaged, not a regular file, not a student, or from a
            newer version.
        TypeError: `source` is of another type.
        KernelError: the target is unknown, or this CPU does not support it.
        InputError: the threshold is outside [0, 1].
    """
    from .runtime.classifier import load_classifier

    return load_classifier(source, kernel, threshold)


if TYPE_CHECKING:

    @overload
    def infer(
        text: str, *, kernel: str | None = None, check: bool = False, threshold: float = 0.0
    ) -> Prediction: ...
    @overload
    def infer(
        text: list[str] | tuple[str, ...],
        *,
        kernel: str | None = None,
        check: bool = False,
        threshold: float = 0.0,
    ) -> list[Prediction]: ...


def infer(
    text: str | list[str] | tuple[str, ...],
    *,
    kernel: str | None = None,
    check: bool = False,
    threshold: float = 0.0,
) -> Prediction | list[Prediction]:
    """Answer one text or a list of texts with the student that ships with dixtill.

    >>> prediction = infer("Shares jump")
    >>> [(word.text, word.start, word.weight > 0) for word in prediction.words]
    [('Shares', 0, True), ('jump', 7, True)]
    >>> [answer.label for answer in infer(["Shares jump", "Profit falls"], threshold=0.9)]
    ['bullish', None]
    >>> infer("Shares jump", check=True).check.flip  # without "jump", another label
    (1,)

    The first call loads the student. To use another student, and for loading errors, see `load`.

    Args:
        check: also leave out each word in turn, and search for the smallest set of words whose
            removal changes the label (see Check).
        threshold: a label of lower probability is None.

    Raises:
        TypeError: `text` is neither a str nor a list or tuple of str.
        InputError: the threshold is outside [0, 1].
    """
    classifier = _shipped.get(kernel)
    if classifier is None:
        classifier = _shipped.setdefault(kernel, load(kernel=kernel))
    return classifier(text, check=check, threshold=None if threshold == 0.0 else threshold)


_shipped: dict[str | None, Classifier] = {}
