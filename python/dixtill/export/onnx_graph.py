"""Builds the float student as an ONNX graph, with padding and explanations.

The graph is built operator by operator from the equations of distillation/network/student.py, so it
needs no exporter, and it takes any batch and length; onnx_cells.py has the cells. It reads piece
ids: the program that runs it splits texts, by the settings and the vocabulary in the model's
metadata.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from ..errors import InputError
from ..runtime.model_file.shape import StudentShape
from ..specification.float_parameters import float_parameters
from ..specification.model_file import StudentModel
from ..version import __version__
from ..whole_file import write_whole
from .onnx_cells import FloatArray, cell_constants, contribution_nodes, node, state_nodes

OPSET = 17  # of 2022; every runtime since then supports it
_IR_VERSION = 8
_NO_SCORE = -1e30  # of padding: its exponential is zero beside that of any null score


def onnx_student(
    model: StudentModel, parameters: Mapping[str, FloatArray] | None = None
) -> ModelProto:
    """Return a student as a graph from pieces to probabilities.

    The inputs are `piece_ids` [batch, time] int64, any valid id on padding, and `mask`
    [batch, time] bool, True on the pieces of each text, which come first. The outputs are float32:
    `probabilities` and `logits` [batch, classes], the same where the student answers a number;
    `contributions` [batch, time, classes], each piece's share of each logit, which add up to the
    logits with the head's bias; and `attention` [batch, time], which sums to what the null score
    leaves. The weights of words by gates can be
    computed from contributions and attention (specification/reference.py).

    Args:
        model: gives vocabulary, labels and settings.
        parameters: of the float student, by PyTorch's names; None takes those that the model's
            int8 parameters stand for.

    Raises:
        InputError: the parameters do not have the model's shape.
    """
    given = parameters or float_parameters(model.parameters)
    expected = {name: values.shape for name, values in float_parameters(model.parameters).items()}
    for name, shape in expected.items():
        if name not in given or given[name].shape != shape:
            raise InputError(f"the float student's '{name}' is not of the model's shape {shape}")
    constants = {**_constants(given), **_limits(), **cell_constants(model.shape, given)}
    constants = {name: _plain(values) for name, values in constants.items()}
    graph = helper.make_graph(
        _nodes(model.shape),
        "dixtill student",
        [
            helper.make_tensor_value_info("piece_ids", TensorProto.INT64, ["batch", "time"]),
            helper.make_tensor_value_info("mask", TensorProto.BOOL, ["batch", "time"]),
        ],
        [
            _output("probabilities", "batch", model.shape.num_classes),
            _output("logits", "batch", model.shape.num_classes),
            _output("contributions", "batch", "time", model.shape.num_classes),
            _output("attention", "batch", "time"),
        ],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    made = helper.make_model(
        graph,
        producer_name="dixtill",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
    )
    helper.set_model_props(made, _metadata(model))
    checker.check_model(made, full_check=True)
    return made


def write_onnx(
    model: StudentModel,
    path: str | os.PathLike[str],
    parameters: Mapping[str, FloatArray] | None = None,
) -> None:
    """Write `onnx_student` to `path`, whole or not at all.

    Raises:
        InputError: the parameters are not of the model's shape, or the file cannot be written.
    """
    content: bytes = onnx_student(model, parameters).SerializeToString()
    try:
        write_whole(Path(path), content)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); choose a file name in a folder that "
            "exists and can be written to"
        ) from error


def _metadata(model: StudentModel) -> dict[str, str]:
    """Return the labels, and everything that is needed to read a text as specification/ does."""
    settings = model.settings
    return {
        "labels": json.dumps(settings.labels),
        "vocabulary": "\n".join(model.vocabulary),
        "tokenizer": json.dumps(
            {
                "cleaning": settings.cleaning,
                "lowercase": settings.lowercase,
                "strip_accents": settings.strip_accents,
                "symbols": settings.symbols,
                "max_pieces": settings.max_pieces,
            }
        ),
        "explanation": settings.explanation,
        "output": model.shape.output,
        "thresholds": json.dumps(settings.thresholds),
        "interval": json.dumps(settings.interval),
        "provenance": json.dumps(settings.provenance),
    }


def _output(name: str, *shape: str | int) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _constants(parameters: Mapping[str, FloatArray]) -> dict[str, npt.NDArray[Any]]:
    """Return the weights of all but the cell, as the graph multiplies with them."""
    return {
        "embedding": parameters["embedding.weight"],
        "attention_weight": parameters["attention_weight.weight"].T,  # [DH, A]
        "attention_vector": parameters["attention_vector.weight"].T,  # [A, 1]
        "null_score": parameters["null_score"].reshape(()),
        "head_weight": parameters["head.weight"].T,  # [DH, C]
        "head_bias": parameters["head.bias"],
    }


def _plain(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return integers as they are, floats as float32, row by row."""
    is_float = np.issubdtype(values.dtype, np.floating)
    return np.array(values, np.float32 if is_float else values.dtype, order="C")


def _limits() -> dict[str, npt.NDArray[Any]]:
    return {
        "no_score": np.array(_NO_SCORE, np.float32),
        "one": np.array(1, np.int32),
        "last": np.array([2], np.int64),
        "time": np.array([1], np.int64),
        "one_before": np.array([0, 1, 0, 0], np.int64),
        "first_piece": np.array([1], np.int64),
        "end": np.array([np.iinfo(np.int64).max], np.int64),
    }


def _answer_node(output: str) -> NodeProto:
    if output == "softmax":
        return node("Softmax", "logits", "probabilities", axis=-1)
    return node("Sigmoid" if output == "sigmoid" else "Identity", "logits", "probabilities")


def _nodes(shape: StudentShape) -> list[NodeProto]:
    return [
        node("Cast", "mask", "mask_count", to=TensorProto.INT32),
        node("ReduceSum", "mask_count time", "num_pieces", keepdims=0),
        node("Max", "num_pieces one", "lengths"),  # an LSTM reads at least one piece
        node("Gather", "embedding piece_ids", "vectors"),
        *state_nodes(shape),
        node("MatMul", "states attention_weight", "projected"),
        node("Tanh", "projected", "units"),
        node("MatMul", "units attention_vector", "scores_column"),
        node("Squeeze", "scores_column last", "scores"),  # [batch, time]
        node("Where", "mask scores no_score", "real_scores"),
        # In a text without pieces, the null score gets all the attention.
        node("Pad", "real_scores one_before null_score", "all_scores"),  # [batch, 1 + time]
        node("Softmax", "all_scores", "shares", axis=1),
        node("Slice", "shares first_piece end time", "attention"),
        node("Unsqueeze", "attention last", "attention_column"),
        node("MatMul", "states head_weight", "votes"),  # [batch, time, C]
        node("Mul", "attention_column votes", "attended"),
        node("ReduceSum", "attended time", "gathered", keepdims=0),
        node("Add", "gathered head_bias", "logits"),
        _answer_node(shape.output),
        *contribution_nodes(shape),
    ]
