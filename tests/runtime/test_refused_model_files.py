"""A file that is not a student, or has tensors that do not fit, is refused in one sentence."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import safetensors.numpy
from rewritten_model_files import parts, refusal, rewrite
from tiny_students import random_model

from dixtill.errors import ModelFileError
from dixtill.runtime.classifier import load_classifier
from dixtill.runtime.model_file import loaded as loaded_model
from dixtill.specification.model_file import read_model, write_model
from dixtill.specification.parameters import (
    pack_nibbles,
)


def pieces(text):
    return np.frombuffer(zlib.compress(text), np.uint8)


def text(pieces):
    return zlib.decompress(pieces)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:, :-1], r"'embedding_q4' has shape \[26, 2\], expected \[26, 3\]"),
        (lambda a: a[:-1], "26 pieces, expected 25"),
        (lambda a: a.view(np.int8), "type I8, expected U8"),
        (lambda a: np.full_like(a, 0x08), "-8"),
        (lambda a: np.full_like(a, 0x80), "-8"),
        (lambda a: np.roll(a, 1), "checksum"),
    ],
)
def test_an_embedding_of_4_bits_that_does_not_fit_is_refused(tmp_path, change, message):
    path = tmp_path / "m.safetensors"
    write_model(random_model(bits=4), path)
    tensors, description = parts(path)
    tensors["embedding_q4"] = np.ascontiguousarray(change(tensors["embedding_q4"]))
    rewrite(path, tensors, description)
    refusal(path)
    with pytest.raises(ModelFileError, match=message):
        load_classifier(path)


def test_an_embedding_in_both_widths_is_refused(path):
    tensors, description = parts(path)
    tensors["embedding_q4"] = pack_nibbles(tensors["embedding_q8"])
    rewrite(path, tensors, description)
    assert "tensor 'embedding_q8' is unknown" in refusal(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a[:-1],
        lambda a: a[:0],
        lambda a: np.append(a, np.uint8(0)),
        lambda a: a ^ np.uint8(0xFF),
    ],
)
def test_a_vocabulary_that_cannot_be_decompressed_is_refused(path, change):
    tensors, description = parts(path)
    tensors["vocabulary"] = change(tensors["vocabulary"])
    rewrite(path, tensors, description)
    assert "tensor 'vocabulary' cannot be decompressed" in refusal(path)


def test_a_vocabulary_that_would_fill_the_memory_is_refused(path, monkeypatch):
    monkeypatch.setattr(loaded_model, "MAX_VOCABULARY_BYTES", 20)
    assert "cannot be decompressed" in refusal(path)


def test_a_missing_file_is_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "m.safetensors")


def test_a_number_is_not_a_path():
    with pytest.raises(TypeError):
        read_model(0)


def test_a_folder_is_refused(tmp_path):
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["nul\0.safetensors", "\ud800.safetensors", "x" * 300])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(ModelFileError):
        read_model(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"{", "ends inside its header"),
        (b"\0" * 8, "ends inside|not JSON"),
        (b"\xff" * 8 + b"{}", "ends inside its header"),
        (b"PK\x03\x04" + b"\0" * 100, "is not a safetensors file"),
        (b"text,label\nup,1\n", "is not a safetensors file"),
        (b"\x02" + b"\0" * 7 + b"{]", "header is not JSON"),
        (b"\x02" + b"\0" * 7 + b"{}", "not a student of dixtill"),
        ((200_000).to_bytes(8, "little") + b'{"a":' * 40_000, "nested too deeply"),
        ((200_005).to_bytes(8, "little") + b'{"a":' + b"[" * 200_000, "nested too deeply"),
    ],
)
def test_content_that_is_not_a_student_is_refused(tmp_path, content, message):
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(ModelFileError, match=message):
        read_model(tmp_path / "m.safetensors")
    refusal(tmp_path / "m.safetensors")


def test_a_foreign_safetensors_file_is_refused_by_its_header(tmp_path):
    path = tmp_path / "teacher.safetensors"
    safetensors.numpy.save_file({"w": np.zeros(1000, np.float32)}, path, {"format": "pt"})
    path.write_bytes(path.read_bytes()[:-3000])  # what follows the header is not read
    assert "is a safetensors file but not a student of dixtill" in refusal(path)


def test_a_truncated_file_is_refused_wherever_it_ends(path):
    content = path.read_bytes()
    for size in [*range(0, 40), *range(40, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:size])
        assert "damaged" in refusal(path)


def test_a_missing_and_an_unknown_tensor_are_refused(path):
    tensors, description = parts(path)
    head_scale = tensors.pop("head_scale")
    rewrite(path, tensors, description)
    assert "tensor 'head_scale' is missing" in refusal(path)
    rewrite(path, {**tensors, "head_scale": head_scale, "extra": head_scale}, description)
    assert "tensor 'extra' is unknown" in refusal(path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("head_scale", lambda a: a[:-1], r"shape \[2\], expected \[3\]"),
        ("embedding_q8", lambda a: a[:, :-1], "shape"),
        ("embedding_q8", lambda a: a[:-1], "26 pieces, expected 25"),
        ("embedding_q8", lambda a: a[:0], "at least one"),
        ("head_scale", lambda a: a.astype(np.float64), "type F64, expected F32"),
        ("embedding_q8", lambda a: a.view(np.uint8), "type U8, expected I8"),
        ("head_bias", lambda a: a * np.float32("nan"), "not finite"),
        ("head_scale", lambda a: a * 0 + np.float32(3e38), "beyond 1e25"),
        ("null_score", lambda a: a[:0], r"'null_score' has shape \[0\], expected \[1\]"),
        ("null_score", lambda a: a.repeat(2), r"'null_score' has shape \[2\], expected \[1\]"),
        ("null_score", lambda a: a[None], r"'null_score' has shape \[1, 1\], expected \[1\]"),
        ("null_score", lambda a: a.astype(np.float16), "type F16, expected F32"),
        ("null_score", lambda a: a - np.float32("inf"), "'null_score' holds .* not finite"),
        ("null_score", lambda a: a - np.float32(1.1e25), "'null_score' holds .* beyond 1e25"),
        ("embedding_q8", lambda a: np.full_like(a, -128), "-128"),
        ("embedding_q8", lambda a: np.roll(a, 1), "checksum"),
        ("vocabulary", lambda a: pieces(text(a) + b"\xff"), "not UTF-8"),
        ("vocabulary", lambda a: pieces(text(a) + b"\nup2"), "27 pieces"),
        ("vocabulary", lambda a: pieces(b""), "pieces"),
        ("vocabulary", lambda a: pieces(text(a).replace(b"]", b"[")), "UNK"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(path, name, change, message):
    tensors, description = parts(path)
    tensors[name] = np.ascontiguousarray(change(tensors[name]))
    rewrite(path, tensors, description)
    with pytest.raises(ModelFileError, match=message):
        read_model(path)
    refusal(path)


@pytest.mark.parametrize("null_score", [np.nan, -np.inf, -1.1e25])
def test_answering_refuses_a_null_score_that_no_file_may_hold(path, null_score):
    tensors, description = parts(path)
    rewrite(path, {**tensors, "null_score": np.full(1, null_score, np.float32)}, description)
    with pytest.raises(ModelFileError, match="weight 'null_score' holds"):
        load_classifier(path)
