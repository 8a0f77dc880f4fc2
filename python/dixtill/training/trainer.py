"""One training run of a student: resumable, and the same for the same seed.

A run folder holds config.json, metrics.jsonl (one line an epoch) and checkpoint.pt. Losses are
losses.py's, data are examples.py's, int8 is quantize.py's.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..runtime.cleaning import DEFAULT_RULES
from ..whole_file import write_whole
from . import losses
from .evaluate import score
from .examples import NO_LABEL, Batch, Examples, ExplainedClasses, Merge
from .student import Student, StudentOutput

Method = Literal["dixtill", "dixtill-paper", "kl", "mse", "none"]
KlForm = Literal["bounded", "plain"]
Explanation = Literal["contributions", "scores"]


@dataclass(frozen=True)
class DistillConfig:
    """Everything that a run depends on besides its data; saved with the run.

    The defaults are those of the method dixtill; `of` gives each method its own.
    """

    method: Method = "dixtill"
    alpha: float = 0.9  # weight of what the teacher says against the labels
    temperature: float = 2.0
    kl: KlForm = "plain"  # 1 - exp(-KL) as published, or KL itself
    explanation: Explanation = "contributions"  # what is aligned and shown
    explained_classes: ExplainedClasses = "all"
    merge: Merge = "sum"
    additivity: float = 1.0  # weight of the loss that makes contributions the effects of absence
    perturbed: int = 30  # texts for the teacher to answer, for each training text
    seed: int = 0
    epochs: int = 3  # passes over all texts, the perturbed ones too
    patience: int = 10  # epochs without a better validation score before stopping
    batch_size: int = 128
    learning_rate: float = 3e-3
    warmup_epochs: float = 1.0
    max_grad_norm: float = 1.0
    weight_decay: float = 0.01
    dropout: float = 0.15
    unknown_rate: float = 0.1  # share of pieces replaced by the unknown one in training
    embedding_dim: int = 50
    hidden_dim: int = 50
    attention_dim: int = 100
    max_pieces: int = 256
    cleaning: tuple[str, ...] = DEFAULT_RULES

    def __post_init__(self) -> None:
        limits = {
            "alpha": 0 <= self.alpha <= 1,
            "additivity": self.additivity >= 0,
            "perturbed": self.perturbed >= 0,
            "temperature": self.temperature > 0,
            "epochs": self.epochs >= 1,
            "patience": self.patience >= 1,
            "batch_size": self.batch_size >= 1,
            "learning_rate": self.learning_rate > 0,
            "dropout": 0 <= self.dropout < 1,
            "unknown_rate": 0 <= self.unknown_rate < 1,
        }
        for name, holds in limits.items():
            if not holds:
                raise InputError(f"{name} is {getattr(self, name)}, which is out of range")
        for name, choices in (
            ("method", Method), ("kl", KlForm), ("explanation", Explanation), ("merge", Merge),
            ("explained_classes", ExplainedClasses),
        ):  # fmt: skip
            if getattr(self, name) not in get_args(choices):
                raise InputError(
                    f"unknown {name} '{getattr(self, name)}', expected one of "
                    f"{', '.join(get_args(choices))}"
                )
        if (self.explanation, self.explained_classes) == ("scores", "all"):
            raise InputError("raw scores explain one class; choose explained_classes 'predicted'")

    @classmethod
    def of(cls, method: Method, **given: Any) -> DistillConfig:
        """The method's own settings, but for those that are given."""
        own = _OWN.get(method, {})
        if (own | given).get("perturbed") == 0:
            own = _FEW_TEXTS | own
        if given.get("explanation") == "scores":
            own = own | {"explained_classes": "predicted"}
        return cls(method=method, **own | given)

    @property
    def is_explained(self) -> bool:
        """Whether the teacher's attributions are learnt from."""
        return self.method in ("dixtill", "dixtill-paper")


# What suits the training texts alone, chosen on held-out texts.
_FEW_TEXTS: dict[str, Any] = {
    "epochs": 10,
    "batch_size": 64,
    "learning_rate": 2e-3,
    "dropout": 0.3,
}
# As published, the mean over a word's tokens included (Cantini et al. 2024, and their code).
_PUBLISHED: dict[str, Any] = {
    "temperature": 5.0,
    "kl": "bounded",
    "explanation": "scores",
    "explained_classes": "predicted",
    "merge": "mean",
    "additivity": 0.0,
    "perturbed": 0,
}
# What the other methods' students show is not aligned, and contributions say best what decided.
_OWN: dict[str, dict[str, Any]] = {
    "dixtill-paper": _PUBLISHED,
    **dict.fromkeys(("kl", "mse", "none"), _PUBLISHED | {"explanation": "contributions"}),
}


