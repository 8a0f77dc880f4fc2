"""The metadata of a model file: its format, settings and provenance, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from rewritten_model_files import parts, refusal, rewrite
from tiny_students import VOCABULARY, random_model

from dixtill.errors import InputError, ModelFileError
from dixtill.runtime.classifier import Classifier, load_classifier
from dixtill.runtime.model_file import settings as model_settings
from dixtill.specification.model_file import read_model, write_model


def test_a_newer_and_an_older_format_are_refused(path):
    tensors, description = parts(path)
    rewrite(path, tensors, {**description, "format_version": 6})
    assert "is of format 6, expected 3 or 4 or 5; upgrade dixtill" in refusal(path)
    rewrite(path, tensors, {**description, "format_version": 2})
    assert "is of format 2, expected 3 or 4 or 5; write it again with `dixtill" in refusal(path)


def test_a_student_of_format_3_keeps_its_rules(tmp_path):
    """Its answers are those that it gave when format 3 was current."""
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
    rewrite(path, {"other": np.zeros(1)}, {"format_version": 6})
    assert "is of format 6" in refusal(path)


def rewrite_with_checksum(path, tensors, description) -> None:
    """Write what a description says now, with the checksum of that."""
    del description["sha256"]
    described = [(n, str(t.dtype), t.shape, t.data.cast("B")) for n, t in tensors.items()]
    description["sha256"] = model_settings.digest(description, described)
    rewrite(path, tensors, json.dumps(description, sort_keys=True))


def test_a_student_of_format_4_has_lstm_cells(tmp_path):
    model = random_model()
    old = tmp_path / "old.safetensors"
    write_model(model, old)
    tensors, description = parts(old)
    del description["cell"], description["output"]
    rewrite_with_checksum(old, tensors, {**description, "format_version": 4})
    assert read_model(old).shape.cell == "lstm"
    assert load_classifier(old)("Apple up") == Classifier(model)("Apple up")


def test_a_file_that_does_not_say_so_has_both_directions(path):
    tensors, description = parts(path)
    assert "directions" not in description
    rewrite_with_checksum(path, tensors, {**description, "directions": 2})
    assert read_model(path).shape == random_model().shape


def test_a_student_of_one_direction_has_no_backward_tensors(tmp_path):
    model = random_model(directions=1)
    path = tmp_path / "m.safetensors"
    write_model(model, path)
    tensors, description = parts(path)
    assert description["directions"] == 1
    assert not any(name.startswith("backward") for name in tensors)
    assert read_model(path).shape == model.shape == random_model().shape._replace(directions=1)
    assert load_classifier(path)("Apple up") == Classifier(model)("Apple up")
    del description["directions"]
    rewrite(path, tensors, description)
    assert "tensor 'backward_bias' is missing" in refusal(path)


def test_a_file_with_more_directions_than_it_says_is_refused(path):
    tensors, description = parts(path)
    rewrite(path, tensors, {**description, "directions": 1})
    assert "tensor 'backward_bias' is unknown" in refusal(path)


@pytest.mark.parametrize("explanation", ["gates", "scores"])
def test_linear_cells_are_explained_by_contributions_alone(tmp_path, explanation):
    with pytest.raises(InputError, match="choose the explanation 'contributions'"):
        random_model(cell="linear", explanation=explanation)
    path = tmp_path / "m.safetensors"
    write_model(random_model(cell="linear"), path)
    tensors, description = parts(path)
    rewrite(path, tensors, {**description, "explanation": explanation})
    with pytest.raises(ModelFileError, match=f"the explanation '{explanation}' is not for linear"):
        read_model(path)


def test_a_file_whose_cell_is_another_than_its_tensors_is_refused(path):
    tensors, description = parts(path)
    rewrite(path, tensors, {**description, "cell": "gru"})
    assert "weight 'forward_weight_q8' has shape [20, 11], expected [15, 11]" in refusal(path)


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["format_version"], "1", "format_version '1'"),
        (["format_version"], True, "format_version True"),
        (["format_version"], 0, "format_version 0"),
        (["cell"], 1, "lacks 'cell', or it is not a string"),
        (["cell"], "rnn", "cell is 'rnn', expected one of lstm, gru"),
        (["directions"], 3, "directions is 3, expected 1 or 2"),
        (["directions"], 0, "directions is 0, expected 1 or 2"),
        (["directions"], True, "directions is True, expected 1 or 2"),
        (["directions"], [1], r"directions is \[1\], expected 1 or 2"),
        (["output"], "hinge", "output is 'hinge', expected one of softmax, sigmoid, number"),
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
def test_metadata_that_is_not_a_json_object_is_refused(path, text):
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
