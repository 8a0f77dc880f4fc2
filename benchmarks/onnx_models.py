"""Runs PyTorch modules in ONNX Runtime, in float32 and int8, on a fixed number of threads."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_EXPORTER_WARNINGS = (
    "You are using the legacy TorchScript-based ONNX export",
    "The feature will be removed",
    "Converting a tensor to a Python boolean might cause the trace",
    "Exporting aten::index operator of advanced indexing",
    "Exporting a model to ONNX with a batch_size other than 1",
    "Constant folding - Only steps=1 can be constant folded",
)


def export(module: nn.Module, inputs: Mapping[str, Tensor], path: Path) -> Path:
    """Export a module from inputs [batch, time] to logits, for any batch size and length.

    This takes the legacy exporter: `quantize_dynamic` silently skips the LSTM of the new one.
    """
    with _quiet():
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=["logits"],
            dynamic_axes={name: {0: "batch", 1: "time"} for name in inputs},
            opset_version=17,
            dynamo=False,
        )
    return path


def quantized(
    path: Path,
    needs: Sequence[str] = (),
    lacks: Sequence[str] = (),
    has_reduced_range: bool = False,
) -> Path:
    """Quantize a model to int8; the result must have the operators `needs`, and none of `lacks`.

    With a reduced range, weights have 7 bits, as ONNX Runtime's documentation advises for CPUs
    without VNNI: there it adds two products in int16, where the sum of large ones saturates.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    int8_path = path.with_suffix(".int8.onnx")
    with _quiet():
        quantize_dynamic(
            path, int8_path, weight_type=QuantType.QInt8, reduce_range=has_reduced_range
        )
    operators = {node.op_type for node in onnx.load(int8_path).graph.node}
    assert operators.issuperset(needs), f"{int8_path.name} has only {sorted(operators)}"
    assert operators.isdisjoint(lacks), f"{int8_path.name} has {sorted(operators)}"
    return int8_path


class Session:
    """Logits [batch, classes] of named int64 arrays [batch, time]."""

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        # Otherwise its second thread keeps spinning in the next candidate's turn.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self._names = [item.name for item in self._session.get_inputs()]

    def __call__(self, inputs: Mapping[str, Any]) -> np.ndarray:
        logits: np.ndarray
        (logits,) = self._session.run(None, {name: inputs[name] for name in self._names})
        return logits


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide warnings that matter only to those who maintain the exporter or tune its models."""
    root = logging.getLogger()
    level = root.level
    with warnings.catch_warnings():
        for message in _EXPORTER_WARNINGS:
            warnings.filterwarnings("ignore", message)
        root.setLevel(logging.ERROR)  # quantize_dynamic suggests another optimizer first
        try:
            yield
        finally:
            root.setLevel(level)
