"""What a course has its teacher explain."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from pyarrow.parquet import read_table
from small_course import STEPS, TRAIN, VALID, run

from dixtill.distillation import course
from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.errors import InputError
from dixtill.specification.cleaning import clean


def test_attributions_are_made_once_the_run_folder_is_claimed(bert, tmp_path, monkeypatch):
    explain, claims, folder = AttributionStore.run, [], tmp_path / "run"

    def recorded(store, *arguments):
        claims.append(json.loads((folder / "config.json").read_bytes())["attributions"]["steps"])
        return explain(store, *arguments)

    monkeypatch.setattr(AttributionStore, "run", recorded)
    run(bert, folder, "dixtill", perturbed=0)
    assert claims == [STEPS["steps"]]
    with pytest.raises(InputError, match="with another seed"):
        run(bert, folder, "dixtill", perturbed=0, seed=7)
    assert len(claims) == 1


def test_no_more_texts_are_explained_than_asked_for(bert, tmp_path, trained_on):
    kept = tmp_path / "kept"
    for seed in (0, 1):
        run(
            bert, tmp_path / str(seed), "dixtill", perturbed=0, seed=seed, max_explained=3,
            attributions=kept,
        )  # fmt: skip
    first, second = trained_on
    explained = np.flatnonzero(first.attributions.lengths)
    assert len(explained) == 3
    assert explained.tolist() != [0, 1, 2]  # they are drawn
    assert explained.tolist() == np.flatnonzero(second.attributions.lengths).tolist()
    assert sum(shard.num_rows for shard in map(read_table, kept.glob("*.parquet"))) == 3
    expected = bert.predict([clean(text) for text in TRAIN.texts])
    torch.testing.assert_close(first.teacher_logits, expected)


def test_a_teacher_that_is_too_large_to_explain_is_only_asked(bert, tmp_path, trained_on):
    kept = tmp_path / "kept"
    distilled = run(
        bert, tmp_path / "run", "dixtill", perturbed=0, max_explained=0, attributions=kept
    )
    assert not list(kept.glob("*.parquet"))
    assert not trained_on[0].attributions.lengths.any()
    assert set(distilled.history[0].terms) == {"task", "kl", "additivity"}
    assert distilled.model.settings.provenance["attributions"] is None


def test_attributions_of_one_class_are_refused_where_all_are_learned(bert, tmp_path):
    with pytest.raises(InputError, match="'all' needs attributions of every class"):
        run(bert, tmp_path / "run", "dixtill", classes="predicted")
    assert not (tmp_path / "run").exists()
    student = run(bert, tmp_path / "run", "dixtill-paper", classes="predicted")
    assert student.model.settings.explanation == "scores"


def test_folds_share_the_texts_that_are_explained(bert, tmp_path):
    kept = tmp_path / "kept"

    def explained(name: str, rows: range) -> set[str]:
        train = TRAIN.take(rows)
        run(bert, tmp_path / name, "dixtill", train=train, perturbed=0, max_explained=6,
            attributions=kept)  # fmt: skip
        return {
            text
            for shard in kept.glob("*.parquet")
            for text in read_table(shard)["text"].to_pylist()
        }

    first = explained("first", range(len(TRAIN)))
    both = explained("second", range(1, len(TRAIN)))
    assert len(first) == 6
    assert len(both - first) == (TRAIN.texts[0] in first)


def test_a_student_learns_from_the_classes_that_were_explained(bert, tmp_path, trained_on):
    run(bert, tmp_path / "run", "dixtill", perturbed=0, max_explained=4, classes_per_text=2)
    (train,) = trained_on
    rows = np.flatnonzero(train.attributions.lengths)
    assert len(rows) == 4
    for row in rows:
        values = torch.from_numpy(train.attributions[row])
        weights = train.explained[row]
        assert sorted(weights.tolist()) == [0, 1, 2]
        assert weights[train.teacher_logits[row].argmax()] == 1
        assert values.any(dim=0).tolist() == (weights > 0).tolist()


def test_the_labels_of_training_and_validation_texts_are_given(bert, tmp_path, monkeypatch):
    made = []

    class Recorded(Attributor):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments)
            made.append(arguments[3])

    monkeypatch.setattr(course, "Attributor", Recorded)
    run(bert, tmp_path / "run", "dixtill", perturbed=0, max_explained=2)
    (given,) = made
    for corpus in (TRAIN, VALID):
        for text, label in zip(corpus.texts, corpus.labels, strict=True):
            assert label in given[text]
