"""Reads a study for its report: the measurements of each row, and their resamples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.reproduce import keys
from benchmarks.reproduce.answers import read_answers
from benchmarks.reproduce.results import (
    Content,
    Key,
    StudyRecord,
    read,
    read_record,
    read_seeds,
)
from benchmarks.reproduce.statistics import (
    MEASURES,
    Answers,
    Bootstrap,
    Floats,
    Interval,
    interval,
    mean_of_present,
    present,
)
from dixtill.errors import InputError


@dataclass(frozen=True)
class Row:
    """A classifier, with one measurement per seed."""

    title: str
    contents: Sequence[Content]
    answers: Sequence[Answers]
    resamples: Bootstrap

    def values(self, measure: str) -> list[float] | None:
        """Return one value per seed, or None if the measure needs missing probabilities."""
        if not self._has(measure):
            return None
        return [MEASURES[measure](answers) for answers in self.answers]

    def minus(self, other: Row, measure: str) -> Interval | None:
        """Return the difference between the means over the seeds, on the same texts."""
        if not (self._has(measure) and other._has(measure)):
            return None
        mine, theirs = (
            np.mean([MEASURES[measure](a) for a in row.answers]) for row in (self, other)
        )
        return interval(float(mine - theirs), self.resampled(measure) - other.resampled(measure))

    def resampled(self, measure: str) -> Floats:
        """Return the mean over the seeds in each resample."""
        features = [MEASURES[measure].features(answers) for answers in self.answers]
        return self.resamples.resampled(features, MEASURES[measure].of_means)

    def _has(self, measure: str) -> bool:
        has_probabilities = all(answers.probabilities is not None for answers in self.answers)
        return has_probabilities or not MEASURES[measure].needs_probabilities


@dataclass(frozen=True)
class Explained:
    """A student's explanations for all seeds."""

    method: str
    gives: str  # the name of what the student itself shows
    columns: Sequence[str]
    by_seed: dict[str, list[Floats]]  # by way to explain: [texts, columns], NaN where missing
    resamples: Bootstrap

    def means(self, shown: str) -> Floats:
        """Return means [columns], over texts and then seeds."""
        of_seeds = [mean_of_present(present(values).mean(axis=0)) for values in self.by_seed[shown]]
        mean: Floats = np.mean(of_seeds, axis=0)
        return mean

    def medians(self, shown: str) -> Floats:
        """Return medians [columns] over texts, averaged over seeds."""
        mean: Floats = np.mean([np.nanmedian(v, axis=0) for v in self.by_seed[shown]], axis=0)
        return mean

    def minus(self, shown: str, other: str) -> list[Interval]:
        """Return the difference between two ways to explain the same texts, for each column."""
        differences = self._resampled(shown) - self._resampled(other)
        values = self.means(shown) - self.means(other)
        return [interval(float(value), differences[:, i]) for i, value in enumerate(values)]

    def _resampled(self, shown: str) -> Floats:
        return self.resamples.resampled(
            [present(values) for values in self.by_seed[shown]], mean_of_present
        )


class MeasuredStudy:
    """The measurements of a study so far; those that are missing are left out."""

    def __init__(self, folder: Path, record: StudyRecord, teacher: Content) -> None:
        self.record = record
        self._folder, self._teacher = folder, teacher
        self._resamples = Bootstrap(len(record.labels))

    @classmethod
    def read(cls, folder: Path) -> MeasuredStudy:
        """Read a study.

        Raises:
            InputError: the folder holds no study, or the teacher's answers are missing.
        """
        record = read_record(folder)
        teacher = read(folder, keys.TEACHER)
        if teacher is None:
            raise InputError(f"{folder} holds no answers of the teacher; run the study first")
        return cls(folder, record, teacher)

    @cached_property
    def compressed(self) -> list[Row]:
        return self._rows(keys.compressed_rows(self.record))

    @cached_property
    def alternatives(self) -> list[Row]:
        return self._rows(keys.alternative_rows(self.record))

    @cached_property
    def students(self) -> list[Row]:
        return self._rows(keys.student_rows(self.record))

    @cached_property
    def explained(self) -> list[Explained]:
        """The explanations of each method that was measured."""
        resamples = Bootstrap(len(self.record.explained)) if self.record.explained else None
        found = []
        for method in self.record.methods:
            seeds = range(self.record.seeds)
            contents = read_seeds(
                self._folder, [keys.explanations(self.record, method, seed) for seed in seeds]
            )
            if contents and resamples:
                by_seed = {
                    shown: [np.array(content["rows"][shown], np.float64) for content in contents]
                    for shown in contents[0]["rows"]
                }
                first = contents[0]
                found.append(
                    Explained(method, first["gives"], first["columns"], by_seed, resamples)
                )
        return found

    @property
    def timing(self) -> Content | None:
        return read(self._folder, keys.timing(self.record))

    def _rows(self, named: dict[str, list[Key]]) -> list[Row]:
        rows = []
        for title, of_seeds in named.items():
            contents = read_seeds(self._folder, of_seeds)
            answers = [read_answers(self.record, self._teacher, item) for item in contents]
            if contents:
                rows.append(Row(title, contents, answers, self._resamples))
        return rows
