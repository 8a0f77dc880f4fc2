"""Runs a search: proposes generations of students, has them trained, and keeps the front."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

from ..extras import require

require("train")
require("search")

from ..claim import ClaimFile, held
from ..distillation.config import AllSettings, DistillConfig, OutputKind
from ..distillation.course import Course, loaded_teacher
from ..distillation.course_files import CourseFiles
from ..distillation.data.sources import Labeled, read_course_texts
from ..distillation.progress.watcher import Watcher
from ..distillation.student.trainer import TURN, threads
from ..distillation.teacher.teacher import Teacher
from ..errors import InputError
from ..whole_file import check_folder, write_whole
from .costs.energy import Meter
from .costs.rapl import Counter, why_not
from .costs.spending import SpendingFile
from .costs.student_costs import TIMES, Costs
from .generation import Generations
from .live_line import LiveLine
from .page.html import page_html
from .page.summary import Summary
from .points import Front, Pick
from .proposals import JOURNAL, Proposal, Proposals
from .settings import SearchSettings, split_settings
from .space import SEARCHED
from .trials.folder import STUDENT
from .trials.shared_data import SharedData
from .trials.trainer import SHARED_DATA, Job, TrialTrainer
from .trials.workers import Workers, workers_of

PAGE = "search.html"
_CLAIM = ClaimFile(
    "search.json", "a search", "choose another folder", (JOURNAL, SHARED_DATA, TIMES, "trials")
)


MakeWorkers = Callable[[TrialTrainer, Watcher], AbstractContextManager[Workers]]


@dataclass(frozen=True)
class SearchResult:
    """The result of a search."""

    folder: Path
    front: Front
    page: Path  # the front as a page

    def pick(self, way: Pick = "knee", out: str | os.PathLike[str] | None = None) -> Path:
        """Return the file of one student of the front, or of its copy `out`; see `Front.pick`."""
        source = self.folder / self.front.pick(way).file
        if out is None:
            return source
        write_whole(Path(out), source.read_bytes())
        return Path(out)


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
    """Search for students; see `dixtill.search`."""
    if actors is not None and ray is None:
        raise InputError("actors are given without ray, the address of a cluster; give both")
    chosen, shared = split_settings(settings)
    counter = _counter(chosen, teacher)
    folder, everything = Path(out), AllSettings.of(shared)
    source = teacher.folder if isinstance(teacher, Teacher) else teacher
    check_folder(folder, [item for item in (source, train, valid) if isinstance(item, (str, Path))])
    files = CourseFiles.of(
        replace(everything.course, run_folder=folder), folder / STUDENT, [source, train, valid]
    )
    with TURN, ExitStack() as stack:
        line = stack.enter_context(LiveLine.on_terminal(is_shown=progress))
        stack.enter_context(threads(everything.course.threads))
        with line.watcher.stage("loading the teacher"):
            loaded = loaded_teacher(teacher, everything.course)
        names = loaded.labels if loaded else None
        kind = loaded.output if loaded else None
        texts = read_course_texts(train, valid, names, everything.course, kind)
        _check_output(texts.train.output)
        course = Course(loaded, texts, everything, files, line.watcher)
        return Search(folder, course, chosen, shared, counter, line).run(
            _workers(chosen.workers, ray, actors)
        )


def _check_output(output: OutputKind) -> None:
    """Raise InputError unless students give a text one label, as all objectives are about that."""
    if output != "softmax":
        given = "several labels" if output == "sigmoid" else "a number"
        raise InputError(
            f"these texts have {given} each, and a search compares students by the one label that "
            "they give a text; make one student with `dixtill distill`"
        )


def _workers(num_workers: int, ray: str | None, num_actors: int | None) -> MakeWorkers:
    """Return what starts workers on this machine, or on the Ray cluster with an address."""
    if ray is None:
        return lambda trainer, watcher: workers_of(trainer, num_workers, watcher)
    from .trials.ray_workers import ray_workers

    return lambda trainer, _: ray_workers(trainer, ray, num_actors)


def _counter(settings: SearchSettings, teacher: object) -> Counter | None:
    """Return the counters if energy is an objective.

    Raises:
        InputError: an objective cannot be measured.
    """
    if "fidelity" in settings.objectives and teacher is None:
        raise InputError(
            "the objective 'fidelity' compares students with their teacher, and there is none; "
            "choose objectives such as accuracy,size,time"
        )
    if "energy" not in settings.objectives:
        return None
    counter = Counter.of_machine()
    if counter is None:
        raise InputError(f"the objective 'energy' cannot be measured: {why_not()}")
    return counter


@dataclass(frozen=True)
class Search:
    """One search, from a course's teacher and texts."""

    folder: Path
    course: Course
    settings: SearchSettings
    shared: dict[str, Any]  # settings of the course that were given
    counter: Counter | None
    line: LiveLine

    def run(self, workers: MakeWorkers) -> SearchResult:
        """Search until the trials or the budget end, except for what an earlier run has done.

        Raises:
            InputError: the folder is in use or holds another search.
        """
        with held(self.folder):
            _CLAIM.claim(self.folder, self._made_of)
            spent = SpendingFile(self.folder / "spent.json")
            with Meter().running() as energy:
                proposals = self._search(spent, workers)
            spent.end_run(energy)
            front = self._report(proposals, spent)
        return SearchResult(self.folder, front, self.folder / PAGE)

    @property
    def _made_of(self) -> dict[str, Any]:
        """Everything that the proposals and the students depend on, save the measured times."""
        settings, course = self.settings, self.course.settings.course
        return {
            **self.course.training.run,
            "embedding_bits": course.embedding_bits,
            "calibrate": course.calibrate,
            "settings that are not searched": sorted(SEARCHED & self.shared.keys()),
            "objectives": list(settings.objectives),
            "max_size": settings.max_size,
            "max_time": settings.max_time,
            "generation": settings.generation,
            "short_epochs": settings.short_epochs,
        }

    @property
    def _fixed(self) -> dict[str, Any]:
        """The given settings that shape students."""
        names = {*DistillConfig.names(), "embedding_bits", "calibrate"}
        return {name: value for name, value in self.shared.items() if name in names}

    def _search(self, spent: SpendingFile, workers: MakeWorkers) -> Proposals:
        self._gather()
        trainer = TrialTrainer(self.folder, self._fixed, self.settings.short_epochs)
        with self.line.watcher.stage("timing a reference student"):
            proposals = self._proposals(trainer)
        self._generations.check(proposals.told())
        with workers(trainer, self.line.watcher) as train:
            while True:
                waiting = proposals.waiting()
                if not waiting:
                    count = self._next_count(proposals, spent)
                    if not count:
                        return proposals
                    waiting = proposals.propose(count)
                self._train(waiting, proposals, train, spent)

    def _gather(self) -> None:
        """Have the teacher answer and explain, unless an earlier run has finished that."""
        path = self.folder / SHARED_DATA
        if not path.exists():
            SharedData.of(self.course).write(path)

    def _proposals(self, trainer: TrialTrainer) -> Proposals:
        shared_data = trainer.shared_data
        costs = Costs(
            trainer.space, shared_data.vocabulary, shared_data.answered.train.label_names,
            self.folder / TIMES, shared_data.answered.valid.texts, self.counter,
        )  # fmt: skip
        seed = self.course.config.seed
        return Proposals(self.folder, trainer.space, self.settings, seed, costs)

    def _next_count(self, proposals: Proposals, spent: SpendingFile) -> int:
        """Return the size of the next generation; 0 at the end of the search."""
        settings = self.settings
        if settings.budget is not None and not spent.has_room(settings.budget):
            return 0
        left = settings.generation if settings.trials is None else settings.trials - proposals.count
        return max(0, min(settings.generation, left))

    def _train(
        self, waiting: Sequence[Proposal], proposals: Proposals, train: Workers, spent: SpendingFile
    ) -> None:
        start = perf_counter()

        def on_done(job: Job, done: int, total: int) -> None:
            spent.write()
            self.line.on_done(job, done, total, self._front(proposals), spent.seconds)

        self.line.on_generation(proposals.count, waiting)
        values = self._generations.train(waiting, train, on_done)
        proposals.tell(values)
        spent.end_generation(perf_counter() - start)
        self._report(proposals, spent)

    @cached_property
    def _generations(self) -> Generations:
        return Generations(self.folder, self.settings, self.course.config.epochs)

    def _front(self, proposals: Proposals) -> Front:
        return Front.of(self.settings.objectives, self._generations.points(proposals.all()))

    def _report(self, proposals: Proposals, spent: SpendingFile) -> Front:
        """Write the front and its page."""
        proposed = proposals.all()
        summary = Summary.of(
            self.folder, self.settings, proposed, self._generations.points(proposed),
            proposals.distributions, spent.spending,
        )  # fmt: skip
        summary.front.write(self.folder)
        page = page_html(summary, self.folder)
        write_whole(self.folder / PAGE, page.encode("utf-8", "replace"))
        return summary.front
