"""Chooses the files and folders that a course writes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from ..whole_file import check_file, check_folder, check_not_input
from .config import CourseSettings


class CourseFiles(NamedTuple):
    """Where a course writes."""

    out: Path
    run_folder: Path
    attributions: Path
    answers: Path

    @classmethod
    def of(
        cls, course: CourseSettings, out: str | os.PathLike[str], sources: Sequence[Any]
    ) -> CourseFiles:
        """Return the paths that the settings choose. Nothing is created.

        `sources` are the inputs; those that are paths are protected from being overwritten.

        Raises:
            InputError: `out` is not a path, or a path cannot be written to or would overwrite an
                input.
        """
        if not isinstance(out, (str, os.PathLike)):
            raise InputError(f"out is {out!r:.40}, expected the path of the student's file")
        path = Path(out)
        run_folder = Path(course.run_folder or f"{os.fspath(out)}.run")
        kept = None if course.attributions is None else Path(course.attributions)
        given = [*sources, course.exclude, course.unlabeled]
        inputs = [os.fspath(item) for item in given if isinstance(item, (str, os.PathLike))]
        check_folder(path.parent)
        check = check_file if path.parent.is_dir() else check_not_input
        check(path, [*inputs, *(kept.glob("*.parquet") if kept else ())])
        for folder in filter(None, (run_folder, kept)):
            check_folder(folder, inputs)
        return cls(
            path, run_folder, kept or run_folder / "attributions", kept or run_folder / "answers"
        )
