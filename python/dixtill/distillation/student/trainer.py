"""Trains a student. A run can be resumed, and equal seeds give equal students.

The loss is in objective.py, the batches in examples.py, the files in run_folder.py, and the
conversion to int8 in quantize.py.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..config import DistillConfig
from ..finite import check_parameters, diverged
from ..network.student import Student
from ..progress.metrics import EpochMetrics, best_epoch, scores_of_epoch
from ..progress.watcher import Step, Watcher
from ..teaching.look_ahead import effects_of_weights
from ..teaching.teaching import teaching_of
from .examples import Batch, Examples
from .float_answers import score
from .objective import answer_losses, answer_terms, hint_map, loss_terms, total_loss
from .run_folder import RunFolder


class StudentTrainer:
    """Trains one student in one run folder."""

    def __init__(
        self,
        student: Student,
        config: DistillConfig,
        train: Examples,
        valid: Examples,
        unknown_id: int,
        folder: Path,
        depends_on: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare to train `student` in place, or to resume the folder's run.

        `depends_on` names everything else that the run depends on, apart from config and examples.

        Raises:
            InputError: the folder holds a run with another config, other data or another
                `depends_on`.
        """
        self.student, self.config = student, config
        self._folder = RunFolder(folder)
        self._train, self._valid, self._unknown_id = train, valid, unknown_id
        self._hint_map = hint_map(student, train.hints.shape[1], config.seed)
        self._trained = [*student.parameters(), *self._hint_map.parameters()]
        self._optimizer = torch.optim.AdamW(
            self._trained,
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self._teaching = teaching_of(
            config, train.kinds, train.rules.confidences(train.teacher_logits)
        )
        num_texts = len(self._teaching.texts)
        self._steps_per_epoch = steps = math.ceil(num_texts / config.batch_size)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer,
            partial(
                _warmup_then_decay,
                warmup=max(1, round(config.warmup_epochs * steps)),
                total=config.epochs * steps + 1,
            ),
        )
        self._rng = np.random.default_rng(config.seed)
        self._torch_rng = torch.Generator().manual_seed(config.seed).get_state()
        self._data = _digest(train, valid)
        self._best_parameters = _copy(student)
        self._folder.claim({**(depends_on or {}), **asdict(config)})
        self._history = self._folder.restore(self._data, self._load)

    @property
    def history(self) -> tuple[EpochMetrics, ...]:
        """The metrics of every epoch so far, including those before the run resumed."""
        return tuple(self._history)

    def run(self, watcher: Watcher | None = None) -> EpochMetrics:
        """Train to the last epoch or until patience ends, and save each epoch.

        Returns:
            The metrics of the best epoch; the student then has its parameters, and is in evaluation
            mode.

        Raises:
            InputError: a loss or a weight is not finite; the earlier epochs stay saved.
        """
        watcher = watcher or Watcher()
        watcher.on_begin(self.history)
        while not self._is_finished():
            metrics = self._train_epoch(watcher)
            self._history.append(metrics)
            if metrics is self._best():
                self._best_parameters = _copy(self.student)
            self._save()
            watcher.on_epoch(metrics)
        watcher.on_end()
        self.student.load_state_dict(self._best_parameters)
        self.student.eval()
        return self._best()

    def _best(self) -> EpochMetrics:
        return best_epoch(self._history)

    def _is_finished(self) -> bool:
        epochs = len(self._history)
        return epochs >= self.config.epochs or (
            epochs > 0 and epochs - self._best().epoch >= self.config.patience
        )

    def _train_epoch(self, watcher: Watcher) -> EpochMetrics:
        """Train on the texts that the teaching chooses; score the student on validation texts."""
        self.student.train()
        sums: Counter[str] = Counter()
        done = len(self._history) * self._steps_per_epoch
        rate = 0.0
        # Dropout draws from PyTorch's global generator; the caller gets its own state back.
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._torch_rng)
            rows = self._teaching.rows(self._rng)
            for batch in self._train.shuffled_batches(rows, self.config.batch_size, self._rng):
                rate = float(self._schedule.get_last_lr()[0])
                sums.update(self._train_step(batch))
                done += 1
                watcher.on_step(Step(done, self._steps_per_epoch, self.config.epochs))
            self._torch_rng = torch.get_rng_state()
        check_parameters(self.student.state_dict(), "the student")
        means = {name: total / self._steps_per_epoch for name, total in sums.items()}
        scores = score(self.student, self._valid)
        return EpochMetrics(
            epoch=len(self._history) + 1,
            loss=means.pop("loss"),
            scores=scores_of_epoch(asdict(scores)),
            quality=scores.quality,
            terms=means,
            learning_rate=rate,
            weights=self._teaching.take_means(),
        )

    def _train_step(self, batch: Batch) -> dict[str, float]:
        """Take a step, and return the batch's loss and its terms from before the step.

        Raises:
            InputError: a loss is not finite.
        """
        batch = batch._replace(piece_ids=self._with_unknowns(batch.piece_ids))
        output = self.student(batch.piece_ids, batch.mask)
        divergences = answer_losses(self.config, output.logits.detach(), batch)
        batch = batch._replace(weights=self._teaching.weights(batch.rows, divergences))
        terms = loss_terms(self.config, self.student, self._hint_map, output, batch)
        loss = total_loss(self.config, terms, self._left())
        values = {name: float(value.detach()) for name, value in {"loss": loss, **terms}.items()}
        if not math.isfinite(sum(values.values())):
            where = f"a loss of epoch {len(self._history) + 1} ({_listed(values)})"
            raise diverged(where, self.config.learning_rate)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._trained, self.config.max_grad_norm)
        self._look_ahead(batch)
        self._optimizer.step()
        self._schedule.step()
        return values

    def _left(self) -> float:
        """Return the share of all steps that are still to be taken."""
        return 1 - self._schedule.last_epoch / (self.config.epochs * self._steps_per_epoch)

    def _look_ahead(self, batch: Batch) -> None:
        """Tell the teaching how the batch's weights change the loss on a quiz, if it asks.

        The quiz is on answers and labels. The student reads without dropout for it, so that nothing
        is drawn, and a difference of two losses has one cause. For the bounded form of KL, the
        effects have another unit, which is the same for all texts of the batch.
        """
        rows = self._teaching.quiz_rows(self.config.batch_size)
        if rows is None:
            return
        config, student, quiz = self.config, self.student, self._train.batch(rows)

        def quiz_loss() -> Tensor:
            logits = student(quiz.piece_ids, quiz.mask).logits
            return total_loss(config, answer_terms(config, logits, quiz))

        def text_losses() -> Tensor:
            logits = student(batch.piece_ids, batch.mask).logits
            return config.alpha * answer_losses(config, logits, batch)

        pairs = [(each, each.grad) for each in student.parameters() if each.grad is not None]
        parameters, gradients = zip(*pairs, strict=True)
        rate = float(self._schedule.get_last_lr()[0])
        student.eval()
        effects = effects_of_weights(parameters, gradients, rate, quiz_loss, text_losses)
        student.train()
        self._teaching.learn(effects)

    def _with_unknowns(self, piece_ids: Tensor) -> Tensor:
        """Replace random pieces by the unknown one, so that the student learns to read it."""
        replaced = torch.rand(piece_ids.shape) < self.config.unknown_rate
        return piece_ids.masked_fill(replaced, self._unknown_id)

    def _save(self) -> None:
        state = {
            "student": self.student.state_dict(),
            "hint_map": self._hint_map.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "torch_rng": self._torch_rng,
            "numpy_rng": self._rng.bit_generator.state,
            "best_parameters": self._best_parameters,
            "teaching": self._teaching.state(),
        }
        self._folder.save(state, self._data, self._history)

    def _load(self, state: Mapping[str, Any]) -> None:
        self.student.load_state_dict(state["student"])
        self._hint_map.load_state_dict(state["hint_map"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self._torch_rng = state["torch_rng"]
        self._rng.bit_generator.state = state["numpy_rng"]
        self._best_parameters = state["best_parameters"]
        self._teaching.load(state["teaching"])


# The running course holds this: PyTorch has one generator and one thread count per process.
TURN = RLock()


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Make PyTorch use that many threads inside the context; None changes nothing.

    A student gains no speed from more than one, and sums split over threads differ in their last
    bits.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _warmup_then_decay(step: int, warmup: int, total: int) -> float:
    """Rise linearly from 0 to 1 in `warmup` steps, then fall linearly to 0 at `total`."""
    return min((step + 1) / warmup, (total - step) / max(1, total - warmup))


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _copy(student: Student) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in student.state_dict().items()}


def _digest(*parts: Examples) -> str:
    """Return the SHA-256 of pieces and labels.

    The teacher's answers are left out, because their last bits may depend on the number of threads.
    """
    content = hashlib.sha256()
    for examples in parts:
        for array in (
            examples.piece_ids.starts,
            examples.piece_ids.values,
            examples.labels.numpy(),
        ):
            content.update(array.tobytes())
    return content.hexdigest()
