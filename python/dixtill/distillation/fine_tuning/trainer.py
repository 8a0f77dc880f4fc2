"""Trains a classifier on labeled texts with transformers.Trainer, and keeps the best epoch.

A stopped run resumes from the last complete checkpoint, which checkpoints.py finds. finetune.py
loads the model and saves the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    DataCollatorWithPadding,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from ...errors import InputError
from ...specification.cleaning import clean
from ..config import OutputKind, Precision
from ..data.corpus import Corpus
from ..data.scale import Scale
from ..data.text_weights import text_weights
from ..finetune_config import FinetuneConfig
from ..finite import check_parameters, diverged
from ..measures.scores import scores_for
from ..progress.metrics import TITLES, EpochMetrics, scores_of_epoch
from ..progress.watcher import Step, Watcher
from ..teacher.head import answers_of, output_of
from ..teacher.precision import attention_for_gradients
from ..teacher.teacher import Teacher
from .checkpoints import last_checkpoint, mark_whole, saving
from .weighted_loss import weighted_loss

# The score that chooses the best epoch.
_CHOOSES: Mapping[OutputKind, str] = {
    "softmax": "macro_f1",
    "sigmoid": "macro_f1",
    "number": "mean_absolute_error",
}
_WEIGHT = "text_weight"  # of a row
_DECAYED_DIMENSIONS = 2  # weight decay applies to matrices, not to biases and norms


def fit(
    model: Any,
    tokenizer: Any,
    train: Corpus,
    valid: Corpus,
    config: FinetuneConfig,
    folder: Path,
    watcher: Watcher,
) -> None:
    """Train `model` in place to its best epoch, resuming from the checkpoints in `folder`.

    The head of a model of numbers must be a new one, which has learned no unit yet.

    Raises:
        InputError: the tokenizer is not a fast one, or the training diverges; the checkpoints of
            earlier epochs stay in `folder`.
        OSError: a checkpoint cannot be written.
    """
    limits = Teacher(model, tokenizer, config.max_length)  # also chooses padding
    model.requires_grad_(True)
    head = number_head(model) if train.output == "number" else None
    scale = Scale.of(train.targets, head.bias is not None) if head else Scale()
    trainer = _Trainer(
        model=model,
        args=_arguments(config, folder, train.output),
        data_collator=DataCollatorWithPadding(tokenizer),
        train_dataset=_weighed(_encoded(train, limits, config, scale), train, config),
        eval_dataset=_encoded(valid, limits, config, scale),
        compute_metrics=partial(_metrics, train.output, scale),
        preprocess_logits_for_metrics=_logits_alone,
        callbacks=[_OwnFolder(), _Report(watcher)],
        optimizers=(_optimizer(model, config), None),
    )
    for printing in (PrinterCallback, ProgressCallback):  # both write to standard output
        trainer.remove_callback(printing)
    with attention_for_gradients(trainer.args.device, config.precision):
        trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    model.to("cpu").eval()
    if head:
        scale.put_into(head)


def number_head(model: Any) -> nn.Linear:
    """Return the last layer of a model that gives one number.

    Raises:
        InputError: there is no linear layer for it.
    """
    body = set(model.base_model.modules())
    found = [
        module
        for module in model.modules()
        if isinstance(module, nn.Linear) and module.out_features == 1 and module not in body
    ]
    if not found:
        raise InputError(
            f"the head of {type(model).__name__} does not end in a linear layer, so that it cannot "
            "learn numbers here; choose another base"
        )
    return found[-1]


def _arguments(config: FinetuneConfig, folder: Path, output: OutputKind) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=2 * config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        logging_nan_inf_filter=False,  # else NaN would be logged as the mean of the other losses
        save_total_limit=2,  # the last and the best, or the last two if the last is the best
        load_best_model_at_end=True,
        metric_for_best_model=_CHOOSES[output],
        greater_is_better=output != "number",
        seed=config.seed,
        bf16=config.precision == "bfloat16",
        use_cpu=config.precision == "bfloat16" and not torch.cuda.is_available(),
        report_to="none",
        remove_unused_columns=False,  # else the texts' weights would be removed
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def _encoded(
    corpus: Corpus, limits: Teacher, config: FinetuneConfig, scale: Scale
) -> list[dict[str, Any]]:
    """Return token ids and label of each text, without padding.

    Several labels are 1 and 0 for each label; a number is standardized.
    """
    labels: Sequence[Any] = corpus.labels
    if corpus.output == "sigmoid":
        labels = corpus.targets.astype(float).tolist()
    elif corpus.output == "number":
        labels = scale.standardized(corpus.targets)[:, 0].tolist()
    encoded = limits.tokens([clean(text, config.cleaning) for text in corpus.texts])
    return [
        {
            "input_ids": text.input_ids,
            "attention_mask": [1] * len(text.input_ids),
            **({"token_type_ids": text.token_type_ids} if limits.reads_token_types else {}),
            "label": label,
        }
        for text, label in zip(encoded, labels, strict=True)
    ]


def _weighed(
    rows: list[dict[str, Any]], train: Corpus, config: FinetuneConfig
) -> list[dict[str, Any]]:
    """Return the rows with the weights of their texts, if these are not all equal."""
    weights = text_weights(train, config.class_weight)
    if weights is None:
        return rows
    return [{**row, _WEIGHT: weight} for row, weight in zip(rows, weights.tolist(), strict=True)]


def _logits_alone(output: Any, _labels: Any) -> Any:
    """Return the logits; an encoder-decoder returns a tuple, which begins with them."""
    return output[0] if isinstance(output, tuple) else output


def _metrics(output: OutputKind, scale: Scale, prediction: Any) -> dict[str, float]:
    answers = answers_of(output, torch.from_numpy(prediction.predictions)).numpy()
    targets = prediction.label_ids
    if output == "number":
        answers, targets = scale.original(answers), scale.original(targets.reshape(-1, 1))
    elif output == "sigmoid":
        targets = targets.astype(bool)
    return asdict(scores_for(output, targets, answers))


def _optimizer(model: Any, config: FinetuneConfig) -> torch.optim.Optimizer:
    """Return AdamW with a separate learning rate for the head, which is all but the base model."""
    body = {id(parameter) for parameter in model.base_model.parameters()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        factor = 1.0 if id(parameter) in body else config.head_learning_rate_factor
        decay = config.weight_decay if parameter.dim() >= _DECAYED_DIMENSIONS else 0.0
        groups.setdefault((config.learning_rate * factor, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ],
        lr=config.learning_rate,
        fused=True,
    )


class _Trainer(Trainer):  # type: ignore[misc]  # transformers is not typed
    """Stops when a loss or a weight is not finite, and marks complete checkpoints."""

    def training_step(self, *given: Any, **named: Any) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(*given, **named)
        if not bool(torch.isfinite(loss)):
            where = f"the loss of step {self.state.global_step + 1} ({float(loss):g})"
            precision: Precision = "bfloat16" if self.args.bf16 else "float32"
            raise diverged(where, self.args.learning_rate, precision)
        return loss

    def compute_loss(self, model: Any, inputs: Any, *given: Any, **named: Any) -> Any:
        weights = inputs.pop(_WEIGHT, None)
        if weights is None:
            return super().compute_loss(model, inputs, *given, **named)
        labels = inputs.pop("labels")
        logits = _logits_alone(model(**inputs).to_tuple(), labels)
        return weighted_loss(output_of(self.model.config), logits, labels, weights)

    def evaluate(self, *given: Any, **named: Any) -> dict[str, float]:
        check_parameters(self.model.state_dict(), "the model")
        scores: dict[str, float] = super().evaluate(*given, **named)
        return scores

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        with saving(Path(self.args.output_dir)):
            super()._save_checkpoint(model, trial)
            checkpoint = Path(self.args.output_dir, f"checkpoint-{self.state.global_step}")
            mark_whole(checkpoint)


class _OwnFolder(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
    """Corrects the path of the best checkpoint, in case the run's folder was moved."""

    def on_train_begin(self, args: Any, state: Any, _control: Any, **_: Any) -> None:
        best = state.best_model_checkpoint
        if best:
            state.best_model_checkpoint = str(Path(args.output_dir, Path(best).name))


