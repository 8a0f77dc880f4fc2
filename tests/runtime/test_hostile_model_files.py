"""What a model file can ask for while it is refused: little memory, little time, one sentence."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zlib
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
from tiny_students import VOCABULARY, random_model, random_weights

import dixtill
from dixtill.errors import InputError, ModelFileError
from dixtill.runtime.model_file.label_names import MAX_LABELS
from dixtill.runtime.model_file.settings import MAX_PIECES, MAX_VOCABULARY_BYTES
from dixtill.runtime.model_file.tensors import MAX_HEADER_BYTES, MAX_TENSOR_BYTES
from dixtill.specification import model_file
from dixtill.specification.model_file import read_model, write_model

MAX_SECONDS = 5  # 0.2 where it was written, by the worst of them
MAX_GROWTH = 100e6  # 60 MB where it was written, by the worst of them

REFUSES = """
import resource, sys, time
import dixtill
from dixtill.specification.model_file import read_model
from dixtill.errors import ModelFileError
unit = 1 if sys.platform == "darwin" else 1024
read_model(sys.argv[1]), dixtill.load(sys.argv[1])("up")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
for read in (dixtill.load, read_model):
    try:
        read(sys.argv[2])
    except ModelFileError as error:
        assert len(str(error)) < 1000, len(str(error))
        assert "expected" in str(error)
    else:
        raise SystemExit("it was read")
growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
print(growth, time.perf_counter() - start)
"""


class Parts:
    """A good model file, taken apart."""

    def __init__(self, content: bytes) -> None:
        num_bytes = int.from_bytes(content[:8], "little")
        self.header = json.loads(content[8 : 8 + num_bytes])
        self.data = content[8 + num_bytes :]
        self.tensors = safetensors.numpy.load(content)
        self.description = json.loads(self.header["__metadata__"]["dixtill"])

    def with_header(self, text: str) -> bytes:
        header = text.encode()
        return len(header).to_bytes(8, "little") + header + self.data

    def with_entries(self, **entries: object) -> bytes:
        return self.with_header(json.dumps({**self.header, **entries}))

    def with_description(self, **values: object) -> bytes:
        text = json.dumps({**self.description, **values})
        return self.with_entries(__metadata__={"dixtill": text})

    def with_vocabulary(self, pieces: bytes, **tensors: np.ndarray) -> bytes:
        compressed = np.frombuffer(zlib.compress(pieces, 1), np.uint8)
        metadata = {"dixtill": json.dumps(self.description)}
        return safetensors.numpy.save(
            {**self.tensors, "vocabulary": compressed, **tensors}, metadata
        )


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "student.safetensors"
    write_model(random_model(), path)
    return path


@pytest.fixture(scope="module")
def parts(path):
    return Parts(path.read_bytes())


# A header's room for values of a test's own: some is taken, and quotes are written as two.
ROOM = MAX_HEADER_BYTES - 10_000
ATTACKS = {
    "one astral character": lambda p: p.with_vocabulary(b"a" * (2**28 - 9) + "🚀".encode()),
    "one astral character, within the limit": lambda p: p.with_vocabulary(
        b"\n" * 25 + b"a" * (MAX_VOCABULARY_BYTES - 30) + "🚀".encode()
    ),
    "line breaks": lambda p: p.with_vocabulary(b"\n" * 2**28),
    "line breaks, within the limit": lambda p: p.with_vocabulary(b"\n" * MAX_VOCABULARY_BYTES),
    "as many pieces as can be, all alike": lambda p: p.with_vocabulary(
        b"[UNK]" + b"\n" * (MAX_PIECES - 1), embedding_q8=np.zeros((MAX_PIECES, 6), np.int8)
    ),
    "a long header": lambda p: p.with_header('{"x":[' + "[]," * 20_000_000 + "0]}"),
    "a full header": lambda p: p.with_header('{"x":[' + "[]," * (ROOM // 3) + "0]}"),
    "provenance": lambda p: p.with_description(provenance={"x": [[]] * 10_000_000}),
    "provenance, within the limit": lambda p: p.with_description(
        provenance={"x": [{}] * (ROOM // 4)}
    ),
    "many tensors": lambda p: p.with_entries(
        **{f"t{i}": {"dtype": "U8", "shape": [], "data_offsets": [0, 1]} for i in range(16_000)}
    ),
    "a long integer": lambda p: p.with_header(
        json.dumps(p.header)[:-1] + ',"x":' + "9" * ROOM + "}"
    ),
    "a shape of many sizes": lambda p: p.with_entries(
        head_bias={**p.header["head_bias"], "shape": [2**29] * 90_000}
    ),
    "a shape of large sizes": lambda p: p.with_entries(
        head_bias={**p.header["head_bias"], "shape": [10**4000] * 2}
    ),
    "offsets beyond the file": lambda p: p.with_entries(
        head_bias={**p.header["head_bias"], "shape": [2**40], "data_offsets": [0, 2**42]}
    ),
    "many labels": lambda p: p.with_description(labels=["a" * 9] * 70_000),
    "a long label": lambda p: p.with_description(labels=["a" * 900_000] * 1),
    "a long format version": lambda p: p.with_description(format_version="3" * 900_000),
    "a long name of a type": lambda p: p.with_entries(
        head_bias={**p.header["head_bias"], "dtype": "F" * 900_000}
    ),
    "deep nesting": lambda p: p.with_header('{"x":' + "[" * ROOM),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs the resource module")
@pytest.mark.parametrize("attack", ATTACKS)
def test_little_memory_and_time_are_spent_on_a_file_that_is_refused(attack, parts, path, tmp_path):
    hostile = tmp_path / "hostile.safetensors"
    hostile.write_bytes(ATTACKS[attack](parts))
    done = subprocess.run(
        [sys.executable, "-c", REFUSES, path, hostile], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    growth, seconds = map(float, done.stdout.split()[-2:])
    assert growth < MAX_GROWTH
    assert seconds < MAX_SECONDS


def test_a_stream_that_never_ends_is_read_no_further_than_its_header_says(parts, path):
    class Endless(io.RawIOBase):
        def __init__(self):
            self.content, self.num_read = io.BytesIO(path.read_bytes()), 0

        def read(self, size=-1):
            assert size > 0
            self.num_read += size
            return self.content.read(size) or bytes(size)

    endless = Endless()
    with pytest.raises(ModelFileError, match="do not fill the file"):
        dixtill.load(endless)
    assert endless.num_read == path.stat().st_size + 1


def test_more_bytes_than_a_file_may_have_are_not_asked_for(parts):
    entries = {name: entry for name, entry in parts.header.items() if name != "__metadata__"}
    name, last = max(entries.items(), key=lambda item: item[1]["data_offsets"])
    first, rows = last["data_offsets"][0], MAX_TENSOR_BYTES // 2**10
    size = rows * 2**10 * (4 if last["dtype"] == "F32" else 1)
    entry = {**last, "shape": [rows, 2**10], "data_offsets": [first, first + size]}
    with pytest.raises(ModelFileError, match=f"at most {MAX_TENSOR_BYTES}"):
        dixtill.load(parts.with_entries(**{name: entry}))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_provenance_that_is_not_finite_is_refused(text, parts):
    written = json.dumps({**parts.description, "provenance": {"loss": 0.5}})
    content = parts.with_entries(__metadata__={"dixtill": written.replace("0.5", text)})
    for read in (dixtill.load, read_model):
        with pytest.raises(ModelFileError, match=r"provenance .*finite|provenance .*JSON"):
            read(content)


def with_labels(num_labels):
    weights = random_weights(np.random.default_rng(0), len(VOCABULARY), d=1, h=1, a=1, c=num_labels)
    return random_model(parameters=weights, labels=tuple(map(str, range(num_labels))))


def test_as_many_labels_as_may_be_are_answered(tmp_path):
    write_model(with_labels(MAX_LABELS), tmp_path / "m.safetensors")
    assert len(dixtill.load(tmp_path / "m.safetensors")("up").probabilities) == MAX_LABELS


def test_more_labels_are_refused_for_each_takes_memory_for_each_piece_of_a_text():
    with pytest.raises(InputError, match=f"more than {MAX_LABELS} labels"):
        with_labels(MAX_LABELS + 1)


def test_a_cleaning_rule_is_applied_once(parts):
    with pytest.raises(ModelFileError, match="cleaning rule occurs twice"):
        dixtill.load(parts.with_description(cleaning=["urls", "html_entities"] * 20_000))
    with pytest.raises(InputError, match="cleaning rule occurs twice"):
        random_model(cleaning=("urls", "urls"))


def test_a_provenance_that_no_file_can_hold_is_not_written(tmp_path):
    model = random_model(provenance={"log": "x" * MAX_HEADER_BYTES})
    with pytest.raises(InputError, match="shorten the provenance"):
        write_model(model, tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_provenance_that_just_fits_is_written_and_read(tmp_path):
    provenance = {"log": "x" * (MAX_HEADER_BYTES - 5000)}
    write_model(random_model(provenance=provenance), tmp_path / "m.safetensors")
    assert read_model(tmp_path / "m.safetensors").settings.provenance == provenance
    assert dixtill.load(tmp_path / "m.safetensors").model.settings.provenance == provenance


def test_weights_that_no_file_can_hold_are_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(model_file, "MAX_TENSOR_BYTES", 100)
    with pytest.raises(InputError, match="make a smaller student"):
        write_model(random_model(), tmp_path / "m.safetensors")


def test_a_vocabulary_that_no_file_can_hold_cannot_be_made():
    long = (*VOCABULARY[:-1], "a" * MAX_VOCABULARY_BYTES)
    with pytest.raises(InputError, match=f"expected at most {MAX_VOCABULARY_BYTES}"):
        replace(random_model(), vocabulary=long)
    weights = random_weights(np.random.default_rng(0), MAX_PIECES + 1, d=1, h=1, a=1, c=3)
    with pytest.raises(InputError, match=f"expected at most {MAX_PIECES}"):
        replace(random_model(), vocabulary=("",) * (MAX_PIECES + 1), parameters=weights)
