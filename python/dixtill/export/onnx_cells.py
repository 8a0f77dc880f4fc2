"""The recurrent cells as nodes of an ONNX graph, from the equations of distillation/network/.

The nodes read `vectors` [batch, time, d], `mask` [batch, time] bool, `lengths` [batch] and
`attention` [batch, time]. They give `states` [batch, time, DH], of D directions, and
`contributions` [batch, time, C].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, NodeProto, TensorProto, helper

from ..runtime.model_file.shape import StudentShape
from ..specification.float_parameters import LINEAR_WINDOW, SUFFIXES

FloatArray = npt.NDArray[np.floating[Any]]
# ONNX has i, o, f, g where PyTorch has i, f, g, o, and z, r, n where it has r, z, n.
_GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}


def node(operator: str, inputs: str, outputs: str, **attributes: Any) -> NodeProto:
    """Return a node whose inputs and outputs are given by their names, separated by blanks."""
    names = outputs.split()
    return helper.make_node(operator, inputs.split(), names, name=names[0], **attributes)


def cell_constants(
    shape: StudentShape, parameters: Mapping[str, FloatArray]
) -> dict[str, npt.NDArray[Any]]:
    """Return the constants that the nodes of a cell need, from parameters by PyTorch's names."""
    cell = shape.cell
    if cell == "linear":
        return _linear_constants(shape.ways, parameters)
    ways = [
        {
            name: _gates_reordered(cell, parameters[f"{cell}.{name}_l0{SUFFIXES[way]}"])
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        for way in shape.ways
    ]
    return {
        "input_weight": np.stack([way["weight_ih"] for way in ways]),  # [D, gates * H, d]
        "state_weight": np.stack([way["weight_hh"] for way in ways]),  # [D, gates * H, H]
        "bias": np.stack([np.concatenate([way["bias_ih"], way["bias_hh"]]) for way in ways]),
        "as_states": np.array([0, 0, -1], np.int64),
    }


def state_nodes(shape: StudentShape) -> list[NodeProto]:
    """Return the nodes from vectors to states."""
    if shape.cell == "linear":
        return _linear_states(shape.ways)
    attributes = {"linear_before_reset": 1} if shape.cell == "gru" else {}
    return [
        node("Transpose", "vectors", "by_time", perm=[1, 0, 2]),
        helper.make_node(
            shape.cell.upper(),
            ["by_time", "input_weight", "state_weight", "bias", "lengths"],
            ["all_ways"],  # [time, D, batch, H]
            name="all_ways",
            hidden_size=shape.hidden_dim,
            direction="bidirectional" if shape.directions == 2 else "forward",
            **attributes,
        ),
        node("Transpose", "all_ways", "by_text", perm=[2, 0, 1, 3]),
        node("Reshape", "by_text as_states", "states"),
    ]


def contribution_nodes(shape: StudentShape) -> list[NodeProto]:
    """Return the nodes from `attended` [batch, time, C], the states' shares, to contributions."""
    if shape.cell != "linear":
        return [node("Identity", "attended", "contributions")]
    nodes = [
        node("Transpose", "attention", "attention_by_time", perm=[1, 0]),
        node("Unsqueeze", "attention_by_time last_two", "attention_steps"),  # [time, batch, 1, 1]
    ]
    for way in shape.ways:
        nodes += [
            node("Unsqueeze", f"no_state_{way} time", f"no_state_column_{way}"),
            node("Mul", f"no_state_column_{way} head_{way}", f"nothing_{way}"),  # [batch, C, H]
            helper.make_node(
                "Scan",
                [f"nothing_{way}", "attention_steps", f"kept_{way}", f"added_{way}"],
                [f"reached_{way}", f"traced_{way}"],
                name=f"traced_{way}",
                body=_trace(way),
                num_scan_inputs=3,
                scan_input_directions=[_is_backward(way, against=True)] * 3,
                scan_output_directions=[_is_backward(way, against=True)],
            ),
        ]
    return [
        *nodes,
        node("Sum", " ".join(f"traced_{way}" for way in shape.ways), "traced"),  # [time, batch, C]
        node("Transpose", "traced", "contributions", perm=[1, 0, 2]),
    ]


def _gates_reordered(cell: str, values: FloatArray) -> FloatArray:
    gates = np.split(values, len(_GATES[cell]))
    return np.concatenate([gates[gate] for gate in _GATES[cell]])


def _linear_constants(
    ways: Sequence[str], parameters: Mapping[str, FloatArray]
) -> dict[str, npt.NDArray[Any]]:
    constants: dict[str, npt.NDArray[Any]] = {
        "last_two": np.array([2, 3], np.int64),
    }
    heads = np.split(parameters["head.weight"], len(ways), axis=1)  # [C, H] each
    for way, head in zip(ways, heads, strict=True):
        constants[f"weight_{way}"] = parameters[f"linear.weight{SUFFIXES[way]}"].T  # [2d, 2H]
        constants[f"bias_{way}"] = parameters[f"linear.bias{SUFFIXES[way]}"]
        constants[f"head_{way}"] = head
        for place, later in enumerate(_moves(way)):
            constants[f"move_{way}_{place}"] = np.array([later, 0, 0, -later, 0, 0], np.int64)
    return constants


def _moves(way: str) -> list[int]:
    """Return by how many places each piece of a window is moved to the place that reads it."""
    return [-back if _is_backward(way) else back for back in LINEAR_WINDOW]


def _is_backward(way: str, *, against: bool = False) -> int:
    """Return 1 if a direction reads from the end, or with `against`, if it does not."""
    return int((way == "backward") != against)


def _linear_states(ways: Sequence[str]) -> list[NodeProto]:
    """Return the nodes of a linear cell; after the last piece all that it reads is zero."""
    nodes = [
        node("Cast", "mask", "real", to=TensorProto.FLOAT),
        node("Unsqueeze", "real last", "real_column"),
        node("Mul", "vectors real_column", "real_vectors"),
        node("Transpose", "real_vectors", "by_time", perm=[1, 0, 2]),
        node("Transpose", "real_column", "real_by_time", perm=[1, 0, 2]),
    ]
    for way in ways:
        pieces = [f"piece_{way}_{place}" for place in range(len(LINEAR_WINDOW))]
        nodes += [
            *(
                node("Pad", f"by_time move_{way}_{place}", piece)
                for place, piece in enumerate(pieces)
            ),
            node("Concat", " ".join(pieces), f"window_{way}", axis=2),
            node("MatMul", f"window_{way} weight_{way}", f"products_{way}"),
            node("Add", f"products_{way} bias_{way}", f"gates_{way}"),
            node("Split", f"gates_{way}", f"z_{way} n_{way}", axis=2),
            node("Neg", f"z_{way}", f"minus_z_{way}"),
            node("Sigmoid", f"minus_z_{way}", f"keep_{way}"),
            node("Sigmoid", f"z_{way}", f"take_{way}"),
            node("Tanh", f"n_{way}", f"new_{way}"),
            node("Mul", f"take_{way} new_{way}", f"add_{way}"),
            node("Mul", f"keep_{way} real_by_time", f"kept_{way}"),  # [time, batch, H]
            node("Mul", f"add_{way} real_by_time", f"added_{way}"),
            node("Shape", f"added_{way}", f"no_state_shape_{way}", start=1),
            node("ConstantOfShape", f"no_state_shape_{way}", f"no_state_{way}"),
            helper.make_node(
                "Scan",
                [f"no_state_{way}", f"kept_{way}", f"added_{way}"],
                [f"last_state_{way}", f"states_{way}"],
                name=f"states_{way}",
                body=_recurrence(),
                num_scan_inputs=2,
                scan_input_directions=[_is_backward(way)] * 2,
                scan_output_directions=[_is_backward(way)],
            ),
        ]
    return [
        *nodes,
        node("Concat", " ".join(f"states_{way}" for way in ways), "states_by_time", axis=2),
        node("Transpose", "states_by_time", "states", perm=[1, 0, 2]),
    ]


def _recurrence() -> GraphProto:
    """Return a step of a linear cell: state = kept state + added, [batch, H] each."""
    return helper.make_graph(
        [
            node("Mul", "kept_t state", "left"),
            node("Add", "left added_t", "next_state"),
            node("Identity", "next_state", "state_t"),
        ],
        "recurrence",
        _values("state kept_t added_t", ["batch", None]),
        _values("next_state state_t", ["batch", None]),
    )


def _trace(way: str) -> GraphProto:
    """Return a step of tracing, against the direction of reading.

    It goes through the logits' gradients [batch, C, H] with respect to what each piece adds
    (specification/cells.py), and gives the piece's shares [batch, C].
    """
    return helper.make_graph(
        [
            node("Mul", f"attention_t head_{way}", "readers"),
            node("Add", "readers reached", "all_reached"),
            node("Unsqueeze", "added_t time", "added_column"),  # [batch, 1, H]
            node("Mul", "added_column all_reached", "shares_of_units"),
            node("ReduceSum", "shares_of_units last", "share_t", keepdims=0),
            node("Unsqueeze", "kept_t time", "kept_column"),
            node("Mul", "kept_column all_reached", "next_reached"),
        ],
        "trace",
        [
            *_values("reached", ["batch", None, None]),
            *_values("attention_t", ["batch", 1, 1]),
            *_values("kept_t added_t", ["batch", None]),
        ],
        [*_values("next_reached", ["batch", None, None]), *_values("share_t", ["batch", None])],
    )


def _values(names: str, shape: Sequence[str | int | None]) -> list[Any]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names.split()]