class _Report(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
    """Passes to a watcher what transformers reports to its callbacks."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def on_train_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        self._watcher.on_begin(_history(state))

    def on_step_end(self, args: Any, state: Any, _control: Any, **_: Any) -> None:
        epochs = round(args.num_train_epochs)
        self._watcher.on_step(Step(state.global_step, state.max_steps // epochs, epochs))

    def on_train_end(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
        self._watcher.on_end()

    def on_evaluate(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        self._watcher.on_epoch(_history(state)[-1])


def _history(state: Any) -> list[EpochMetrics]:
    """Return the epochs in transformers' log, which has two entries for each."""
    trained = [entry for entry in state.log_history if "loss" in entry]
    scored = [entry for entry in state.log_history if "eval_loss" in entry]
    return [
        EpochMetrics(
            epoch=round(entry["epoch"]),
            loss=losses["loss"],
            scores=scores_of_epoch(_scores_in(entry)),
            quality=_quality(_scores_in(entry)),
            learning_rate=losses.get("learning_rate"),
        )
        for losses, entry in zip(trained, scored, strict=True)
    ]


def _scores_in(entry: Mapping[str, Any]) -> dict[str, float]:
    return {name: entry[f"eval_{name}"] for name in TITLES if f"eval_{name}" in entry}


def _quality(scores: Mapping[str, float]) -> float:
    error = scores.get("mean_absolute_error")
    return scores["macro_f1"] if error is None else -error
