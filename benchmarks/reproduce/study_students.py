"""Distills the study's students as users do, and asks them as users do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import torch

from benchmarks.reproduce import answers
from benchmarks.reproduce.results import Content
from dixtill.commands.distill import settings_from
from dixtill.distillation.course import distill
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.measures.scores import AnyScores
from dixtill.distillation.network.student import Student
from dixtill.distillation.progress.live_table import watched
from dixtill.distillation.student.examples import make_examples
from dixtill.distillation.student.float_answers import score
from dixtill.runtime.classifier import Classifier
from dixtill.specification.model_file import StudentModel, read_model


@dataclass(frozen=True)
class Recipe:
    """The inputs of a student's distillation."""

    teacher: Path
    train: Path
    test: Path  # left out of training
    attributions: Path
    arguments: tuple[str, ...]
    seed: int
    threads: int


def train(recipe: Recipe, out: Path) -> None:
    """Write the student's file, unless it is there; a stopped run resumes."""
    if out.exists():
        return
    with watched() as watcher:
        distill(
            recipe.teacher,
            recipe.train,
            out=out,
            watcher=watcher,
            **settings_from(recipe.arguments)
            | {
                "exclude": recipe.test,
                "attributions": recipe.attributions,
                "seed": recipe.seed,
                "threads": recipe.threads,
                "report": False,  # its time is not that of training
            },
        )


def measure(recipe: Recipe, out: Path, test: Corpus) -> Content:
    """Train a student and answer; the time is that of training, without the explanations."""
    was_begun = out.exists() or Path(f"{out}.run").exists()
    start = perf_counter()
    train(recipe, out)
    seconds = perf_counter() - start
    model = read_model(out)
    return {
        **answers.of_predictions(Classifier(model)(list(test.texts))),
        "num_bytes": out.stat().st_size,
        "train_seconds": None if was_begun else seconds,
        "float32": asdict(_float_scores(model, Path(f"{out}.run"), test)),
        "arguments": recipe.arguments,
    }


def _float_scores(model: StudentModel, run_folder: Path, test: Corpus) -> AnyScores:
    """Return the answers of the student before quantization, from its run's checkpoint."""
    student = Student(model.shape)
    checkpoint = torch.load(run_folder / "checkpoint.pt", weights_only=True)
    student.load_state_dict(checkpoint["best_parameters"])
    return score(student, make_examples(test, model.tokenizer(), model.settings.cleaning))
