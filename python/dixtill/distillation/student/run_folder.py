"""The folder of a run: its settings, the metrics of each epoch, and checkpoints to resume from."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ...claim import ClaimFile
from ...errors import InputError, first_line
from ...whole_file import write_whole
from ..progress.metrics import EpochMetrics

CONFIG, METRICS = "config.json", "metrics.jsonl"
CHECKPOINT, PREVIOUS = "checkpoint.pt", "checkpoint.previous.pt"
_ADVICE = "choose another run folder or delete it"
_CLAIM = ClaimFile(CONFIG, "a run", _ADVICE, (METRICS, CHECKPOINT, PREVIOUS))


@dataclass(frozen=True)
class RunFolder:
    """The files of one run; runs with other data or settings are refused."""

    path: Path

    def claim(self, made_of: Mapping[str, Any]) -> None:
        """Record what the run is made of, or check that the folder's run is made of the same.

        Raises:
            InputError: the folder holds another run.
        """
        _CLAIM.claim(self.path, made_of)

    def save(self, state: Mapping[str, Any], data: str, history: Sequence[EpochMetrics]) -> None:
        """Save the state after an epoch, with the digest `data`, and keep the previous state."""
        rows = [asdict(metrics) for metrics in history]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        write_whole(self.path / METRICS, lines.encode())
        content = io.BytesIO()
        torch.save({**state, "data": data, "history": rows}, content)
        if (self.path / CHECKPOINT).exists():
            os.replace(self.path / CHECKPOINT, self.path / PREVIOUS)
        write_whole(self.path / CHECKPOINT, content.getvalue())

    def restore(self, data: str, load: Callable[[Mapping[str, Any]], None]) -> list[EpochMetrics]:
        """Load the last saved state or, if that is damaged, the previous one.

        Returns:
            The metrics of its epochs; empty if no state was saved.

        Raises:
            InputError: all saved states are damaged, or come from a run on other data.
        """
        saved = [path for path in (self.path / CHECKPOINT, self.path / PREVIOUS) if path.exists()]
        reason = ""
        for path in saved:
            try:
                state = torch.load(path, weights_only=True)
                history = [EpochMetrics(**metrics) for metrics in state["history"]]
                is_same_data = state["data"] == data
                if is_same_data:
                    load(state)
            except Exception as error:  # zipfile, pickle and PyTorch raise many kinds
                reason = reason or first_line(error)
                continue
            if not is_same_data:
                raise InputError(f"{self.path} holds a run on other data; {_ADVICE}")
            if path != saved[0]:
                saved[0].unlink()  # else the next save would overwrite the good state with it
            return history
        if saved:
            also = f" and {saved[1].name}" if len(saved) > 1 else ""
            raise InputError(
                f"{saved[0]} is damaged ({reason}); delete it{also} to start the run again"
            )
        return []
