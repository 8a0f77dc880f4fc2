"""Reads texts from files, data sets on the hub, or Python objects."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from ...errors import InputError
from ...tables.labels import UnknownLabelError
from ...tables.table import Layout
from ..config import CourseSettings, OutputKind
from .corpus import Corpus, is_unnamed, matched, read_labeled
from .label_cells import Cells, LabeledTexts, LabelLayout, labeled
from .unlabeled import UnlabeledTexts, stream_texts

Path: TypeAlias = str | os.PathLike[str]
Labeled: TypeAlias = Path | Corpus | tuple[Sequence[str], Sequence[object]]
Texts: TypeAlias = Path | Sequence[str]

_RENAME = "correct the texts, or rename the teacher's labels (--labels, in Python labels=)"


class CourseTexts(NamedTuple):
    """All texts that a course reads."""

    train: Corpus
    valid: Corpus
    unlabeled: UnlabeledTexts  # without near-copies of validation texts


def read_course_texts(
    train: Labeled,
    valid: Labeled | None,
    label_names: Sequence[str] | None,
    settings: CourseSettings,
    output: OutputKind | None = None,
) -> CourseTexts:
    """Return all texts but the excluded ones; those held out do not depend on a seed.

    Args:
        train: a path, `hub:NAME`, a pair (texts, labels), or a Corpus.
        valid: the same; None holds out a part of `train`.
        label_names: the classes in order, among which a Corpus' labels are found by name. None, or
            LABEL_0, LABEL_1, ..., takes those of a Corpus; None without one, those of `train`.
        settings: the columns, `holdout`, the texts without labels, and those to exclude.
        output: what the labels must be; None takes them for what they are.

    Raises:
        InputError: as for `read_corpora` and `read_texts`, a pair is not one of texts and labels,
            a Corpus has other labels, or all training texts are excluded.
    """
    given = [source for source in (train, valid) if source is not None]
    own = [source.output for source in given if isinstance(source, Corpus)]
    if own and own[0] != own[-1]:
        raise InputError(
            f"the training texts are for the output {own[0]}, the validation texts for {own[-1]}; "
            "label both in the same way"
        )
    if own and output:
        check_teachers_output(output, own[0])
    label_layout = label_layout_of(settings, output or (own[0] if own else None))
    _check_columns_of_files(given, settings)
    corpora = _of_the_same_labels(given, label_names, settings, label_layout)
    excluded = list(_texts_of("exclude", settings, otherwise="csv")())
    first, *second = corpora
    kept = first.without(excluded)
    if len(first) > len(kept) == 0:
        raise InputError("no training text is left: all of them are among the texts to exclude")
    first = kept
    first, held_out = (first, second[0]) if second else first.split(settings.holdout, seed=0)
    read = _texts_of("unlabeled", settings, otherwise="text")
    unlabeled = UnlabeledTexts(read, [*held_out.texts, *excluded])
    len(unlabeled)  # reads all of them, so that a bad row is found before any work
    return CourseTexts(first, held_out, unlabeled)


def _check_columns_of_files(given: Sequence[Labeled], settings: CourseSettings) -> None:
    """Raise InputError if columns are named, but no file of those `given` could have them.

    The first one is of the training texts, which alone have weights.
    """
    for name, sources in (("label_columns", given), ("weight_column", given[:1])):
        is_of_file = any(isinstance(source, (str, os.PathLike)) for source in sources)
        if getattr(settings, name) and not is_of_file:
            raise InputError(
                f"{name} names columns of a file, but the texts are a pair or a Corpus; leave it "
                "out, and give a Corpus the labels or the weights of its texts"
            )


def _of_the_same_labels(
    given: Sequence[Labeled],
    label_names: Sequence[str] | None,
    settings: CourseSettings,
    label_layout: LabelLayout,
) -> list[Corpus]:
    """Return all labeled texts with the labels `label_names`, or else those of the first Corpus.

    The first texts have weights, if the settings name a column of them.
    """
    own = [source for source in given if isinstance(source, Corpus)]
    names = label_names
    if own and (names is None or is_unnamed(names)):
        names = own[0].label_names
    weighed = replace(label_layout, weight_column=settings.weight_column)
    tables = [
        _table_of(source, settings, label_layout if place else weighed)
        for place, source in enumerate(given)
        if not isinstance(source, Corpus)
    ]
    try:
        known = iter(matched(tables, names, label_layout) if tables else ())
    except UnknownLabelError as error:
        raise InputError(f"{error}; {_RENAME}") from error
    return [
        _renumbered(source, names or ()) if isinstance(source, Corpus) else next(known)
        for source in given
    ]


def _renumbered(corpus: Corpus, names: Sequence[str]) -> Corpus:
    """Return the Corpus with the labels `names`, among which its own are found by name.

    Raises:
        InputError: one of them is not there.
    """
    if corpus.output == "number":
        return corpus
    if unknown := [name for name in corpus.label_names if name not in names]:
        raise InputError(
            f"the texts have the labels {', '.join(corpus.label_names)}, expected "
            f"{', '.join(names)}: {', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not "
            f"among them; {_RENAME}"
        )
    numbers = [names.index(name) for name in corpus.label_names]
    own: tuple[Any, ...] = corpus.labels
    if corpus.output == "sigmoid":
        labels = tuple(tuple(sorted(numbers[label] for label in given)) for given in own)
    else:
        labels = tuple(numbers[label] for label in own)
    return replace(corpus, labels=labels, label_names=tuple(names))


def check_teachers_output(teacher: OutputKind, texts: OutputKind) -> None:
    """Raise InputError unless the teacher's output is that of the texts' labels."""
    if teacher != texts:
        raise InputError(
            f"the teacher is for the output {teacher}, the texts for {texts}; label the texts as "
            "the teacher answers, or fine-tune another"
        )


def check_teachers_labels(labels: Sequence[str], train: Corpus) -> None:
    """Raise InputError unless the teacher has the texts' labels, in the same order.

    Labels without names (LABEL_0, LABEL_1, ...) fit any texts with as many classes, and the name
    of a number fits any numbers.
    """
    if train.output == "number":
        return
    names = train.label_names
    if tuple(labels) != tuple(names) and not (is_unnamed(labels) and len(labels) == len(names)):
        raise InputError(
            f"the teacher has the labels {', '.join(labels)}, but the texts have "
            f"{', '.join(names)}; {_RENAME}"
        )


def _texts_of(
    setting: str, settings: CourseSettings, otherwise: str
) -> Callable[[], Iterable[str]]:
    """Return a function that reads the texts of a setting, which is a path, a list or None."""
    source: Texts | None = getattr(settings, setting)
    if isinstance(source, (str, os.PathLike)):
        columns = settings.text_column, layout_of(settings)
        return lambda: stream_texts(source, *columns, otherwise=otherwise)
    texts = list(source or ())
    _check_texts(texts, f"{setting}, row")
    return lambda: texts


def layout_of(settings: CourseSettings) -> Layout:
    """Return the layout that the settings give for files whose names do not tell it."""
    return Layout(settings.input_format, settings.delimiter)


def label_layout_of(settings: CourseSettings, output: OutputKind | None = None) -> LabelLayout:
    """Return where the labels are and what they are: what `output` says, or the settings.

    Raises:
        InputError: they contradict each other.
    """
    if isinstance(settings.label_columns, str):
        raise InputError(
            f"label_columns is '{settings.label_columns:.40}', expected a list of columns"
        )
    if settings.numbers and output not in (None, "number"):
        raise InputError(
            "numbers are to be predicted, but the teacher or the texts have classes; leave out "
            "--numbers (numbers=True), or fine-tune a teacher with it"
        )
    return LabelLayout(
        settings.label_column,
        settings.label_separator,
        tuple(settings.label_columns or ()),
        "number" if settings.numbers else output,
    )


def _table_of(
    source: Path | tuple[Sequence[str], Sequence[object]],
    settings: CourseSettings,
    label_layout: LabelLayout,
) -> LabeledTexts:
    if isinstance(source, (str, os.PathLike)):
        layout = layout_of(settings)
        return read_labeled(os.fspath(source), settings.text_column, label_layout, layout)
    return _table_of_pair(source, label_layout)


def _table_of_pair(
    pair: tuple[Sequence[str], Sequence[object]], label_layout: LabelLayout
) -> LabeledTexts:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise InputError(
            f"labeled texts are of type {type(pair).__name__}, expected a path, hub:NAME, a tuple "
            "of two lists (texts, labels), or a Corpus"
        )
    for name, column in zip(("texts", "labels"), pair, strict=True):
        if isinstance(column, (str, bytes)) or not isinstance(column, Iterable):
            raise InputError(
                f"the {name} of a pair (texts, labels) are {column!r:.40}, expected a list"
            )
    texts, labels = list(pair[0]), list(pair[1])
    if not texts or len(texts) != len(labels):
        raise InputError(f"{len(texts)} texts came with {len(labels)} labels; give one for each")
    _check_texts(texts, "text")
    cells = [(_plain(label),) for label in labels]
    # Columns are those of files.
    layout = LabelLayout(separator=label_layout.separator, output=label_layout.known_output)
    table = Cells("the pair of texts and labels", "row", range(len(cells)), cells, False)
    return labeled(texts, table, layout)


def _check_texts(texts: Sequence[object], unit: str) -> None:
    for row, text in enumerate(texts):
        if isinstance(text, (list, tuple)) and len(text) == 2:
            raise InputError(
                f"{unit} {row} is a pair, expected a str: a student reads one text and cannot "
                "compare two"
            )
        if not isinstance(text, str):
            raise InputError(f"{unit} {row} is of type {type(text).__name__}, expected a str")


def _plain(label: Any) -> Any:
    """Return a label, or a collection of them, without the types of NumPy and pandas.

    Raises:
        InputError: the labels are a matrix.
    """
    if getattr(label, "ndim", 0):
        raise InputError(
            "the labels of a pair (texts, labels) are a matrix, expected the names of each text's "
            "labels, as a list"
        )
    if isinstance(label, (list, tuple, set, frozenset)):
        return [_plain(item) for item in label]
    item = getattr(label, "item", None)
    return item() if item else label
