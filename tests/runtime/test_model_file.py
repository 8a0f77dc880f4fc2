"""The model file: what is written is read again, and every other file is refused in a sentence."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import fields, replace

import numpy as np
import pytest
import safetensors.numpy
from tiny_students import VOCABULARY, random_model

from dixtill.errors import InputError, ModelFileError
from dixtill.runtime.classifier import Classifier, load_classifier
from dixtill.runtime.model_file import loaded as loaded_model
from dixtill.runtime.model_file import settings as model_settings
from dixtill.specification.model_file import read_model, write_model
from dixtill.specification.weights import (
    NO_NULL_SCORE,
    StudentWeights,
    pack_nibbles,
    unpack_nibbles,
)


@pytest.fixture
def path(tmp_path):
    """A file with a good student."""
    write_model(random_model(), tmp_path / "student.safetensors")
    return tmp_path / "student.safetensors"


def parts(path):
    """Tensors and description of a model file, to be changed by a test."""
    tensors = {name: array.copy() for name, array in safetensors.numpy.load_file(path).items()}
    with safetensors.safe_open(path, "np") as file:
        return tensors, json.loads(file.metadata()["dixtill"])


def rewrite(path, tensors, description):
    text = description if isinstance(description, str) else json.dumps(description)
    safetensors.numpy.save_file(tensors, path, {"dixtill": text})


def pieces(text):
    return np.frombuffer(zlib.compress(text), np.uint8)


def text(pieces):
    return zlib.decompress(pieces)


def refusal(path):
    """The sentence with which a file is refused: it names the file and what was expected."""
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "expected" in sentence
    assert "\n" not in sentence
    return sentence


def test_a_model_is_read_as_it_was_written(tmp_path):
    model = random_model(
        cleaning=("urls",), lowercase=False, strip_accents=False, max_pieces=7, explanation="scores"
    )
    write_model(model, tmp_path / "m.safetensors")
    again = read_model(str(tmp_path / "m.safetensors"))
    for field in fields(model):
        if field.name != "weights":
            assert getattr(again, field.name) == getattr(model, field.name), field.name
    for field in fields(StudentWeights):
        ours, theirs = (getattr(m.weights, field.name) for m in (model, again))
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
    np.testing.assert_array_equal(again.weights.embedding_q8, model.weights.embedding_q8)


def test_where_a_column_lies_in_its_byte():
    rows = np.array([[16, -16, 112, -112, 48]], np.int8)
    assert pack_nibbles(rows).tolist() == [[0x91, 0x3F, 0x07]]
    np.testing.assert_array_equal(unpack_nibbles(pack_nibbles(rows), 5), rows)


def test_a_single_value_between_multiples_of_16_is_kept_in_8_bits(tmp_path):
    model = random_model(bits=4)
    model.weights.embedding_q8[3, 2] += 1
    write_model(model, tmp_path / "m.safetensors")
    again = read_model(tmp_path / "m.safetensors")
    assert again.embedding_bits == 8
    np.testing.assert_array_equal(again.weights.embedding_q8, model.weights.embedding_q8)


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


def test_weights_that_are_not_contiguous_are_written_right(tmp_path):
    model = random_model()
    turned = np.asfortranarray(model.weights.embedding_q8)
    turned = replace(model, weights=replace(model.weights, embedding_q8=turned))
    write_model(turned, tmp_path / "m.safetensors")
    again = read_model(tmp_path / "m.safetensors").weights.embedding_q8
    np.testing.assert_array_equal(again, model.weights.embedding_q8)


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


def test_a_missing_file_is_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "m.safetensors")


def test_a_number_is_no_path():
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
def test_content_that_is_no_student_is_refused(tmp_path, content, message):
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


def test_a_newer_and_an_older_format_are_refused(path):
    tensors, description = parts(path)
    rewrite(path, tensors, {**description, "format_version": 5})
    assert "is of format 5, expected 3 or 4; upgrade dixtill" in refusal(path)
    rewrite(path, tensors, {**description, "format_version": 2})
    assert "is of format 2, expected 3 or 4; write it again with `dixtill distill`" in refusal(path)


def test_a_student_of_format_3_keeps_its_rules(tmp_path):
    """What such a file answered when it was the format of today."""
    first_rules = ("urls", "html_entities")
    vocabulary = ("[UNK]", "up", "down", "nestl", "&", "5", "-", "3", "%", "##s", "##bn", "€")
    model = random_model(vocabulary=vocabulary, cleaning=first_rules, symbols=False)
    old = tmp_path / "old.safetensors"
    write_model(model, old)
    tensors, description = parts(old)
    del description["tokenizer"]["symbols"], description["sha256"]
    description["format_version"] = 3
    described = [(n, str(t.dtype), t.shape, t.data.cast("B")) for n, t in tensors.items()]
    description["sha256"] = model_settings.digest(description, described)
    rewrite(old, tensors, json.dumps(description, sort_keys=True))

    assert read_model(old).settings.symbols is False
    answer = load_classifier(old)("Nestl&#233;s up🚀 −3% €5bn &pound; <www.x.co>up &amp;")
    assert [word.text for word in answer.words] == [
        "Nestl&", "s", "up🚀", "−3", "%", "€5bn", "&", "pound", ";", "<", "&",
    ]  # fmt: skip
    assert answer == Classifier(model)(answer.text)


def test_a_newer_format_may_differ_in_everything_else(path):
    rewrite(path, {"other": np.zeros(1)}, {"format_version": 5})
    assert "is of format 5" in refusal(path)


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
def test_answering_refuses_a_null_score_that_is_no_number(path, null_score):
    tensors, description = parts(path)
    rewrite(path, {**tensors, "null_score": np.full(1, null_score, np.float32)}, description)
    with pytest.raises(ModelFileError, match="weight 'null_score' holds"):
        load_classifier(path)


def test_a_student_without_a_null_score_can_be_written_and_answers(path):
    none = np.full(1, NO_NULL_SCORE, np.float32)
    model = random_model()
    write_model(replace(model, weights=replace(model.weights, null_score=none)), path)
    assert read_model(path).weights.null_score == none
    with_one, without = Classifier(model), load_classifier(path)
    assert with_one("shares jump").probabilities != without("shares jump").probabilities


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["format_version"], "1", "format_version '1'"),
        (["format_version"], True, "format_version True"),
        (["format_version"], 0, "format_version 0"),
        (["labels"], "abc", "labels is not a sequence of strings"),
        (["labels"], ["a", "b", 3], "labels is not a sequence of strings"),
        (["labels"], ["a", "b"], "2 labels, expected 3"),
        (["labels"], ["a", "b", "b"], "twice"),
        (["labels"], ["a", "b", ""], "label 2 is empty"),
        (["labels"], {"a": 1, "b": 2, "c": 3}, "labels is not"),
        (["cleaning"], None, "cleaning is not"),
        (["cleaning"], [["urls"]], "cleaning is not"),
        (["cleaning"], ["emoji"], "unknown cleaning rule 'emoji'"),
        (["explanation"], "alpha", "expected one of gates, contributions, scores"),
        (["explanation"], ["scores"], "explanation is of type list"),
        (["tokenizer"], [], "metadata lacks"),
        (["tokenizer"], None, "metadata lacks"),
        (["tokenizer", "lowercase"], 1, "lowercase is of type int"),
        (["tokenizer", "max_pieces"], 0, "at least 1"),
        (["tokenizer", "max_pieces"], 2**31, "at most 2147483647"),
        (["tokenizer", "max_pieces"], 10**40, "more than 20 digits"),
        (["cleaning"], ["\ud800"], "unknown cleaning rule"),
        (["labels"], ["a", "b", "\ud800"], "lone surrogate"),
        (["tokenizer", "max_pieces"], True, "max_pieces is of type bool"),
        (["tokenizer", "max_pieces"], 16.0, "max_pieces is of type float"),
        (["provenance"], [], "provenance is not a mapping"),
        (["provenance"], {"loss": float("nan")}, "provenance"),
        (["provenance"], {"teacher": "another"}, "checksum"),
        (["sha256"], "0" * 64, "checksum"),
        (["sha256"], None, "checksum"),
    ],
)
def test_metadata_of_the_wrong_kind_is_refused(path, keys, value, message):
    tensors, description = parts(path)
    *outer, last = keys
    target = description
    for key in outer:
        target = target[key]
    target[last] = value
    rewrite(path, tensors, description)
    with pytest.raises(ModelFileError, match=message):
        read_model(path)
    refusal(path)


def test_metadata_that_lacks_a_key_is_refused(path):
    tensors, description = parts(path)
    for key in description:
        rewrite(path, tensors, {k: v for k, v in description.items() if k != key})
        assert key in refusal(path) or "checksum" in refusal(path)


def test_provenance_is_read_or_refused_at_every_depth_of_nesting(path):
    tensors, description = parts(path)
    text = json.dumps({**description, "provenance": {"deep": 0}})
    for depth in range(300, 1100, 7):  # around the interpreter's limit, where parts of it fail
        rewrite(path, tensors, text.replace("0}", "[" * depth + "]" * depth + "}"))
        with pytest.raises(ModelFileError, match=r"checksum|nested|recursion"):
            read_model(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"format_version": 3' + "[" * 100_000])
def test_metadata_that_is_no_json_object_is_refused(path, text):
    tensors, _ = parts(path)
    rewrite(path, tensors, text)
    assert "metadata is" in refusal(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary": (*VOCABULARY[:-1], "a\nb")}, "line break"),
        ({"vocabulary": (*VOCABULARY[:-1], "\ud800")}, "surrogate"),
        ({"vocabulary": (*VOCABULARY[:-1], "up")}, "twice"),
        ({"vocabulary": ("unknown", *VOCABULARY[1:])}, "lacks the piece"),
        ({"vocabulary": list(VOCABULARY)}, "vocabulary is not"),
        ({"labels": ("a", "a", "b")}, "twice"),
        ({"cleaning": ("emoji",)}, "unknown cleaning rule"),
        ({"explanation": "attention"}, "expected one of"),
        ({"max_pieces": 0}, "at least 1"),
        ({"provenance": {"weights": np.zeros(3)}}, "JSON"),
        ({"provenance": None}, "mapping"),
    ],
)
def test_a_model_that_could_not_be_read_again_cannot_be_made(change, message):
    with pytest.raises(InputError, match=message):
        random_model(**change)


def test_a_vocabulary_of_another_size_than_the_embedding_cannot_be_made():
    with pytest.raises(InputError, match="expected 26"):
        replace(random_model(), vocabulary=(*VOCABULARY, "more"))


def test_provenance_is_a_copy():
    provenance = {"seeds": (0, 1)}
    model = random_model(provenance=provenance)
    provenance["seeds"] = ()
    assert model.settings.provenance == {"seeds": [0, 1]}