def distillation_loss(config: DistillConfig, output: StudentOutput, batch: Batch) -> Tensor:
    """The loss of `config.method` for one batch, without its additivity term.

    The labels' term is a mean over all texts, to which one without a label adds nothing.
    """
    task = torch.nn.functional.cross_entropy(
        output.logits, batch.labels, ignore_index=NO_LABEL, reduction="sum"
    ) / len(batch.labels)
    if config.method == "none":
        return task
    if config.method == "mse":
        return _mixed(config, task, losses.mse_loss(output.logits, batch.teacher_logits))
    kl = losses.bounded_kl_loss if config.kl == "bounded" else losses.kl_loss
    imitation = kl(output.logits, batch.teacher_logits, config.temperature)
    if config.is_explained:
        imitation = imitation + losses.explanation_loss(
            _explanation(config, output, batch), batch.attributions
        )
    return _mixed(config, task, imitation)


def _mixed(config: DistillConfig, task: Tensor, imitation: Tensor) -> Tensor:
    return (1 - config.alpha) * task + config.alpha * imitation


def _explanation(config: DistillConfig, output: StudentOutput, batch: Batch) -> Tensor:
    """What of the student is aligned [batch, words, outputs]."""
    num_words = batch.attributions.shape[1]
    if config.explanation == "scores":
        return losses.mean_over_words(output.scores[..., None], batch.word_of_piece, num_words)
    contributions = losses.centred(output.contributions)
    by_word = losses.sum_over_words(contributions, batch.word_of_piece, num_words)
    if config.explained_classes == "all":
        return by_word
    return losses.of_class(by_word, batch.teacher_logits.argmax(dim=1))


