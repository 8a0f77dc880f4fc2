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
    import os
    from typing import Any, overload

    from .architecture_search.search import SearchResult
    from .distillation.data.sources import Labeled
    from .distillation.distilled import Distilled
    from .distillation.progress.watcher import Watcher
    from .distillation.teacher.teacher import Teacher
    from .runtime.classifier import Classifier
    from .runtime.model_file.source import StudentSource

__all__ = [
    "Check", "DixtillError", "ExplainedWord", "Prediction", "__version__", "distill", "infer",
    "load", "search",
]  # fmt: skip


def load(
    source: StudentSource | None = None,
    kernel: str | None = None,
    threshold: float | None = None,
    only_familiar: bool = False,
) -> Classifier:
    """Load a student; without a `source`, the financial student that ships with dixtill.

    `source` is the path of a model file or of a folder with a student.safetensors, the bytes of a
    model file, or a file opened in binary mode (read from its current position and left open).
    The file is read once, so later changes to it do not matter. "tfns" and "tfns-bilstm" are
    students that come with dixtill, unless a file, or a folder with a student, has such a path.

    >>> student = load()
    >>> student.labels
    ('bearish', 'bullish', 'neutral')
    >>> student("Shares jump").probabilities.keys() == set(student.labels)
    True

    `kernel` names the target to run (`dixtill info` lists them); the default is the best one. If
    the most probable label is less probable than `threshold`, the answer has no label
    (`dixtill evaluate --target-precision` chooses a threshold). A student whose texts may have
    several labels has a threshold for each, which `threshold` replaces. With `only_familiar`, a
    text that is not like those that the student learned from has no label either.

    Raises:
        ModelFileError: the file is missing, damaged, not a regular file, not a student, or from a
            newer version.
        TypeError: `source` is of another type.
        KernelError: the target is unknown, or this CPU does not support it.
        InputError: the threshold is outside [0, 1], or the student cannot tell which texts are
            familiar.
    """
    from .runtime.classifier import load_classifier

    return load_classifier(source, kernel, threshold, only_familiar)


if TYPE_CHECKING:

    @overload
    def infer(
        text: str,
        *,
        kernel: str | None = None,
        check: bool | str = False,
        threshold: float | None = None,
        only_familiar: bool = False,
    ) -> Prediction: ...
    @overload
    def infer(
        text: list[str] | tuple[str, ...],
        *,
        kernel: str | None = None,
        check: bool | str = False,
        threshold: float | None = None,
        only_familiar: bool = False,
    ) -> list[Prediction]: ...


def infer(
    text: str | list[str] | tuple[str, ...],
    *,
    kernel: str | None = None,
    check: bool | str = False,
    threshold: float | None = None,
    only_familiar: bool = False,
) -> Prediction | list[Prediction]:
    """Answer one text or a list of texts with the student that ships with dixtill.

    >>> prediction = infer("Shares jump")
    >>> [(word.text, word.start, word.weight > 0) for word in prediction.words]
    [('Shares', 0, True), ('jump', 7, True)]
    >>> [answer.label for answer in infer(["Shares jump", "Profit falls"], threshold=0.9)]
    ['bullish', None]
    >>> infer("Shares jump", check=True).check.flip  # without "jump", another label
    (1,)
    >>> infer("We walk the dog", only_familiar=True).label is None
    True

    The first call loads the student. To use another student, and for loading errors, see `load`.

    Args:
        check: also leave out each word in turn, and search for the smallest set of words whose
            removal changes the label (see Check). The name of a label checks that one.
        threshold: a label of lower probability is None.
        only_familiar: the label of a text that is not familiar is None, too.

    Raises:
        TypeError: `text` is neither a str nor a list or tuple of str.
        InputError: the threshold is outside [0, 1].
    """
    classifier = _shipped.get(kernel)
    if classifier is None:
        classifier = _shipped.setdefault(kernel, load(kernel=kernel))
    return classifier(text, check=check, threshold=threshold, only_familiar=only_familiar)


