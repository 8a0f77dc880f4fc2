"""Take a model file apart, write it again with changes, and read how it is refused."""

from __future__ import annotations

import json

import pytest
import safetensors.numpy

from dixtill.errors import ModelFileError
from dixtill.specification.model_file import read_model


def parts(path):
    """Tensors and description of a model file, to be changed by a test."""
    tensors = {name: array.copy() for name, array in safetensors.numpy.load_file(path).items()}
    with safetensors.safe_open(path, "np") as file:
        return tensors, json.loads(file.metadata()["dixtill"])


def rewrite(path, tensors, description):
    text = description if isinstance(description, str) else json.dumps(description)
    safetensors.numpy.save_file(tensors, path, {"dixtill": text})


def refusal(path):
    """The sentence with which a file is refused: it names the file and what was expected."""
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "expected" in sentence
    assert "\n" not in sentence
    return sentence