@dataclass(frozen=True)
class EpochMetrics:
    """One line of metrics.jsonl; accuracy and macro-F1 are of the validation texts."""

    epoch: int
    loss: float
    accuracy: float
    macro_f1: float


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
    ) -> None:
        """Prepare to train `student` in place, or to go on where the folder's run stopped.

        Raises:
            InputError: the folder holds a run with another config or other data.
        """
        self.student, self.config, self.folder = student, config, folder
        self._train, self._valid, self._unknown_id = train, valid, unknown_id
        self._optimizer = torch.optim.AdamW(
            student.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        steps = math.ceil(len(train) / config.batch_size)
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
        self._history: list[EpochMetrics] = []
        self._best_weights = _copy(student)
        folder.mkdir(parents=True, exist_ok=True)
        _claim(folder / "config.json", asdict(config))
        self._restore()

    def run(self, on_epoch: Callable[[EpochMetrics], None] = lambda _: None) -> EpochMetrics:
        """Train to the last epoch or until patience ends.

        Returns:
            The metrics of the best epoch, whose weights the student then has; it is left in
            evaluation mode.
        """
        while not self._is_finished():
            loss = self._train_epoch()
            scores = score(self.student, self._valid)
            metrics = EpochMetrics(len(self._history) + 1, loss, scores.accuracy, scores.macro_f1)
            self._history.append(metrics)
            if metrics is self._best():
                self._best_weights = _copy(self.student)
            self._save()
            on_epoch(metrics)
        self.student.load_state_dict(self._best_weights)
        self.student.eval()
        return self._best()

    def _best(self) -> EpochMetrics:
        """The first epoch with the highest mean of accuracy and macro-F1."""
        return max(self._history, key=lambda m: (m.accuracy + m.macro_f1, -m.epoch))

    def _is_finished(self) -> bool:
        epochs = len(self._history)
        return epochs >= self.config.epochs or (
            epochs > 0 and epochs - self._best().epoch >= self.config.patience
        )

    def _train_epoch(self) -> float:
        """One pass over the training examples; returns the mean loss of its batches."""
        self.student.train()
        total, count = 0.0, 0
        # Dropout draws from PyTorch's global generator: it is ours here, and the caller's after.
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._torch_rng)
            for batch in self._train.shuffled_batches(self.config.batch_size, self._rng):
                total, count = total + self._train_step(batch), count + 1
            self._torch_rng = torch.get_rng_state()
        return total / count

    def _train_step(self, batch: Batch) -> float:
        batch = batch._replace(piece_ids=self._with_unknowns(batch.piece_ids))
        output = self.student(batch.piece_ids, batch.mask)
        loss = distillation_loss(self.config, output, batch)
        if self.config.additivity:
            loss = loss + self.config.additivity * self._additivity(output, batch)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), self.config.max_grad_norm)
        self._optimizer.step()
        self._schedule.step()
        return float(loss.detach())

    def _additivity(self, output: StudentOutput, batch: Batch) -> Tensor:
        """How far the contributions are from the effects of leaving random words out."""
        num_words = batch.attributions.shape[1]
        removed = random_words(batch.word_of_piece, num_words)
        without = self.student(*without_words(batch, removed))
        contributions = losses.sum_over_words(
            losses.centred(output.contributions), batch.word_of_piece, num_words
        )
        return losses.additivity_loss(contributions, removed, output.logits - without.logits)

    def _with_unknowns(self, piece_ids: Tensor) -> Tensor:
        """Some pieces replaced by the unknown one, so that it means something later."""
        replaced = torch.rand(piece_ids.shape) < self.config.unknown_rate
        return piece_ids.masked_fill(replaced, self._unknown_id)

    def _save(self) -> None:
        lines = "".join(json.dumps(asdict(metrics)) + "\n" for metrics in self._history)
        write_whole(self.folder / "metrics.jsonl", lines.encode())
        content = io.BytesIO()
        torch.save(
            {
                "student": self.student.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "schedule": self._schedule.state_dict(),
                "torch_rng": self._torch_rng,
                "numpy_rng": self._rng.bit_generator.state,
                "data": self._data,
                "history": [asdict(metrics) for metrics in self._history],
                "best_weights": self._best_weights,
            },
            content,
        )
        write_whole(self.folder / "checkpoint.pt", content.getvalue())

    def _restore(self) -> None:
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        if state.get("data") != self._data:
            raise InputError(
                f"{self.folder} holds a run on other data; choose another run folder or delete it"
            )
        self.student.load_state_dict(state["student"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self._torch_rng = state["torch_rng"]
        self._rng.bit_generator.state = state["numpy_rng"]
        self._history = [EpochMetrics(**metrics) for metrics in state["history"]]
        self._best_weights = state["best_weights"]


def random_words(word_of_piece: Tensor, num_words: int) -> Tensor:
    """Some words of each text [batch, num_words] bool: one of them, and in half of the texts a
    share of the others, up to a half. `word_of_piece` [batch, time] is -1 on padding."""
    batch = len(word_of_piece)
    words_of_text = word_of_piece.amax(dim=1) + 1
    share = torch.rand(batch, 1) / 2 * (torch.rand(batch, 1) < 0.5)
    chosen = torch.rand(batch, num_words) < share
    chosen &= torch.arange(num_words) < words_of_text[:, None]
    one = (torch.rand(batch) * words_of_text).long()
    chosen[torch.arange(batch), one] = True
    return chosen


def without_words(batch: Batch, removed: Tensor) -> tuple[Tensor, Tensor]:
    """Piece ids and mask [batch, time] of the texts without the `removed` words [batch, words].

    What is kept moves to the front; a text may be left with nothing.
    """
    kept = batch.mask & ~removed.gather(1, batch.word_of_piece.clamp(min=0))
    order = torch.argsort(~kept, dim=1, stable=True)
    longest = max(1, int(kept.sum(dim=1).max()))
    ids, mask = (values.gather(1, order)[:, :longest] for values in (batch.piece_ids, kept))
    return ids, mask


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside the context, PyTorch uses one thread.

    A student gains no speed from more, and sums split over threads differ in their last bits.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _warmup_then_decay(step: int, warmup: int, total: int) -> float:
    """Linear from 0 to 1 in `warmup` steps, then linear to 0 at `total`."""
    return min((step + 1) / warmup, (total - step) / max(1, total - warmup))


def _copy(student: Student) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in student.state_dict().items()}


def _digest(*parts: Examples) -> str:
    """SHA-256 over the pieces and labels. What a teacher says is left out: its last bits may
    change with the number of threads."""
    content = hashlib.sha256()
    for examples in parts:
        for text, label in zip(examples.texts, examples.labels.tolist(), strict=True):
            content.update(f"{label} {text.piece_ids}\n".encode())
        content.update(b"\n")
    return content.hexdigest()


def _claim(path: Path, config: dict[str, Any]) -> None:
    """Write the run's config, or check that the folder's is the same."""
    content = json.dumps(config, indent=2, sort_keys=True)
    if not path.exists():
        write_whole(path, content.encode())
    elif path.read_text() != content:
        raise InputError(
            f"{path.parent} holds a run with another config; choose another run folder or delete it"
        )
