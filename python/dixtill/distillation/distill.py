"""A corpus and a teacher in, a model out: the story of distillation.

Vocabulary, the teacher's answers, training, temperature, int8, scores; each lives in a file of its
own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..claim import held
from ..errors import InputError
from ..runtime.classifier import Classifier
from ..runtime.model_file.label_names import check_label_names
from ..runtime.model_file.settings import StudentSettings
from ..specification.cleaning import clean
from ..specification.model_file import StudentModel
from ..specification.words import UNKNOWN_PIECE, Tokenizer
from ..version import __version__
from .attribution.attributor import Attribution, AttributionSettings
from .config import DistillConfig, Precision
from .data.corpus import Corpus
from .data.perturbation import perturbed_texts
from .measures.scores import Scores, score_classifier
from .progress.bars import stage
from .progress.metrics import EpochMetrics
from .progress.watcher import Watcher
from .student.calibration import divide_logits, fit_temperature
from .student.examples import Examples, make_examples, unlabelled_examples
from .student.float_answers import logits_of, score
from .student.quantize import check_embedding_bits, quantize
from .student.run_folder import RunFolder
from .student.student import Student
from .student.trainer import StudentTrainer, one_thread
from .student.vocabulary import Vocabulary, starting_vectors, student_vocabulary
from .teacher.answer_store import answers
from .teacher.teacher import Teacher


@dataclass(frozen=True)
class Distilled:
    """A finished student, with its validation scores before and after quantization."""

    model: StudentModel
    student: Student  # float32, calibrated
    best_epoch: EpochMetrics
    history: tuple[EpochMetrics, ...]  # of every epoch
    float_scores: Scores
    int8_scores: Scores  # with the embedding in as many bits as were asked for


def distil(
    teacher: Teacher | None,
    train: Corpus,
    valid: Corpus,
    config: DistillConfig,
    run_folder: Path,
    explained: Sequence[Attribution] | Callable[[], Sequence[Attribution]] | None = None,
    *,
    attributions: AttributionSettings | None = None,
    unlabelled: Sequence[str] = (),
    answers_folder: Path | None = None,
    precision: Precision = "float32",
    embedding_bits: int = 4,
    calibrated: bool = True,
    watcher: Watcher | None = None,
) -> Distilled:
    """Train a student of `teacher`, calibrate and quantize it.

    Args:
        teacher: answers the training texts, unless `explained` holds its answers; the method none
            may come without one.
        train: training texts with labels; the labels' names become the student's.
        valid: chooses the best epoch and the temperature, and gives the scores.
        config: see DistillConfig.
        run_folder: config, metrics and checkpoint; a stopped run goes on from there.
        explained: the teacher's attribution of each training text, which dixtill and dixtill-paper
            need, or what makes them: it is called once the run folder is known to be this run's.
        attributions: the settings that `explained` was made with, by which the run folder knows it
            again; None: by its numbers, which then have to be given.
        unlabelled: more texts, for which the teacher's answers stand; the method none, which
            asks no teacher, leaves them out.
        answers_folder: keeps the teacher's answers to texts without labels, the perturbed ones
            among them, for other runs; None: `answers` in the run folder.
        precision: of the teacher's answers to texts without labels.
        watcher: told how the training goes on.
        embedding_bits: 4 or 8. No part of the run: a finished one is quantized anew.
        calibrated: whether the temperature is found on `valid`, or is 1; no part of the run either.

    Raises:
        InputError: the method needs a teacher or its attributions and came without, attributions
            yet to be made come without their settings, teacher and texts have different labels,
            the run folder holds another run or is in use, or the training diverges.
    """
    _check(teacher, train, config, explained)
    check_embedding_bits(embedding_bits)
    known_by = attributions or explained
    if callable(known_by):
        raise InputError("attributions that are yet to be made need their settings; give those too")
    run = _run_of(teacher, train, valid, config, known_by, unlabelled, precision)
    with held(run_folder):
        RunFolder(run_folder).claim(run)
        if callable(explained):
            explained = explained()
        folder = answers_folder or run_folder / "answers"
        read = _read(teacher, train, valid, config, explained, unlabelled, folder, precision)
        unknown_id = read.vocabulary.pieces.index(UNKNOWN_PIECE)
        with one_thread():
            student = _new_student(teacher, read.vocabulary, len(train.label_names), config)
            trainer = StudentTrainer(
                student, config, read.train, read.valid, unknown_id, run_folder, run
            )
            best_epoch = trainer.run(watcher)
    with one_thread():
        calibration = _calibrate(student, read.valid, calibrated)
        float_scores = score(student, read.valid)
    model = StudentModel(
        weights=quantize(student, embedding_bits),
        vocabulary=read.vocabulary.pieces,
        settings=StudentSettings(
            labels=train.label_names,
            cleaning=config.cleaning,
            **asdict(read.vocabulary.normalizer),
            max_pieces=config.max_pieces,
            explanation=config.explanation,
            provenance={
                "dixtill": run["dixtill"],
                "teacher": run["teacher"],
                "train": {"rows": len(train), "sha256": run["training_texts"]},
                "valid": {"rows": len(valid), "sha256": run["validation_texts"]},
                "texts_without_labels": read.num_unlabelled,
                "config": asdict(config),
                "best_epoch": best_epoch.epoch,
                **calibration,
                "valid_scores": asdict(float_scores),
            },
        ),
    )
    int8_scores = score_classifier(Classifier(model), valid)
    return Distilled(model, student, best_epoch, trainer.history, float_scores, int8_scores)


def _run_of(
    teacher: Teacher | None,
    train: Corpus,
    valid: Corpus,
    config: DistillConfig,
    attributions: AttributionSettings | Sequence[Attribution] | None,
    unlabelled: Sequence[str],
    precision: Precision,
) -> dict[str, Any]:
    """All that a student's float weights depend on; its run folder refuses what differs in any.

    The vocabulary, the perturbed texts and the teacher's answers follow from these. `attributions`
    are known by their settings or, without those, by their numbers.
    """
    asks = config.method != "none"
    answers_more = asks and (bool(unlabelled) or config.perturbed > 0)
    explained: object = None
    if isinstance(attributions, AttributionSettings):
        explained = attributions.as_dict()
    elif attributions is not None:
        explained = _digest(map(repr, attributions))
    return {
        "dixtill": __version__,
        "teacher": teacher.fingerprint if teacher else None,
        "attributions": explained if asks else None,
        "training_texts": train.digest(),
        "validation_texts": valid.digest(),
        "texts_without_labels": _digest(unlabelled) if asks else None,
        "precision_of_answers": precision if answers_more else None,
        **asdict(config),
    }


def _digest(texts: Iterable[str]) -> str:
    content = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        content.update(f"{len(encoded)} ".encode() + encoded)
    return content.hexdigest()


class _Read(NamedTuple):
    """All texts as the student reads them."""

    vocabulary: Vocabulary
    train: Examples  # those without labels too
    valid: Examples
    num_unlabelled: int


def _read(
    teacher: Teacher | None,
    train: Corpus,
    valid: Corpus,
    config: DistillConfig,
    explained: Sequence[Attribution] | None,
    unlabelled: Sequence[str],
    answers_folder: Path,
    precision: Precision,
) -> _Read:
    """Choose the pieces, have the teacher answer, and read the texts."""
    cleaned = [clean(text, config.cleaning) for text in train.texts]
    asks = config.method != "none"
    more = [clean(text, config.cleaning) for text in unlabelled] if asks else []
    with stage("choosing the student's pieces"):
        vocabulary = student_vocabulary([*cleaned, *more], teacher, config.symbols)
    tokenizer = Tokenizer(vocabulary.pieces, vocabulary.normalizer, config.max_pieces)
    examples = make_examples(
        train,
        tokenizer,
        config.cleaning,
        _teacher_logits(teacher, cleaned, config, explained),
        explained if config.is_explained else None,
        config.merge,
        config.explained_classes,
    )
    # The perturbed texts are the same for every seed, and so are the teacher's answers.
    if asks:
        with stage("making perturbed texts"):
            more += perturbed_texts(cleaned, config.perturbed * len(cleaned), seed=0)
    if teacher and more:
        answered = answers(teacher, more, answers_folder, precision)
        with stage("reading them as the student does"):
            examples += unlabelled_examples(more, tokenizer, answered, config.explained_classes)
    return _Read(vocabulary, examples, make_examples(valid, tokenizer, config.cleaning), len(more))


def _calibrate(student: Student, valid: Examples, calibrated: bool) -> dict[str, float]:
    """Fold a temperature found on the validation texts into the student, where that is asked for.

    Returns:
        The temperature, and the calibration error without it.
    """
    error = score(student, valid).calibration_error
    temperature = 1.0
    if calibrated:
        temperature = fit_temperature(logits_of(student, valid), valid.labels)
        divide_logits(student, temperature)
    return {"temperature": temperature, "uncalibrated_error": error}


def _check(
    teacher: Teacher | None,
    train: Corpus,
    config: DistillConfig,
    explained: object,
) -> None:
    check_label_names(train.label_names)
    if config.is_explained and explained is None:
        raise InputError(
            f"the method {config.method} needs the teacher's attributions of the texts"
        )
    if teacher is None:
        if config.method != "none":
            raise InputError(f"the method {config.method} needs a teacher; none does without")
    elif len(teacher.labels) != len(train.label_names):
        raise InputError(
            f"the teacher has the labels {', '.join(teacher.labels)}, "
            f"the texts {', '.join(train.label_names)}"
        )


def _teacher_logits(
    teacher: Teacher | None,
    cleaned: Sequence[str],
    config: DistillConfig,
    explained: Sequence[Attribution] | None,
) -> Tensor | None:
    if explained is not None:
        return torch.tensor([row.logits for row in explained])
    return teacher.predict(cleaned) if teacher and config.method != "none" else None


def _new_student(
    teacher: Teacher | None, vocabulary: Vocabulary, num_classes: int, config: DistillConfig
) -> Student:
    torch.manual_seed(config.seed)
    student = Student(
        len(vocabulary.pieces),
        num_classes,
        config.embedding_dim,
        config.hidden_dim,
        config.attention_dim,
        config.dropout,
        config.null_score,
    )
    vectors = starting_vectors(vocabulary, teacher, config.embedding_dim)
    student.embedding.weight.data.copy_(vectors)
    return student
