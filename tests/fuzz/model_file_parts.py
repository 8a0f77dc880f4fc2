"""A model file in parts that can be changed one by one, and written again with right offsets."""

from __future__ import annotations

import functools
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tests.tiny_students import VOCABULARY, model_with_familiarity, random_weights

from dixtill.specification.model_file import write_model


@dataclass
class Tensor:
    """A tensor; `overrides` are values of its entry in the header that do not follow from it."""

    dtype: str
    shape: list[int]
    content: bytes
    overrides: dict[str, Any] = field(default_factory=dict)


@dataclass
class Parts:
    """What the file says about itself, and its tensors in their order."""

    description: dict[str, Any]
    tensors: dict[str, Tensor]

    def to_bytes(self, sha256: str) -> bytes:
        """The file, with this checksum where it names one, and offsets that fit."""
        description = dict(self.description)
        if "sha256" in description:
            description["sha256"] = sha256
        header: dict[str, Any] = {"__metadata__": {"dixtill": json.dumps(description)}}
        end = 0
        for name, tensor in self.tensors.items():
            place = [end, end := end + len(tensor.content)]
            entry = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": place}
            header[name] = {**entry, **tensor.overrides}
        text = json.dumps(header).encode()
        data = b"".join(tensor.content for tensor in self.tensors.values())
        return len(text).to_bytes(8, "little") + text + data


@functools.cache
def parts_of_valid(
    bits: int, seed: int = 0, d: int = 6, h: int = 5, a: int = 4, c: int = 3
) -> Parts:
    """The parts of a file that `write_model` wrote; copy them before you change them."""
    weights = random_weights(np.random.default_rng(seed), len(VOCABULARY), d, h, a, c, bits)
    model = model_with_familiarity(parameters=weights, labels=tuple(f"class {k}" for k in range(c)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "student.safetensors")
        write_model(model, path)
        return _parts(path.read_bytes())


def _parts(content: bytes) -> Parts:
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    description = json.loads(header.pop("__metadata__")["dixtill"])
    tensors = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        first, last = entry["data_offsets"]
        data = content[start + first : start + last]
        tensors[name] = Tensor(entry["dtype"], entry["shape"], data)
    return Parts(description, tensors)
