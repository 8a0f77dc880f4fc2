"""The student's int8 weights, as the model file holds them and every kernel reads them.

Checks shapes and types; does not read files (model_file.py) and does not compute (kernels.py,
reference.py).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Int8Array = npt.NDArray[np.int8]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class StudentWeights:
    """Weights of a masked-attention BiLSTM; every int8 value lies in [-127, 127].

    A product of int8 row and int8 activations, times the row's scale, is the float result: the
    scales of the activations (one per embedding column, 1/127 for hidden states) are already
    folded into weights and scales by the quantiser. Gates stand in PyTorch's order i, f, g, o.

    With V pieces, embedding width d, H units a direction, A attention units and C classes:
    """

    embedding_q8: Int8Array  # [V, d]
    forward_weight_q8: Int8Array  # [4H, d + H]: input columns, then recurrent ones
    forward_scale: Float32Array  # [4H]
    forward_bias: Float32Array  # [4H]
    backward_weight_q8: Int8Array  # [4H, d + H]
    backward_scale: Float32Array  # [4H]
    backward_bias: Float32Array  # [4H]
    attention_weight_q8: Int8Array  # [A, 2H]
    attention_scale: Float32Array  # [A]
    attention_vector: Float32Array  # [A]
    head_weight_q8: Int8Array  # [C, 2H]
    head_scale: Float32Array  # [C]
    head_bias: Float32Array  # [C]

    def __post_init__(self) -> None:
        for field in fields(self):
            expected = np.int8 if field.name.endswith("_q8") else np.float32
            array = getattr(self, field.name)
            if array.dtype != expected:
                raise InputError(
                    f"weight '{field.name}' has type {array.dtype}, expected {np.dtype(expected)}"
                )
        for name, shape in self._expected_shapes().items():
            actual = getattr(self, name).shape
            if actual != shape:
                raise InputError(
                    f"weight '{name}' has shape {list(actual)}, expected {list(shape)}"
                )
        for field in fields(self):
            _check_values(field.name, getattr(self, field.name))

    def _expected_shapes(self) -> dict[str, tuple[int, ...]]:
        for name in ("embedding_q8", "attention_weight_q8", "head_weight_q8"):
            array = getattr(self, name)
            if array.ndim != 2 or 0 in array.shape:
                raise InputError(
                    f"weight '{name}' has shape {list(array.shape)}, expected two dimensions "
                    "of at least one"
                )
        d, h, a, c = self.embedding_dim, self.hidden_dim, self.attention_dim, self.num_classes
        if self.attention_weight_q8.shape[1] % 2:
            raise InputError("weight 'attention_weight_q8' has an odd number of columns")
        lstm = {"weight_q8": (4 * h, d + h), "scale": (4 * h,), "bias": (4 * h,)}
        return {
            **{f"{way}_{name}": shape for way in ("forward", "backward")
               for name, shape in lstm.items()},
            "attention_scale": (a,),
            "attention_vector": (a,),
            "head_weight_q8": (c, 2 * h),
            "head_scale": (c,),
            "head_bias": (c,),
        }  # fmt: skip

    @property
    def num_pieces(self) -> int:
        """Rows of the embedding, V."""
        return int(self.embedding_q8.shape[0])

    @property
    def embedding_dim(self) -> int:
        """Width of the embedding, d."""
        return int(self.embedding_q8.shape[1])

    @property
    def hidden_dim(self) -> int:
        """Units of one LSTM direction, H."""
        return int(self.attention_weight_q8.shape[1]) // 2

    @property
    def attention_dim(self) -> int:
        """Units of the attention layer, A."""
        return int(self.attention_weight_q8.shape[0])

    @property
    def num_classes(self) -> int:
        """Rows of the head, C."""
        return int(self.head_weight_q8.shape[0])

    @property
    def num_parameters(self) -> int:
        """Number of weights, scales included."""
        return sum(int(getattr(self, field.name).size) for field in fields(self))


def _check_values(name: str, array: Int8Array | Float32Array) -> None:
    if array.dtype == np.int8:
        if (array == -128).any():
            raise InputError(f"weight '{name}' holds -128; int8 weights lie in [-127, 127]")
    elif not np.isfinite(array).all():
        raise InputError(f"weight '{name}' holds a value that is not finite")
