"""A student of each cell, from training to the int8 file and its answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_course import TRAIN, VALID, run
from toy_training import CONFIG, NUM_PIECES, Stopped, new_trainer, read_log, trained
from toy_training import VALID as TOY
from watchers import EachEpoch

from dixtill.distillation.config import DistillConfig
from dixtill.distillation.network.quantize import quantize
from dixtill.distillation.network.student import Student
from dixtill.distillation.progress.metrics import EpochMetrics
from dixtill.distillation.student.float_student import float_student
from dixtill.runtime.model_file.settings import StudentSettings
from dixtill.runtime.model_file.shape import CELLS
from dixtill.specification import reference
from dixtill.specification.forward import Forward
from dixtill.specification.model_file import StudentModel, read_model, write_model

pytestmark = pytest.mark.parametrize("cell", CELLS)


def with_cell(cell: str, **changes) -> DistillConfig:
    explanation = "contributions" if cell == "linear" else "gates"
    return replace(CONFIG, cell=cell, explanation=explanation, **changes)


def specified(model: StudentModel, piece_ids) -> Forward:
    ids = np.array(piece_ids, np.int32)
    return reference.forward(model.parameters, ids, np.array([0, len(ids)]))


@torch.no_grad()
def assert_close(model: StudentModel, student: Student, piece_ids) -> None:
    """The specification's answer by a model's file is near the float student's."""
    ids = torch.tensor([list(piece_ids)])
    expected, actual = student(ids, ids >= 0), specified(model, piece_ids)
    np.testing.assert_allclose(actual.logits, expected.logits, atol=0.1, rtol=0)
    np.testing.assert_allclose(actual.contributions, expected.contributions[0], atol=0.1, rtol=0)


@pytest.mark.slow
def test_a_toy_problem_is_learned_and_its_file_answers_as_the_float_student(tmp_path, cell):
    trainer = new_trainer(
        tmp_path / "run", with_cell(cell, epochs=15, dropout=0.0, unknown_rate=0.0)
    )
    best = trainer.run()
    first, last = read_log(tmp_path / "run")[0], read_log(tmp_path / "run")[-1]
    assert {"task", "kl", "explanation", "additivity"} == set(last.terms)
    for term in ("task", "kl", "explanation"):
        assert last.terms[term] < 0.8 * first.terms[term], term
    assert best.accuracy > 0.85
    settings = StudentSettings(
        ("a", "b", "c"), (), True, True, True, 64, trainer.config.explanation, {}
    )
    pieces = ("[UNK]", *(f"piece{number}" for number in range(1, NUM_PIECES)))
    write_model(StudentModel(quantize(trainer.student), pieces, settings), tmp_path / "file")
    model = read_model(tmp_path / "file")
    assert model.shape == trainer.student.shape
    for text in TOY.piece_ids:
        assert_close(model, trainer.student, text)


def test_a_stopped_run_resumes_to_the_same_bits(tmp_path, cell):
    def stop(metrics: EpochMetrics) -> None:
        if metrics.epoch == 2:
            raise Stopped

    config = with_cell(cell)
    expected = trained(tmp_path / "whole", config)
    with pytest.raises(Stopped):
        new_trainer(tmp_path / "stopped", config).run(EachEpoch(stop))
    assert trained(tmp_path / "stopped", config) == expected


def test_a_course_writes_the_cell_and_its_float_student_can_be_loaded_again(bert, tmp_path, cell):
    distilled = run(bert, tmp_path / "run", "dixtill", perturbed=4, cell=cell, embedding_bits=8)
    model = read_model(distilled.path)
    assert (model.shape.cell, model.settings.provenance["config"]["cell"]) == (cell, cell)
    assert model.settings.explanation == ("contributions" if cell == "linear" else "gates")
    again = float_student(tmp_path / "run", model)
    for text in VALID.texts:
        piece_ids = model.tokenizer().read(text, model.settings.cleaning).piece_ids
        assert_close(model, distilled.float_student, piece_ids)
        assert_close(model, again, piece_ids)


def test_kernels_answer_as_specified(bert, tmp_path, cell):
    """The words' weights too, which are sums of the pieces' contributions or their gates."""
    distilled = run(bert, tmp_path / "run", "dixtill", perturbed=4, cell=cell, directions=1)
    model = distilled.model
    assert (model.shape.directions, model.settings.provenance["config"]["directions"]) == (1, 1)
    tokenizer = model.tokenizer()
    for text in TRAIN.texts[:8]:
        tokenized = tokenizer.read(text, model.settings.cleaning)
        expected = specified(model, tokenized.piece_ids)
        answer = distilled.student(text)
        assert list(answer.probabilities.values()) == expected.probabilities[0].tolist()
        weights = reference.word_weights(
            expected, tokenized.word_of_piece, len(tokenized.spans), model.settings.explanation
        )
        assert [word.weight for word in answer.words] == pytest.approx(weights, abs=1e-5)
