"""Fine-tunes a pretrained transformer on labeled texts: an encoder or decoder in, a teacher out.

A run works in `OUT.unfinished`, resumes from the checkpoints there, and renames its result to OUT
at the end. The training loop is in trainer.py; `Teacher.load` loads the result.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    set_seed,
)

from ...claim import ClaimFile, held
from ...errors import InputError
from ...runtime.model_file.label_names import check_label_names
from ...specification.cleaning import DEFAULT_RULES, clean
from ...version import __version__
from ..config import OutputKind
from ..data.corpus import Corpus
from ..finetune_config import FinetuneConfig
from ..finite import check_parameters
from ..measures.scores import AnyScores, scores_for
from ..progress.watcher import Watcher
from ..teacher.head import PROBLEM_TYPES, answers_of, output_of
from ..teacher.loading.checkpoint import (
    check_body,
    errors_about,
    load_weights,
    loading,
    quiet_transformers,
)
from ..teacher.teacher import Teacher
from .checkpoints import saving
from .trainer import fit

_CLAIM = ClaimFile("run.json", "an unfinished run", "delete it or choose another output folder")


def finetune(
    base: str | Path,
    train: Corpus,
    valid: Corpus,
    config: FinetuneConfig,
    out: Path,
    watcher: Watcher | None = None,
) -> AnyScores:
    """Fine-tune `base` into the folder `out`, and return the saved teacher's scores on `valid`.

    Args:
        base: a name on the hub or a folder; its tokenizer must be a fast one.
        train: labeled texts; the labels' names become the teacher's.
        valid: labeled texts that choose the best epoch, by macro-F1 or, for numbers, by the mean
            absolute error.
        config: see FinetuneConfig.
        out: a folder that is empty or does not exist. A stopped run of the same settings resumes.
        watcher: receives the progress of the training.

    Raises:
        InputError: there is no such base, its tokenizer is not a fast one, the labels of `train`
            and `valid` differ, `out` is taken, the unfinished run has another base, other texts or
            other settings, the folder is in use, or the training diverges.
    """
    _check_labels(train, valid)
    _check_free(out)
    with quiet_transformers():
        return _finetune(base, train, valid, config, out, watcher or Watcher())


def _finetune(
    base: str | Path,
    train: Corpus,
    valid: Corpus,
    config: FinetuneConfig,
    out: Path,
    watcher: Watcher,
) -> AnyScores:
    model, tokenizer = load_base(base, train.label_names, config.seed, train.output)
    with errors_about(f"the base '{base}'"):
        teacher = Teacher(model, tokenizer, config.max_length)
    run = {
        "dixtill": __version__,
        "base": teacher.fingerprint,
        "training_texts": train.digest(),
        "validation_texts": valid.digest(),
        **asdict(config),
    }
    unfinished = out.with_name(f"{out.name}.unfinished")
    with held(unfinished):
        _check_free(out)  # another process may have finished in the meantime
        _CLAIM.claim(unfinished, run)
        fit(model, tokenizer, train, valid, config, unfinished, watcher)
        save_teacher(model, tokenizer, unfinished / "teacher")
        scores = score_teacher(Teacher.load(unfinished / "teacher"), valid, config.cleaning)
        if out.exists():
            out.rmdir()
        (unfinished / "teacher").rename(out)
        shutil.rmtree(unfinished)
    return scores


def load_base(
    base: str | Path, labels: Sequence[str], seed: int, output: OutputKind = "softmax"
) -> tuple[Any, Any]:
    """Load a model with a head for `labels`, and its tokenizer.

    The base's own head is kept only if it has this output, and these labels in this order; that of
    a number never, because it has a unit of its own.

    Raises:
        InputError: there is no such model, or transformers cannot put a classifier on it.
    """
    set_seed(seed)
    with loading("a base model", base, own_code="take a base that transformers knows"):
        # Unless this is said, transformers asks on a terminal whether to run a base's own code.
        trust: dict[str, Any] = {"trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(base, **trust)
        config = AutoConfig.from_pretrained(base, **trust)
        if _has_head_for(config, labels, output):
            model, missing = load_weights(AutoModelForSequenceClassification, base, **trust)
            check_body(base, missing)
            return model, tokenizer
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
        config.problem_type = PROBLEM_TYPES[output]
        model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32, **trust)
        body, missing = load_weights(AutoModel, base, **trust)
        check_body(base, missing)
        loaded = model.base_model.load_state_dict(body.state_dict(), strict=False)
    if loaded.missing_keys:
        raise InputError(
            f"'{base}' lacks weights that a classifier needs, such as {loaded.missing_keys[0]}"
        )
    return model, tokenizer


def _has_head_for(config: Any, labels: Sequence[str], output: OutputKind) -> bool:
    is_classifier = any(
        name.endswith("ForSequenceClassification") for name in config.architectures or ()
    )
    return (
        is_classifier
        and output != "number"
        and config.id2label == dict(enumerate(labels))
        and output_of(config) == output
    )


def save_teacher(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write model and tokenizer as transformers saves them.

    Raises:
        InputError: a weight is not finite.
        OSError: the folder cannot be written to.
    """
    check_parameters(model.state_dict(), "the teacher")
    # The tokenizer would save its last padding and truncation, which would change the fingerprint.
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    with saving(folder):
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def score_teacher(
    teacher: Teacher, corpus: Corpus, cleaning: Sequence[str] = DEFAULT_RULES
) -> AnyScores:
    """Score a teacher on `corpus`, which must have the teacher's labels in the same order."""
    logits = teacher.predict([clean(text, cleaning) for text in corpus.texts])
    answers = answers_of(teacher.output, logits).numpy()
    return scores_for(teacher.output, corpus.targets, answers)


def _check_labels(train: Corpus, valid: Corpus) -> None:
    check_label_names(train.label_names)
    if train.output == "softmax" and len(train.label_names) < 2:
        raise InputError(
            f"the training texts have only the label '{train.label_names[0]}'; "
            "a classifier needs at least two"
        )
    if train.output != valid.output:
        raise InputError(
            f"the training texts are for the output {train.output}, the validation texts for "
            f"{valid.output}; label both in the same way"
        )
    if train.label_names != valid.label_names:
        raise InputError(
            f"the training texts have the labels {', '.join(train.label_names)}, "
            f"the validation texts {', '.join(valid.label_names)}"
        )


def _check_free(out: Path) -> None:
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out} exists already; choose another output folder or delete it")
