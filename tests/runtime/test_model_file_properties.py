"""Whatever happens to a model file, reading it gives the model that was written or a sentence."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
import safetensors.numpy
from tiny_students import random_model

from dixtill.errors import ModelFileError
from dixtill.specification.model_file import read_model, write_model

hypothesis = pytest.importorskip("hypothesis", reason="draws damaged files with hypothesis")
st = pytest.importorskip("hypothesis.strategies")

pytestmark = pytest.mark.python_only

MODEL = random_model()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "student.safetensors"
    write_model(MODEL, path)
    return path


@pytest.fixture(scope="module")
def content(path):
    return path.read_bytes()


@pytest.fixture(scope="module")
def header_size(content):
    return 8 + int.from_bytes(content[:8], "little")


def settle(path, content):
    """Read `content`: a refusal, or the very model."""
    path.write_bytes(content)
    try:
        model = read_model(path)
    except ModelFileError:
        return
    assert model.parameters.cell == MODEL.parameters.cell
    for name, ours in MODEL.parameters.arrays().items():
        assert (ours == model.parameters.arrays()[name]).all(), name
    settings = [field.name for field in fields(MODEL) if field.name != "parameters"]
    assert [getattr(model, name) for name in settings] == [
        getattr(MODEL, name) for name in settings
    ]


PLACE = st.floats(0, 1, exclude_max=True)
MANY = hypothesis.settings(max_examples=400, deadline=None)


@hypothesis.given(flips=st.lists(st.tuples(st.booleans(), PLACE, st.integers(1, 255)), max_size=4))
@MANY
def test_flipped_bytes_never_pass_unnoticed(path, content, header_size, flips):
    changed = bytearray(content)
    for in_header, place, mask in flips:
        changed[int(place * (header_size if in_header else len(content)))] ^= mask
    settle(path, bytes(changed))


@hypothesis.given(start=PLACE, removed=st.integers(0, 64), inserted=st.binary(max_size=16))
@MANY
def test_removed_and_inserted_bytes_never_pass_unnoticed(
    path, content, header_size, start, removed, inserted
):
    at = int(start * (header_size + 100))
    settle(path, content[:at] + inserted + content[at + removed :])


@hypothesis.given(place=PLACE)
@MANY
def test_a_truncated_file_is_refused(path, content, place):
    path.write_bytes(content[: int(place * len(content))])
    with pytest.raises(ModelFileError):
        read_model(path)


@hypothesis.given(noise=st.binary(max_size=200))
@MANY
def test_noise_is_refused(path, noise):
    path.write_bytes(noise)
    with pytest.raises(ModelFileError):
        read_model(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@hypothesis.given(data=st.data(), value=JSON)
@MANY
def test_any_other_description_is_refused(path, content, data, value):
    tensors = safetensors.numpy.load(content)
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    description = json.loads(header["__metadata__"]["dixtill"])
    target = data.draw(st.sampled_from([description, description["tokenizer"]]))
    key = data.draw(st.sampled_from(sorted(target)))
    hypothesis.assume(json.dumps(target[key]) != json.dumps(value))
    target[key] = value
    path.write_bytes(safetensors.numpy.save(tensors, {"dixtill": json.dumps(description)}))
    with pytest.raises(ModelFileError):
        read_model(path)
