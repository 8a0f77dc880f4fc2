"""A corpus and a teacher in, a model out: the story of distillation.

Vocabulary, the teacher's answers, training, temperature, int8, scores; each lives in a file of its
own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from .. import __version__
from ..errors import InputError
from ..runtime.classifier import Classifier
from ..runtime.cleaning import clean
from ..runtime.model_file import StudentModel
from ..runtime.words import UNKNOWN_PIECE, Tokenizer
from .answer_store import answers
from .attributions import Attribution
from .bars import stage
from .calibration import divide_logits, fit_temperature
from .config import DistillConfig
from .corpus import Corpus
from .evaluate import Scores, logits_of, score, score_classifier
from .examples import make_examples, unlabelled_examples
from .metrics import EpochMetrics
from .perturbation import perturbed_texts
from .precision import Precision
from .quantize import quantize
from .student import Student
from .teacher import Teacher
from .trainer import StudentTrainer, one_thread
from .vocabulary import Vocabulary, starting_vectors, student_vocabulary
from .watcher import Watcher


@dataclass(frozen=True)
class Distilled:
    """A finished student, with its validation scores before and after quantisation."""

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
    explained: Sequence[Attribution] | None = None,
    *,
    unlabelled: Sequence[str] = (),
    answers_folder: Path | None = None,
    precision: Precision = "float32",
    embedding_bits: int = 4,
    calibrated: bool = True,
    watcher: Watcher | None = None,
) -> Distilled:
    """Train a student of `teacher`, calibrate and quantise it.

    Args:
        teacher: answers the training texts, unless `explained` holds its answers; the method none
            may come without one.
        train: training texts with labels; the labels' names become the student's.
        valid: chooses the best epoch and the temperature, and gives the scores.
        config: see DistillConfig.
        run_folder: config, metrics and checkpoint; a stopped run goes on from there.
        explained: the teacher's attribution of each training text; dixtill and dixtill-paper
            need it.
        unlabelled: more texts, for which the teacher's answers stand; the method none, which
            asks no teacher, leaves them out.
        answers_folder: keeps the teacher's answers to texts without labels, the perturbed ones
            among them, for other runs; None: `answers` in the run folder.
        precision: of the teacher's answers to texts without labels.
        watcher: told how the training goes on.
        embedding_bits: 4 or 8. No part of the run: a finished one is quantised anew.
        calibrated: whether the temperature is found on `valid`, or is 1; no part of the run either.

    Raises:
        InputError: the method needs a teacher or its attributions and came without, teacher and
            texts have different labels, or the run folder holds another run.
    """
    _check(teacher, train, config, explained)
    cleaned = [clean(text, config.cleaning) for text in train.texts]
    asked = config.method != "none"
    unlabelled = [clean(text, config.cleaning) for text in unlabelled] if asked else []
    with stage("choosing the student's pieces"):
        vocabulary = student_vocabulary([*cleaned, *unlabelled], teacher)
    tokenizer = Tokenizer(vocabulary.pieces, vocabulary.normalizer, config.max_pieces)
    logits = _teacher_logits(teacher, cleaned, config, explained)
    valid_examples = make_examples(valid, tokenizer, config.cleaning)
    examples = make_examples(
        train,
        tokenizer,
        config.cleaning,
        logits,
        explained if config.is_explained else None,
        config.merge,
        config.explained_classes,
    )
    # The perturbed texts are the same for every seed, and so are the teacher's answers.
    if asked:
        with stage("making perturbed texts"):
            unlabelled += perturbed_texts(cleaned, config.perturbed * len(cleaned), seed=0)
    if teacher and unlabelled:
        folder = answers_folder or run_folder / "answers"
        answered = answers(teacher, unlabelled, folder, precision)
        with stage("reading them as the student does"):
            examples += unlabelled_examples(
                unlabelled, tokenizer, answered, config.explained_classes
            )
    unknown_id = vocabulary.pieces.index(UNKNOWN_PIECE)
    with one_thread():
        student = _new_student(teacher, vocabulary, len(train.label_names), config)
        trainer = StudentTrainer(student, config, examples, valid_examples, unknown_id, run_folder)
        best_epoch = trainer.run(watcher)
        uncalibrated = score(student, valid_examples).calibration_error
        temperature = 1.0
        if calibrated:
            temperature = fit_temperature(logits_of(student, valid_examples), valid_examples.labels)
            divide_logits(student, temperature)
        float_scores = score(student, valid_examples)
    model = StudentModel(
        weights=quantize(student, embedding_bits),
        vocabulary=vocabulary.pieces,
        labels=train.label_names,
        cleaning=config.cleaning,
        lowercase=vocabulary.normalizer.lowercase,
        strip_accents=vocabulary.normalizer.strip_accents,
        max_pieces=config.max_pieces,
        explanation=config.explanation,
        provenance={
            "dixtill": __version__,
            "teacher": teacher.fingerprint if teacher else None,
            "train": {"rows": len(train), "sha256": train.digest()},
            "valid": {"rows": len(valid), "sha256": valid.digest()},
            "texts_without_labels": len(unlabelled),
            "config": asdict(config),
            "best_epoch": best_epoch.epoch,
            "temperature": temperature,
            "uncalibrated_error": uncalibrated,
            "valid_scores": asdict(float_scores),
        },
    )
    int8_scores = score_classifier(Classifier(model), valid)
    return Distilled(model, student, best_epoch, trainer.history, float_scores, int8_scores)


def _check(
    teacher: Teacher | None,
    train: Corpus,
    config: DistillConfig,
    explained: Sequence[Attribution] | None,
) -> None:
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
