"""What the native forward refuses, and how it shares the process with other threads."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from random_students import (
    SHIPPED,
    assert_same_bits,
    kernel_of,
    random_batch,
    random_student,
    same_bits,
)

from dixtill.errors import InputError
from dixtill.runtime.model_file.shape import CELLS, WAYS
from dixtill.specification import kernels
from dixtill.specification.parameters import StudentParameters, pack_nibbles


def test_the_packed_weights_are_those_of_every_target():
    weights = random_student(SHIPPED, seed=8)
    packed = kernels.pack_parameters(weights)
    assert packed.ctypes.data % 64 == 0
    assert packed.size % 64 == 0
    assert same_bits(packed, kernels.pack_parameters(weights))


@pytest.mark.parametrize(
    ("piece_ids", "offsets", "message"),
    [
        ([1, 300, 2], [0, 3], r"piece_ids\[1\] is 300, expected 0 to 299"),
        ([1, 2, -1], [0, 3], r"piece_ids\[2\] is -1, expected 0 to 299"),
        ([1, 2**40], [0, 2], r"piece_ids\[1\] is 1099511627776, which does not fit in int32"),
        ([1, 2, 3], [1, 3], r"offsets\[0\] is 1, expected 0"),
        ([1, 2, 3], [0, 2], r"offsets\[1\] is 2, expected the number of piece ids, 3"),
        ([1, 2, 3], [0, 2, 1, 3], r"offsets\[2\] is 1, less than the one before it, 2"),
        ([1, 2, 3], [0, 9, 3], r"offsets\[2\] is 3, less than the one before it, 9"),
        ([1, 2, 3], [], "offsets are empty"),
        ([1.0, 2.0], [0, 2], "piece_ids is an array of float64, expected an array of integers"),
        ([[1, 2]], [0, 2], r"piece_ids has shape \[1, 2\], expected one dimension"),
    ],
)
def test_a_wrong_batch_is_refused_with_its_position_and_value(target, piece_ids, offsets, message):
    kernel = kernel_of(random_student(SHIPPED, seed=10), target)
    with pytest.raises(InputError, match=message):
        kernel(piece_ids, offsets)


def test_damaged_packed_weights_are_refused(target):
    weights = random_student(SHIPPED, seed=11)
    packed = kernels.pack_parameters(weights)

    def run(buffer: np.ndarray) -> None:
        kernels.forward(buffer, weights.embedding_q8, [1, 2], [0, 2], target)

    run(packed)
    with pytest.raises(InputError, match=rf"have {packed.size - 64} bytes, expected {packed.size}"):
        run(packed[:-64])
    with pytest.raises(InputError, match="have 10 bytes, less than their header"):
        run(packed[:10])
    with pytest.raises(InputError, match="not aligned to four bytes"):
        run(np.append(packed, packed[:1])[1:])
    with pytest.raises(InputError, match="embedding_dim is 0, expected 1 to"):
        run(np.zeros_like(packed))
    for offset, message in [
        (0, "cell 255 is unknown"), (7, "cell -.* is unknown"), (8, "bytes, expected"),
        (16, "bytes, expected"), (14, "expected 1 to"),
        (40, "num_directions is 255, expected 1 to 2"),
    ]:  # fmt: skip
        damaged = packed.copy()
        damaged[offset] = 255
        with pytest.raises(InputError, match=message):
            run(damaged)


def test_a_student_packed_as_another_cell_is_refused(target):
    weights = random_student(SHIPPED, seed=11)
    packed = kernels.pack_parameters(weights)
    packed[0] = CELLS.index("gru")
    with pytest.raises(InputError, match=rf"have {packed.size} bytes, expected"):
        kernels.forward(packed, weights.embedding_q8, [1, 2], [0, 2], target)


def test_a_student_packed_as_one_of_one_direction_is_refused(target):
    weights = random_student(SHIPPED, seed=11)
    packed = kernels.pack_parameters(weights)
    packed[40] = 1
    with pytest.raises(InputError, match=rf"have {packed.size} bytes, expected"):
        kernels.forward(packed, weights.embedding_q8, [1, 2], [0, 2], target)


def arguments_of_packing(weights: StudentParameters) -> dict[str, Any]:
    with patch.object(kernels.native, "pack_parameters") as pack:
        kernels.pack_parameters(weights)
    return dict(pack.call_args.kwargs)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "name", ["forward_weight_q8", "backward_scale", "forward_bias", "head_weight_q8"]
)
def test_parameters_that_do_not_fit_the_cell_are_refused(cell, name):
    weights = random_student(replace(SHIPPED, cell=cell), seed=12)
    array, arguments = getattr(weights, name), arguments_of_packing(weights)
    longer = np.append(array, array.flat[:1])

    if name in arguments:
        arguments[name] = longer
    else:
        way, _, part = name.partition("_")
        at = WAYS.index(way)
        arguments["directions"][at] = weights.direction(way)._replace(**{part: longer})
    with pytest.raises(ValueError, match=rf" has {longer.size} values, expected {array.size}"):
        kernels.native.pack_parameters(**arguments)


@pytest.mark.parametrize("num_directions", [0, 1, 3])
def test_another_number_of_directions_is_refused(num_directions):
    arguments = arguments_of_packing(random_student(SHIPPED, seed=12))
    directions = (arguments["directions"] * 2)[:num_directions]
    with pytest.raises(ValueError, match=r"expected 1 to 2$|has 10000 values, expected 5000$"):
        kernels.native.pack_parameters(**{**arguments, "directions": directions})


def test_an_unknown_cell_is_refused_by_name():
    arguments = arguments_of_packing(random_student(SHIPPED, seed=12))
    expected = f"cell is 'rnn', expected one of {', '.join(CELLS)}"
    with pytest.raises(ValueError, match=expected):
        kernels.native.pack_parameters(**{**arguments, "cell": "rnn"})


def test_an_embedding_of_another_width_is_refused(target):
    weights = random_student(SHIPPED, seed=12)
    narrow = np.ascontiguousarray(weights.embedding_q8[:, :-1])
    with pytest.raises(
        InputError, match="the embedding has 49 bytes a row, the packed parameters expect 50"
    ):
        kernels.forward(kernels.pack_parameters(weights), narrow, [0], [0, 1], target)


def test_an_embedding_of_4_bits_takes_half_the_bytes_and_no_other_width(target):
    weights = random_student(SHIPPED, seed=12, bits=4)
    packed = kernels.pack_parameters(weights)
    rows = pack_nibbles(weights.embedding_q8)
    assert rows.shape == (SHIPPED.num_pieces, 25)
    with pytest.raises(InputError, match="24 bytes a row, the packed parameters expect 25"):
        kernels.forward(packed, rows[:, :24].copy(), [0], [0, 1], target)
    with pytest.raises(InputError, match="not a contiguous matrix of int8 or uint8"):
        kernels.forward(packed, rows.astype(np.int16), [0], [0, 1], target)


def test_threads_share_a_kernel(target):
    kernel = kernel_of(random_student(SHIPPED, seed=13), target)
    batch = random_batch(SHIPPED.num_pieces, [30] * 20, seed=13)
    expected = kernel(*batch)
    results = []
    threads = [threading.Thread(target=lambda: results.append(kernel(*batch))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        assert_same_bits(result, expected)


def test_other_threads_run_while_the_kernel_computes():
    weights = random_student(SHIPPED, seed=0)
    kernel = kernel_of(weights, "scalar")
    piece_ids, offsets = random_batch(SHIPPED.num_pieces, [400] * 20, seed=0)
    thread = threading.Thread(target=kernel, args=(piece_ids, offsets))
    thread.start()
    num_ticks = 0
    while thread.is_alive():  # with the lock held, this loop would turn once or twice
        time.sleep(0.001)
        num_ticks += 1
    assert num_ticks > 10