_shipped: dict[str | None, Classifier] = {}


def distill(
    teacher: str | os.PathLike[str] | Teacher | None,
    train: Labeled,
    valid: Labeled | None = None,
    *,
    out: str | os.PathLike[str],
    progress: bool = True,
    watcher: Watcher | None = None,
    **settings: Any,
) -> Distilled:
    """Distill a student from a teacher, and write its file and a report about it.

        result = dixtill.distill("my-bert", "train.csv", "valid.csv", out="student.safetensors")
        result.student("a text").label, result.scores.accuracy

    This needs the extra `train`. A stopped call resumes when it is made again. The same settings
    give the same file as `dixtill distill`; the teacher runs on the GPU if there is one.
    Calls in several threads take turns; several processes can distill at the same time.

    Args:
        teacher: folder or hub name of a fine-tuned sequence classifier or of a PEFT adapter, or a
            loaded Teacher; None for the method "none", which learns from labels alone.
        train: labeled texts: a path, `hub:NAME[[:CONFIG]:SPLIT]`, a tuple of two lists (texts,
            labels), or a Corpus. Their labels are found by name among the teacher's, or among
            `labels` (any names of a Corpus will do if the teacher's are LABEL_0, LABEL_1, ...).
        valid: the same, to choose the best epoch and the temperature; None holds out a part of
            `train`.
        out: path of the student's .safetensors.
        progress: show bars and a table of epochs where standard error is a terminal.
        watcher: receives the progress instead.
        settings: the fields of DistillConfig, AttributionSettings and CourseSettings in
            `dixtill.distillation.config`, by their names.

    Returns:
        The student as a Classifier, its scores on the validation texts, its metrics by epoch, and
        the paths of what was written.

    Raises:
        MissingExtraError: a package of the extra `train` is missing.
        InputError: an argument is of a wrong type, a setting is unknown or out of its range, the
            texts or the teacher cannot be used, or the run folder holds a run of anything else.
    """
    from .distillation.course import distill as distill_course

    return distill_course(
        teacher, train, valid, out=out, progress=progress, watcher=watcher, **settings
    )


def search(
    teacher: str | os.PathLike[str] | Teacher | None,
    train: Labeled,
    valid: Labeled | None = None,
    *,
    out: str | os.PathLike[str],
    progress: bool = True,
    ray: str | None = None,
    actors: int | None = None,
    **settings: Any,
) -> SearchResult:
    """Search for students that are faithful, small and fast, and write them into a folder.

        found = dixtill.search("my-bert", "train.csv", "valid.csv", out="search",
                               max_size="200kB", max_time="5us", budget="2h")
        found.pick("knee", "student.safetensors")

    This needs the extras `train` and `search`. A search that was stopped resumes when it is called
    again. Equal seeds give equal fronts if no measured time or energy is an objective or a limit.
    Calls in several threads take turns.

    Args:
        teacher, train, valid: as for `distill`.
        out: the folder of the search.
        progress: show a line on standard error.
        ray: the address of a Ray cluster whose machines see the folder under the same path, or
            "local" to start one on this machine; None trains on this machine.
        actors: the number of processes on the cluster; None is one for each CPU.
        settings: the fields of SearchSettings in `dixtill.architecture_search.settings`, such as
            `objectives`, `max_size`, `max_time`, `budget`, `trials` and `workers`; and settings of
            `distill`, which all students share and which are not searched then.

    Returns:
        The front, whose points are students' files, and the path of a page about it.

    Raises:
        MissingExtraError: a package of an extra is missing.
        InputError: as for `distill`, an objective cannot be measured, or the folder holds another
            search.
    """
    from .architecture_search.search import search as search_architectures

    return search_architectures(
        teacher, train, valid, out=out, progress=progress, ray=ray, actors=actors, **settings
    )
