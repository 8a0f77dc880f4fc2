"""Compares the ONNX graph with PyTorch, the native kernels and Hugging Face's tokenizer."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from tiny_students import random_model
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

import dixtill
from dixtill.cli import main
from dixtill.distillation.network.quantize import dequantized
from dixtill.distillation.student.float_student import float_student
from dixtill.errors import InputError
from dixtill.export.onnx_graph import onnx_student, write_onnx
from dixtill.runtime.classifier import Classifier
from dixtill.runtime.model_file.shape import CELLS
from dixtill.sklearn import DixtillClassifier
from dixtill.specification.model_file import read_model

ort = pytest.importorskip("onnxruntime", reason="needs ONNX Runtime: pip install onnxruntime")

TEXTS = ["Apple shares jump after record earnings", "profit falls", "up!", ""]
QUANTIZATION = 0.05  # of a probability: int8 activations, or not


def session(content: bytes):
    return ort.InferenceSession(content, providers=["CPUExecutionProvider"])


def padded(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    longest = max(1, *map(len, rows))
    mask = np.array([[place < len(row) for place in range(longest)] for row in rows])
    ids = np.array([row + [0] * (longest - len(row)) for row in rows], np.int64)
    return ids, mask


def random_rows(num_pieces: int, lengths: list[int]) -> list[list[int]]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, num_pieces, length).tolist() for length in lengths]


@pytest.mark.parametrize("lengths", [[1], [12], [7, 1, 30, 0, 12], [3] * 40, [0]], ids=str)
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_the_graph_answers_as_the_pytorch_student(lengths, directions, cell):
    model = random_model(seed=directions, cell=cell, directions=directions)
    ids, mask = padded(random_rows(model.shape.num_pieces, lengths))
    with torch.no_grad():
        output = dequantized(model.parameters)(torch.tensor(ids), torch.tensor(mask))
    run = session(onnx_student(model).SerializeToString()).run
    probabilities, logits, contributions, attention = run(None, {"piece_ids": ids, "mask": mask})
    np.testing.assert_allclose(logits, output.logits, atol=1e-5, rtol=0)
    np.testing.assert_allclose(probabilities, output.logits.softmax(dim=1), atol=1e-5, rtol=0)
    np.testing.assert_allclose(contributions, output.contributions, atol=1e-5, rtol=0)
    np.testing.assert_allclose(attention, output.attention, atol=1e-5, rtol=0)
    assert (contributions[~mask] == 0).all()
    assert (attention[~mask] == 0).all()


@pytest.mark.parametrize("cell", CELLS)
def test_what_padding_holds_changes_nothing(cell):
    model = random_model(cell=cell)
    ids, mask = padded(random_rows(model.shape.num_pieces, [5, 2]))
    run = session(onnx_student(model).SerializeToString()).run
    expected = run(None, {"piece_ids": ids, "mask": mask})
    longer = ((0, 0), (0, 3))
    wider = {"piece_ids": np.pad(ids, longer, constant_values=4), "mask": np.pad(mask, longer)}
    probabilities, logits, contributions, attention = run(None, wider)
    np.testing.assert_allclose(probabilities, expected[0], atol=1e-6)
    np.testing.assert_allclose(logits, expected[1], atol=1e-6)
    np.testing.assert_allclose(contributions[:, :5], expected[2], atol=1e-6)
    np.testing.assert_allclose(attention[:, :5], expected[3], atol=1e-6)


def test_metadata_and_another_tokenizer_are_enough_to_answer_texts_as_the_kernels_do(tmp_path):
    assert main(["export", "--onnx", str(tmp_path / "s.onnx")]) == 0
    shipped = dixtill.load()
    of_file = session((tmp_path / "s.onnx").read_bytes())
    metadata = of_file.get_modelmeta().custom_metadata_map
    settings = json.loads(metadata["tokenizer"])
    pieces = metadata["vocabulary"].split("\n")
    tokenizer = Tokenizer(WordPiece({p: i for i, p in enumerate(pieces)}, unk_token=pieces[0]))
    tokenizer.normalizer = BertNormalizer(
        lowercase=settings["lowercase"], strip_accents=settings["strip_accents"]
    )
    tokenizer.pre_tokenizer = BertPreTokenizer()
    ids, mask = padded([encoding.ids for encoding in tokenizer.encode_batch(TEXTS)])
    probabilities = of_file.run(["probabilities"], {"piece_ids": ids, "mask": mask})[0]
    assert json.loads(metadata["labels"]) == list(shipped.labels)
    for row, answer in zip(probabilities, shipped(TEXTS), strict=True):
        native = list(answer.probabilities.values())
        np.testing.assert_allclose(row, native, atol=QUANTIZATION, rtol=0)
        assert shipped.labels[row.argmax()] == answer.label


def test_contributions_are_the_weights_of_a_student_that_shows_them(tmp_path):
    shipped = read_model(dixtill.SHIPPED_MODEL)
    settings = shipped.settings._replace(explanation="contributions")
    model = replace(shipped, settings=settings)
    write_onnx(model, tmp_path / "s.onnx")
    answer = Classifier(model)("profit falls")
    text = model.tokenizer()("profit falls")
    ids, mask = padded([list(text.piece_ids)])
    run = session((tmp_path / "s.onnx").read_bytes()).run
    shares = run(["contributions"], {"piece_ids": ids, "mask": mask})[0][0]
    label = model.settings.labels.index(str(answer.label))
    by_piece = shares[:, label] - shares.mean(axis=1)
    by_word = np.bincount(text.word_of_piece, weights=by_piece)
    weights = [word.weight for word in answer.words]
    np.testing.assert_allclose(by_word, weights, atol=0.1, rtol=0)


def test_contributions_and_attention_give_the_words_weights_by_gates(tmp_path):
    write_onnx(read_model(dixtill.SHIPPED_MODEL), tmp_path / "s.onnx")
    (answer,) = dixtill.infer(["profit falls"])
    model = read_model(dixtill.SHIPPED_MODEL)
    text = model.tokenizer()("profit falls")
    ids, mask = padded([list(text.piece_ids)])
    run = session((tmp_path / "s.onnx").read_bytes()).run
    assert model.settings.explanation == "gates"
    outputs = run(["contributions", "attention"], {"piece_ids": ids, "mask": mask})
    shares, attention = (output[0] for output in outputs)
    label = model.settings.labels.index(str(answer.label))
    by_piece = shares[:, label] - shares.mean(axis=1)
    added = np.bincount(text.word_of_piece, weights=by_piece)
    attended = np.bincount(text.word_of_piece, weights=attention)
    total = attended.sum()
    log = -np.log(1 - total)  # ADR 16
    expected = log / total * added - (log - total) / total**2 * attended * added.sum()
    weights = [word.weight for word in answer.words]
    np.testing.assert_allclose(expected, weights, atol=0.1, rtol=0)


@pytest.fixture(scope="module", params=CELLS)
def trained(request, tmp_path_factory, texts, directions) -> Path:
    """A student's file beside its run folder."""
    from dixtill.distillation.data.corpus import Corpus

    folder = tmp_path_factory.mktemp("trained")
    labels = tuple(("down", "up").index(name) for name in directions)
    corpus = Corpus(tuple(texts), labels, ("down", "up"))
    sizes = {"epochs": 3, "embedding_dim": 6, "hidden_dim": 5, "attention_dim": 4}
    sizes["cell"] = request.param
    distilled = dixtill.distill(
        None, corpus, corpus, out=folder / "s.safetensors", method="none", **sizes
    )
    torch.save(distilled.float_student.state_dict(), folder / "float.pt")
    return folder / "s.safetensors"


