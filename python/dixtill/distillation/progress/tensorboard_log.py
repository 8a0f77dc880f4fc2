"""Logs losses, scores and learning rate of each epoch for TensorBoard (extra `tensorboard`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...extras import require
from ...whole_file import check_folder
from .metrics import TITLES, EpochMetrics
from .watcher import Watcher


class TensorBoardLog(Watcher):
    """Writes events into a folder, in which TensorBoard then shows only this run."""

    def __init__(self, folder: str) -> None:
        """Check that events can be written, before the long work; write nothing yet.

        Raises:
            MissingExtraError: TensorBoard is not installed.
            InputError: the folder is a file.
            OSError: the folder cannot be written to.
        """
        require("tensorboard", "--tensorboard")
        check_folder(folder)
        self._folder = folder
        self._writer: Any = None

    def on_begin(self, history: Sequence[EpochMetrics]) -> None:
        """Log the earlier epochs."""
        from torch.utils.tensorboard import SummaryWriter

        # TensorBoard then hides what other runs, or this one before it stopped, logged there.
        self._writer = SummaryWriter(self._folder, purge_step=1)
        for metrics in history:
            self.on_epoch(metrics)

    def on_epoch(self, metrics: EpochMetrics) -> None:
        """Log the epoch at once."""
        scalars = {"loss/total": metrics.loss}
        scalars |= {f"loss/{name}": value for name, value in metrics.terms.items()}
        scalars |= {f"validation/{TITLES[name]}": value for name, value in metrics.scores.items()}
        if metrics.learning_rate is not None:
            scalars["learning rate"] = metrics.learning_rate
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, metrics.epoch)
        self._writer.flush()

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()
