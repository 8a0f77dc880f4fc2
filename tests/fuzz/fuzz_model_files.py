"""Model files, fuzzed: a small valid file is changed, and its checksum and offsets made right.

So the changes pass the checks that would refuse a damaged file, and meet those behind them. Each
file is refused by a ModelFileError of one line, or answers texts with finite numbers.

    tools/run_sanitized.sh address -m tests.fuzz.fuzz_model_files --cases 100000 --seed 1
"""

from __future__ import annotations

import copy
import math
import random
import sys
import time
import zlib
from typing import Any

import numpy as np

import dixtill
from dixtill import _native as _native  # compiled and imported before the clock runs
from dixtill.errors import InputError, ModelFileError
from dixtill.runtime.model_file.settings import digest
from dixtill.runtime.model_file.tensors import NUMPY_TYPES

from . import fuzzing
from .model_file_parts import Parts, parts_of_valid

TEXTS = ("", "Apple shares jump 3%", "ééa & https://x.co/a 中 &amp; " * 9)
SLOWEST_SECONDS = 5.0  # of the CPU, for a file, under a sanitizer
HOSTILE_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2**31, 2**63, 2**64, 10**30, -0.5, 1e308, math.nan),
    *("", "\0", "\ud800", "a" * 10_000, "gates", "urls"),
    *([], {}, [[]], [None], ["a", "a"], {"a": {"b": []}}, [1, 2]),
)
HOSTILE_FLOATS = (math.nan, math.inf, -math.inf, 3e38, 1e25, 1.1e25, -1e25, 1e-45, 0.0, -0.0)
HOSTILE_PIECES = ("", "[UNK]", "##", "##a", "a", "\0", "\r", "é", "🚀", "a" * 1000, "\ufeff")


def case(rng: random.Random) -> str:
    """Change a file, load it, and answer with it."""
    parts = copy.deepcopy(parts_of_valid(rng.choice((4, 8))))
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        rng.choice(CHANGES)(rng, parts)
    content = parts.to_bytes(digest_of(parts))
    if rng.random() < 0.1:
        content = _damage(rng, content)
    start = time.process_time()
    outcome = load_and_answer(content)
    seconds = time.process_time() - start
    assert seconds < SLOWEST_SECONDS, f"{outcome}: {seconds:.1f} s"
    return outcome


def load_and_answer(content: bytes) -> str:
    """Return what became of a file: it was refused, or it answers."""
    try:
        classifier = dixtill.load(content)
    except ModelFileError as error:
        return check_refusal(str(error))
    for text, answer in zip(TEXTS, classifier(list(TEXTS)), strict=True):
        check_answer(text, answer)
    check_answer(TEXTS[1], classifier(TEXTS[1], check=True))
    return "answers"


def check_refusal(message: str) -> str:
    """Fail unless a message is a line that can be read."""
    assert message.isprintable(), f"a refusal that is no line: {message!r:.500}"
    assert len(message) < 1000, f"a refusal of {len(message)} characters: {message:.500}"
    return "refused"


def check_answer(text: str, answer: dixtill.Prediction) -> None:
    """Fail unless an answer is one: probabilities of each class or a number, words of the text."""
    probabilities = answer.probabilities.values()
    if answer.kind.output == "softmax":
        assert math.isclose(sum(probabilities), 1.0, abs_tol=1e-4), answer.probabilities
        assert answer.label in answer.probabilities
    assert answer.value is None or math.isfinite(answer.value)
    assert all(0.0 <= p <= 1.0 for p in probabilities), answer.probabilities
    for word in answer.words:
        assert text[word.start : word.end] == word.text
        assert math.isfinite(word.weight), word


def digest_of(parts: Parts) -> str:
    """The checksum that makes a changed file right; any where no file has one."""
    tensors = (
        (name, NUMPY_TYPES.get(t.dtype, t.dtype), tuple(t.shape), memoryview(t.content))
        for name, t in parts.tensors.items()
    )
    try:
        return digest({k: v for k, v in parts.description.items() if k != "sha256"}, tensors)
    except InputError:
        return "0" * 64


def change_setting(rng: random.Random, parts: Parts) -> None:
    """Give a setting, at any depth, a value of another type or size; or take it away."""
    place: Any = parts.description
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.7:
            place = place[key]
            continue
        break
    if rng.random() < 0.15:
        del place[key]
    else:
        place[key] = copy.deepcopy(rng.choice(HOSTILE_VALUES))