def test_with_the_run_folder_the_weights_are_those_before_rounding(trained, tmp_path, capsys):
    fixed = ["export", "--model", str(trained), "--onnx"]
    assert main([*fixed, str(tmp_path / "f.onnx"), "--run", f"{trained}.run"]) == 0
    assert main([*fixed, str(tmp_path / "q.onnx")]) == 0
    assert "bytes, down, up" in capsys.readouterr().out
    model = read_model(trained)
    student = dequantized(model.parameters)
    ids, mask = padded(random_rows(model.shape.num_pieces, [4, 9]))
    arrays = torch.tensor(ids), torch.tensor(mask)
    with torch.no_grad():
        rounded = student(*arrays).logits
        student.load_state_dict(torch.load(trained.parent / "float.pt"))
        exact = student(*arrays).logits
    assert not torch.allclose(rounded, exact, atol=1e-4)
    for name, expected in (("f.onnx", exact), ("q.onnx", rounded)):
        run = session((tmp_path / name).read_bytes()).run
        logits = run(["logits"], {"piece_ids": ids, "mask": mask})[0]
        np.testing.assert_allclose(logits, expected, atol=1e-5, rtol=0)


def test_another_run_than_the_models_is_refused(trained, tmp_path, student, capsys):
    with pytest.raises(InputError, match="holds another run"):
        float_student(Path(f"{trained}.run"), random_model())
    with pytest.raises(InputError, match="holds no run"):
        float_student(tmp_path, random_model())
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="cannot be read as a run's checkpoint"):
        float_student(tmp_path, random_model())
    arguments = ["--onnx", str(tmp_path / "s.onnx"), "--model", str(student)]
    assert main(["export", *arguments, "--run", f"{trained}.run"]) == 2
    assert "another run" in capsys.readouterr().err
    assert not (tmp_path / "s.onnx").exists()


def test_parameters_of_another_shape_are_refused():
    with pytest.raises(InputError, match=r"the float student's 'embedding.weight' is not"):
        onnx_student(random_model(), {"embedding.weight": np.zeros((2, 2), np.float32)})


def test_the_same_student_gives_the_same_bytes_and_needs_no_torch(student, tmp_path):
    script = (
        "import sys\nfrom dixtill.cli import main\n"
        "code = main(['export', '--model', sys.argv[1], '--onnx', sys.argv[2]])\n"
        "assert code == 0 and 'torch' not in sys.modules"
    )
    for name in ("a.onnx", "b.onnx"):
        command = [sys.executable, "-c", script, str(student), str(tmp_path / name)]
        subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    onnx.checker.check_model(onnx.load(tmp_path / "a.onnx"), full_check=True)


def test_a_fitted_classifier_can_be_exported(texts, directions, tmp_path):
    fitted = DixtillClassifier(epochs=1, embedding_dim=6, hidden_dim=5).fit(texts, directions)
    fitted.save(tmp_path / "s.safetensors")
    arguments = ["--model", str(tmp_path / "s.safetensors"), "--onnx", str(tmp_path / "s.onnx")]
    assert main(["export", *arguments]) == 0


def test_a_file_that_cannot_be_written_is_one_sentence(student, tmp_path, capsys):
    arguments = ["--model", str(student), "--onnx", str(tmp_path / "none" / "s.onnx")]
    assert main(["export", *arguments]) == 2
    assert "none is not a folder, so s.onnx cannot be written there" in capsys.readouterr().err
