"""The model file: what is written is read again, and a failed write leaves the old file."""

from __future__ import annotations

import os
from dataclasses import fields, replace

import numpy as np
import pytest
from rewritten_model_files import parts
from tiny_students import VOCABULARY, random_model

from dixtill.errors import ModelFileError
from dixtill.runtime.classifier import Classifier, load_classifier
from dixtill.specification.model_file import read_model, write_model
from dixtill.specification.parameters import (
    NO_NULL_SCORE,
    pack_nibbles,
    unpack_nibbles,
)


def test_a_model_is_read_as_it_was_written(tmp_path):
    model = random_model(
        cleaning=("urls",), lowercase=False, strip_accents=False, max_pieces=7, explanation="scores"
    )
    write_model(model, tmp_path / "m.safetensors")
    again = read_model(str(tmp_path / "m.safetensors"))
    for field in fields(model):
        if field.name != "parameters":
            assert getattr(again, field.name) == getattr(model, field.name), field.name
    assert again.parameters.cell == model.parameters.cell
    for name, ours in model.parameters.arrays().items():
        theirs = again.parameters.arrays()[name]
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("d", [1, 2, 6, 7])
def test_multiples_of_16_take_half_the_file_and_are_read_as_they_were(tmp_path, d):
    model = random_model(bits=4, d=d)
    write_model(model, tmp_path / "m.safetensors")
    tensors, _ = parts(tmp_path / "m.safetensors")
    assert tensors["embedding_q4"].shape == (len(VOCABULARY), (d + 1) // 2)
    again = read_model(tmp_path / "m.safetensors")
    assert again.embedding_bits == model.embedding_bits == 4
    np.testing.assert_array_equal(again.parameters.embedding_q8, model.parameters.embedding_q8)


def test_where_a_column_lies_in_its_byte():
    rows = np.array([[16, -16, 112, -112, 48]], np.int8)
    assert pack_nibbles(rows).tolist() == [[0x91, 0x3F, 0x07]]
    np.testing.assert_array_equal(unpack_nibbles(pack_nibbles(rows), 5), rows)


def test_a_single_value_between_multiples_of_16_is_kept_in_8_bits(tmp_path):
    model = random_model(bits=4)
    model.parameters.embedding_q8[3, 2] += 1
    write_model(model, tmp_path / "m.safetensors")
    again = read_model(tmp_path / "m.safetensors")
    assert again.embedding_bits == 8
    np.testing.assert_array_equal(again.parameters.embedding_q8, model.parameters.embedding_q8)


def test_weights_that_are_not_contiguous_are_written_right(tmp_path):
    model = random_model()
    turned = np.asfortranarray(model.parameters.embedding_q8)
    turned = replace(model, parameters=replace(model.parameters, embedding_q8=turned))
    write_model(turned, tmp_path / "m.safetensors")
    again = read_model(tmp_path / "m.safetensors").parameters.embedding_q8
    np.testing.assert_array_equal(again, model.parameters.embedding_q8)


def test_the_same_model_gives_the_same_bytes(tmp_path):
    swapped = dict(reversed(random_model().settings.provenance.items()))
    contents = set()
    for provenance in [None, swapped] * 4:
        model = random_model() if provenance is None else random_model(provenance=provenance)
        write_model(model, tmp_path / "m.safetensors")
        contents.add((tmp_path / "m.safetensors").read_bytes())
    assert len(contents) == 1


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_model(random_model(), tmp_path / "m.safetensors")
    finally:
        os.umask(before)
    assert (tmp_path / "m.safetensors").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("stop", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_stops_leaves_the_old_file_and_nothing_else(path, monkeypatch, stop):
    before = path.read_bytes()

    def fail(_descriptor):
        raise stop

    monkeypatch.setattr(os, "fsync", fail)
    expected = ModelFileError if isinstance(stop, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_model(random_model(seed=1), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["missing/m.safetensors", "folder", "nul\0", "x" * 300])
def test_a_path_that_cannot_be_written_is_one_sentence(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModelFileError, match="cannot be written"):
        write_model(random_model(), tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_a_student_without_a_null_score_can_be_written_and_answers(path):
    none = np.full(1, NO_NULL_SCORE, np.float32)
    model = random_model()
    write_model(replace(model, parameters=replace(model.parameters, null_score=none)), path)
    assert read_model(path).parameters.null_score == none
    with_one, without = Classifier(model), load_classifier(path)
    assert with_one("shares jump").probabilities != without("shares jump").probabilities