def change_header(rng: random.Random, parts: Parts) -> None:
    """Give the header's entry of a tensor a value that it should not have."""
    tensor = rng.choice(list(parts.tensors.values()))
    key = rng.choice(("dtype", "shape", "data_offsets", "more"))
    value = rng.choice((*HOSTILE_VALUES, "F16", [2**62, 4], [0, 2**63], [-1, 1], [0, 0]))
    tensor.overrides[key] = copy.deepcopy(value)


def change_shape(rng: random.Random, parts: Parts) -> None:
    """Take another shape for as many bytes, or one dimension larger or smaller with its bytes."""
    tensor = rng.choice(list(parts.tensors.values()))
    if not tensor.shape:
        return
    axis = rng.randrange(len(tensor.shape))
    tensor.shape[axis] = rng.choice((0, 1, 2, tensor.shape[axis] + 1, 2 * tensor.shape[axis]))
    if rng.random() < 0.2:
        tensor.shape.append(1)
    size = math.prod(tensor.shape) * (4 if tensor.dtype == "F32" else 1)
    tensor.content = (tensor.content * (size // max(1, len(tensor.content)) + 1))[:size]


def change_dimension(rng: random.Random, parts: Parts) -> None:
    """A whole student of another shape, consistent in itself."""
    sizes = {name: rng.choice((1, 2, 3, 8, 33)) for name in "dhac"}
    changed = parts_of_valid(rng.choice((4, 8)), seed=rng.randrange(10), **sizes)
    parts.description, parts.tensors = copy.deepcopy((changed.description, changed.tensors))


def change_values(rng: random.Random, parts: Parts) -> None:
    """Set some numbers of a tensor to the ends of their range."""
    tensor = rng.choice([t for t in parts.tensors.values() if t.content])
    if tensor.dtype == "F32":
        values = np.frombuffer(tensor.content, "<f4").copy()
        for _ in range(rng.randrange(1, 4)):
            values[rng.randrange(len(values))] = np.float32(rng.choice(HOSTILE_FLOATS))
        tensor.content = values.tobytes()
        return
    content = bytearray(tensor.content)
    for _ in range(rng.randrange(1, 4)):
        content[rng.randrange(len(content))] = rng.choice((0x00, 0x7F, 0x80, 0x88, 0x81, 0xFF))
    tensor.content = bytes(content)


def change_tensors(rng: random.Random, parts: Parts) -> None:
    """Remove a tensor, rename one, or add one."""
    name = rng.choice(list(parts.tensors))
    tensor = parts.tensors[name]
    if rng.random() < 0.7:
        del parts.tensors[name]
    if rng.random() < 0.7:
        other = rng.choice(("embedding_q4", "embedding_q8", "", "é", "a\n\u202eb", "vocabulary"))
        parts.tensors[other] = tensor


def change_vocabulary(rng: random.Random, parts: Parts) -> None:
    """Take other pieces, more or fewer; or bytes that are not text or not a zlib stream."""
    tensor = parts.tensors.get("vocabulary")
    if tensor is None:
        return
    try:
        pieces = zlib.decompress(tensor.content).split(b"\n")
    except zlib.error:
        return
    for _ in range(rng.randrange(1, 4)):
        place, piece = rng.randrange(len(pieces)), rng.choice(HOSTILE_PIECES).encode()
        match rng.randrange(5):
            case 0:
                pieces[place] = piece
            case 1:
                pieces.insert(place, piece)
            case 2 if len(pieces) > 1:
                del pieces[place]
            case 3:
                rng.shuffle(pieces)
            case _:
                pieces[place] = rng.choice((b"\xff", b"\xed\xa0\x80", b"\xc0\x80"))
    content = zlib.compress(b"\n".join(pieces), rng.choice((0, 1, 9)))
    if rng.random() < 0.1:
        content = rng.choice((content + b"x", content[:-1], b"", zlib.compress(b"a" * 2**22)))
    tensor.content, tensor.shape = content, [len(content)]


def _damage(rng: random.Random, content: bytes) -> bytes:
    """A file as a bad disk or a cut download leaves it: nothing is made right again."""
    changed = bytearray(content)
    for _ in range(rng.randrange(1, 9)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(len(changed))] if rng.random() < 0.3 else changed)


CHANGES = (
    change_setting,
    change_header,
    change_shape,
    change_dimension,
    change_values,
    change_values,
    change_tensors,
    change_vocabulary,
)

if __name__ == "__main__":
    sys.exit(fuzzing.main(case, "tests.fuzz.fuzz_model_files"))
