"""The folder of a run: what it is made of, the metrics of each epoch, checkpoints to go on from."""

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
    """Files of one run; a run that is made of anything else is refused."""

    path: Path

    def claim(self, made_of: Mapping[str, Any]) -> None:
        """Write down what the run is made of, or check that the folder's run is made of the same.

        Raises:
            InputError: it is not.
        """
        _CLAIM.claim(self.path, made_of)

    def save(self, state: Mapping[str, Any], data: str, history: Sequence[EpochMetrics]) -> None:
        """Keep the state after an epoch of a run on the data of that digest, and the one before."""
        rows = [asdict(metrics) for metrics in history]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        write_whole(self.path / METRICS, lines.encode())
        content = io.BytesIO()
        torch.save({**state, "data": data, "history": rows}, content)
        if (self.path / CHECKPOINT).exists():
            os.replace(self.path / CHECKPOINT, self.path / PREVIOUS)
        write_whole(self.path / CHECKPOINT, content.getvalue())

    def restore(self, data: str, load: Callable[[Mapping[str, Any]], None]) -> list[EpochMetrics]:
        """Load the state that was last saved, or where that is damaged, the one before.

        Returns:
            The metrics of its epochs; none where no state was saved.

        Raises:
            InputError: the states are all damaged, or of a run on other data.
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
            except Exception as error:  # of zip files, pickles and PyTorch, all kinds
                reason = reason or first_line(error)
                continue
            if not is_same_data:
                raise InputError(f"{self.path} holds a run on other data; {_ADVICE}")
            if path != saved[0]:
                saved[0].unlink()  # or the next state would take the place of this one
            return history
        if saved:
            also = f" and {saved[1].name}" if len(saved) > 1 else ""
            raise InputError(
                f"{saved[0]} is damaged ({reason}); delete it{also}, and the run begins anew"
            )
        return []
