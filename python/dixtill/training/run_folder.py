"""The folder of a run: its config, the metrics of each epoch, and a checkpoint to go on from."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ..errors import InputError
from ..whole_file import write_whole
from .metrics import EpochMetrics

CONFIG, METRICS, CHECKPOINT = "config.json", "metrics.jsonl", "checkpoint.pt"


@dataclass(frozen=True)
class RunFolder:
    """Files of one run; a run of another config or of other data is refused."""

    path: Path

    def claim(self, config: Mapping[str, Any]) -> None:
        """Write the run's config, or check that the folder's is the same.

        Raises:
            InputError: it is another.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        content = json.dumps(config, indent=2, sort_keys=True)
        file = self.path / CONFIG
        if not file.exists():
            write_whole(file, content.encode())
        elif file.read_text() != content:
            raise InputError(
                f"{self.path} holds a run with another config; choose another run folder or "
                "delete it"
            )

    def save(self, state: Mapping[str, Any], data: str, history: Sequence[EpochMetrics]) -> None:
        """Keep the state after an epoch of a run on the data of that digest."""
        rows = [asdict(metrics) for metrics in history]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        write_whole(self.path / METRICS, lines.encode())
        content = io.BytesIO()
        torch.save({**state, "data": data, "history": rows}, content)
        write_whole(self.path / CHECKPOINT, content.getvalue())

    def restore(self, data: str) -> tuple[dict[str, Any], list[EpochMetrics]] | None:
        """The state and the metrics that were last saved, or None.

        Raises:
            InputError: they are of a run on other data.
        """
        if not (self.path / CHECKPOINT).exists():
            return None
        state = torch.load(self.path / CHECKPOINT, weights_only=True)
        if state.get("data") != data:
            raise InputError(
                f"{self.path} holds a run on other data; choose another run folder or delete it"
            )
        return state, [EpochMetrics(**metrics) for metrics in state["history"]]
