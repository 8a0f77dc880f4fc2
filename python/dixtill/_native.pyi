# The compiled module. Classifier answers texts; the kernels on arrays and the tokenizer serve tests
# and torch operators (specification/kernels.py, torch_ops.py).
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, final

import numpy as np
import numpy.typing as npt

_WordT = TypeVar("_WordT", bound=tuple[Any, ...])

def targets() -> list[tuple[str, str, bool]]: ...
def pack_parameters(
    *,
    cell: str,
    output: str,
    embedding_dim: int,
    hidden_dim: int,
    directions: Sequence[
        tuple[npt.NDArray[np.int8], npt.NDArray[np.float32], npt.NDArray[np.float32]]
    ],
    attention_weight_q8: npt.NDArray[np.int8],
    attention_scale: npt.NDArray[np.float32],
    attention_vector: npt.NDArray[np.float32],
    null_score: npt.NDArray[np.float32],
    head_weight_q8: npt.NDArray[np.int8],
    head_scale: npt.NDArray[np.float32],
    head_bias: npt.NDArray[np.float32],
) -> npt.NDArray[np.uint8]: ...
def forward(
    target: str,
    packed: npt.NDArray[np.uint8],
    embedding: npt.NDArray[np.int8] | npt.NDArray[np.uint8],
    piece_ids: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
) -> tuple[
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
    npt.NDArray[np.float32],
]: ...
def ig_accumulate(
    target: str,
    gradients: npt.NDArray[np.float32],
    step_weights: npt.NDArray[np.float32],
    delta: npt.NDArray[np.float32],
    word_index: npt.NDArray[np.int32],
    num_words: int,
) -> npt.NDArray[np.float32]: ...

@final
class Classifier:
    def __init__(
        self,
        *,
        target: str,
        tensors: Mapping[str, memoryview | npt.NDArray[np.generic]],
        cell: str,
        output: str,
        num_pieces: int,
        embedding_dim: int,
        hidden_dim: int,
        attention_dim: int,
        num_classes: int,
        num_directions: int,
        lowercase: bool,
        strip_accents: bool,
        symbols: bool,
        max_pieces: int,
        cleaning: Sequence[str],
        explanation: str,
    ) -> None: ...
    def answer(self, text: str, check: tuple[int, Sequence[float]] | None, /) -> bytes: ...
    def answer_some(
        self,
        texts: Sequence[str],
        num_threads: int,
        check: tuple[int, Sequence[float]] | None,
    ) -> list[bytes]: ...

@final
class Tokenizer:
    def __init__(
        self,
        vocabulary: bytes,
        lowercase: bool,
        strip_accents: bool,
        symbols: bool,
        max_pieces: int,
        cleaning: Sequence[str],
    ) -> None: ...
    def __call__(self, text: str) -> tuple[list[int], list[int], list[tuple[int, int]], bool]: ...

def words_of(
    text: str, answer: bytes, num_labels: int, word_type: type[_WordT], /
) -> tuple[_WordT, ...]: ...
def weights_of(answer: bytes, num_labels: int, label: int, /) -> tuple[float, ...] | None: ...
def words_json(text: str, answer: bytes, num_labels: int, label: int | None, /) -> bytes: ...
def check_of(
    answer: bytes, num_labels: int, /
) -> tuple[int, tuple[float, ...], tuple[int, ...] | None, bool] | None: ...
