"""Attributions of some classes: the margins of those chosen, stored, reused and learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from captum.attr import LayerIntegratedGradients
from counting_attributor import MANY_TEXTS, SETTINGS, CountingAttributor, contents
from quick_attributions import explain
from test_attributions_beside_captum import baseline_ids, summed_over_words
from tiny_teachers import TEXTS, build
from transformers import BertConfig, BertForSequenceClassification

from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.attribution.chosen_classes import choose_classes
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

SOME = replace(SETTINGS, classes="some")  # three of the eight of `many`


def of_eight_classes() -> Teacher:
    model, tokenizer = build("bert")
    config = model.config.to_dict()
    config["id2label"] = {number: f"class {number}" for number in range(8)}
    del config["label2id"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        return Teacher(BertForSequenceClassification(BertConfig(**config)), tokenizer)


@pytest.fixture(scope="module")
def many() -> Teacher:
    return of_eight_classes()


def test_each_row_is_the_class_less_the_mean_of_all(any_teacher):
    some = explain(any_teacher, TEXTS, classes="some", classes_per_text=2)
    for row, other in zip(some, explain(any_teacher, TEXTS, classes="all"), strict=True):
        assert len(row.by_class) == 2
        assert (row.classes, row.chances) == choose_classes(row.text, row.logits, (), 2)
        every = np.array(other.by_class)
        margins = every - every.mean(axis=0)
        np.testing.assert_allclose(row.by_class, margins[list(row.classes)], atol=1e-5)
        assert row.by_class[row.classes.index(row.predicted)] == row.attributions
        margin = max(row.logits) - sum(row.logits) / 3
        assert row.output == pytest.approx(margin, abs=1e-5)


def test_nothing_is_subtracted_where_a_text_may_have_several_classes():
    teacher = of_eight_classes()
    teacher.output = "sigmoid"
    some = explain(teacher, [*TEXTS], classes="some")
    for row, other in zip(some, explain(teacher, [*TEXTS], classes="all"), strict=True):
        np.testing.assert_allclose(
            row.by_class, np.array(other.by_class)[list(row.classes)], atol=1e-5
        )


@pytest.mark.parametrize("explained", ["logit", "probability"])
def test_each_row_is_captums(many, explained):
    def margins(ids, mask):
        logits = many.model(input_ids=ids, attention_mask=mask).logits
        answers = logits.softmax(dim=1) if explained == "probability" else logits
        return answers - answers.mean(dim=1, keepdim=True)

    captums = LayerIntegratedGradients(margins, many.embeddings)
    some = explain(many, TEXTS[:4], classes="some", output=explained)
    for row in some:
        ids, baseline, offsets = baseline_ids(many, row.text)
        for label, words in zip(row.classes, row.by_class, strict=True):
            by_token = captums.attribute(
                ids, baseline, target=label, additional_forward_args=(torch.ones_like(ids),),
                n_steps=6,
            )  # fmt: skip
            expected = summed_over_words(by_token.sum(dim=2)[0], offsets, row)
            np.testing.assert_allclose(words, expected, atol=1e-5)


@pytest.mark.parametrize("explainer", ["captum", "gradient_x_input"])
def test_other_explainers_explain_the_same_classes(many, explainer):
    ours, theirs = (
        explain(many, TEXTS[:3], classes="some", explainer=name)
        for name in ("integrated_gradients", explainer)
    )
    for row, other in zip(ours, theirs, strict=True):
        assert row.classes == other.classes
        if explainer == "captum":
            np.testing.assert_allclose(row.by_class, other.by_class, atol=1e-5)


def test_few_classes_are_all_explained_as_ever(bert):
    """The keys of stored attributions stay what they were in version 1.0."""
    attributor = Attributor(bert, AttributionSettings(steps=3))
    assert attributor.settings == replace(SETTINGS, classes="all")
    assert "classes_per_text" not in attributor.settings.as_dict()
    (row,) = attributor(TEXTS[:1])
    assert len(row.by_class) == 3
    assert row.classes == row.chances == ()
    assert SOME.as_dict()["classes_per_text"] == 3


def test_what_is_read_names_the_classes(store, many):
    attributor = CountingAttributor(many, SOME)
    store.run(attributor, TEXTS)
    for row, expected in zip(store.read(attributor, TEXTS), attributor(TEXTS), strict=True):
        assert row.classes == expected.classes
        assert row.chances == pytest.approx(expected.chances)
        np.testing.assert_allclose(row.by_class, expected.by_class, atol=1e-5)


def test_a_stopped_run_leaves_the_same_files(store, tmp_path, many):
    store.run(CountingAttributor(many, SOME), MANY_TEXTS)
    stopped = AttributionStore(tmp_path / "stopped")

    class Stopping(CountingAttributor):
        def __call__(self, texts):
            if len(self.explained) > len(MANY_TEXTS) // 2:
                raise KeyboardInterrupt
            return super().__call__(texts)

    with pytest.raises(KeyboardInterrupt):
        stopped.run(Stopping(many, SOME), MANY_TEXTS)
    resumed = CountingAttributor(many, SOME)
    stopped.run(resumed, MANY_TEXTS)
    assert 0 < len(resumed.explained) < len(MANY_TEXTS)
    assert contents(stopped) == contents(store)


@pytest.mark.parametrize("kept", [4, 0])
def test_given_classes_are_explained_and_only_texts_that_lack_them_again(store, many, kept):
    unlabeled = CountingAttributor(many, SOME)
    store.run(unlabeled, TEXTS)
    before = store.read(unlabeled, TEXTS)
    second = [int(np.argsort(row.logits)[-2]) for row in before]
    last = [int(np.argmin(row.logits)) for row in before]
    labels = [*second[:kept], *last[kept:]]  # those of the first texts were explained anyway
    given = {text: (label,) for text, label in zip(TEXTS, labels, strict=True)}
    labeled = CountingAttributor(many, SOME, given)
    assert store.run(labeled, TEXTS) == (8 - kept, kept)
    assert set(labeled.explained) == set(TEXTS[kept:])
    for row, label in zip(store.read(labeled, TEXTS), labels, strict=True):
        assert row.chances[row.classes.index(label)] == 1
    assert store.read(unlabeled, TEXTS) == before
    assert store.run(labeled, TEXTS) == store.run(unlabeled, TEXTS) == (0, 8)


def test_shards_of_version_1_0_are_read(store, bert):
    attributor = CountingAttributor(bert, replace(SETTINGS, classes="all"))
    store.run(attributor, TEXTS[:2])
    (path,) = store.folder.iterdir()
    table = pq.read_table(path)
    expected = store.read(attributor, TEXTS[:2])
    pq.write_table(table.drop_columns(["classes", "chances"]), path)
    assert store.run(attributor, TEXTS[:2]) == (0, 2)
    assert store.read(attributor, TEXTS[:2]) == expected
    assert store.find(TEXTS[:2]) == {row.text: row for row in expected}


@pytest.mark.parametrize(
    ("column", "value"),
    [("classes", [0]), ("classes", [0, 1, 8]), ("classes", [0, 1, 1]), ("classes", None),
     ("chances", [1.0]), ("chances", [1.0, 1.0, 0.0]), ("chances", None), ("by_class", [])],
)  # fmt: skip
def test_rows_that_do_not_fit_their_classes_are_refused(store, many, column, value):
    store.run(CountingAttributor(many, SOME), TEXTS[:1])
    (path,) = store.folder.iterdir()
    table = pq.read_table(path)
    index = table.column_names.index(column)
    field = table.field(index)
    pq.write_table(table.set_column(index, field, pa.array([value], field.type)), path)
    with pytest.raises(InputError, match=f"{path.name} is damaged .*; delete it and run again"):
        store.find(TEXTS[:1])
