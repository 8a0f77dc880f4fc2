"""Attributions on disk: what is read again or reused, and files that are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from counting_attributor import MANY_TEXTS, SETTINGS, CountingAttributor, contents
from tiny_teachers import TEXTS, build, tiny_teacher

from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.specification.cleaning import DEFAULT_RULES


def test_a_text_that_occurs_twice_is_explained_once(store, attributor):
    assert store.run(attributor, [*TEXTS, *TEXTS]) == (len(TEXTS), 0)
    assert store.read(attributor, [TEXTS[0], TEXTS[0]])[0].text == TEXTS[0]


def test_what_is_read_is_what_was_explained_in_the_order_asked_for(store, attributor):
    texts = [*TEXTS, "", "https://t.co/x", "up \ud800 now", "up \udfff now"]
    store.run(attributor, texts)
    rows = store.read(attributor, texts[::-1])
    assert [row.text for row in rows] == texts[::-1]
    for row in rows:
        assert isinstance(row, Attribution)
        (expected,) = attributor([row.text])
        assert row.predicted == expected.predicted
        assert (row.starts, row.ends) == (expected.starts, expected.ends)
        assert row.num_tokens == expected.num_tokens
        for name in ("logits", "attributions", "output", "baseline_output", "completeness_error"):
            np.testing.assert_allclose(getattr(row, name), getattr(expected, name), atol=1e-5)


def test_the_attributions_of_every_class_are_kept(store, bert):
    attributor = Attributor(bert, replace(SETTINGS, classes="all"))
    texts = [*TEXTS, ""]
    store.run(attributor, texts)
    for row, expected in zip(store.read(attributor, texts), attributor(texts), strict=True):
        assert len(row.by_class) == 3
        assert all(isinstance(words, tuple) for words in row.by_class)
        for words, others in zip(row.by_class, expected.by_class, strict=True):
            assert words == pytest.approx(others, abs=1e-5)


def test_another_list_of_texts_reuses_what_is_there(store, attributor):
    store.run(attributor, MANY_TEXTS[:10])
    before, attributor.explained = contents(store), []
    assert store.run(attributor, MANY_TEXTS[5:20]) == (10, 5)
    assert sorted(attributor.explained) == sorted(MANY_TEXTS[10:20])
    assert before.items() <= contents(store).items()
    assert len(store.read(attributor, MANY_TEXTS[:20])) == 20


def other_teacher() -> Teacher:
    model, tokenizer = build("bert")
    model.classifier.bias.data[0] += 1
    return Teacher(model, tokenizer)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 4},
        {"layer": "word_embeddings"},
        {"output": "probability"},
        {"classes": "predicted"},
        {"quadrature": "riemann_middle"},
        {"cleaning": ()},
        {"explainer": "captum"},
        {"steps": None},
        {"steps": None, "tolerance": 0.01},
        {"steps": None, "max_steps": 31},
        {"precision": "bfloat16"},
        {},
    ],
    ids=lambda changes: ", ".join(changes) or "teacher",
)
def test_another_teacher_or_setting_reuses_nothing(store, attributor, bert, changes):
    texts = TEXTS[:3]
    store.run(attributor, texts)
    other = CountingAttributor(
        bert if changes else other_teacher(), replace(attributor.settings, **changes)
    )
    with pytest.raises(InputError, match=f"lacks {len(texts)} of {len(texts)} texts"):
        store.read(other, texts)
    assert store.run(other, texts) == (len(texts), 0)
    assert len(store.read(attributor, texts)) == len(store.read(other, texts)) == len(texts)


def test_the_key_says_what_made_the_attributions():
    """The adaptive rule is named only where it is used: gradients without fixed steps."""
    fixed = AttributionSettings(steps=8, classes="all", precision="bfloat16")
    assert fixed.as_dict() == {
        "layer": "embeddings", "output": "logit", "classes": "all",
        "explainer": "integrated_gradients", "tolerance": 0.08, "max_steps": 63, "steps": 8,
        "quadrature": "gausslegendre", "precision": "bfloat16", "cleaning": DEFAULT_RULES,
        "symbols": True,
    }  # fmt: skip
    assert AttributionSettings().as_dict()["quadrature"] == "adaptive_simpson"
    captums = AttributionSettings(explainer="captum")
    assert captums.as_dict()["quadrature"] == "gausslegendre"


def test_absent_texts_say_what_to_do(store, attributor):
    store.run(attributor, TEXTS)
    with pytest.raises(InputError, match=r"lacks 1 of 2 texts .* run `dixtill attribute` with"):
        store.read(attributor, [TEXTS[0], "unheard of"])


def test_a_folder_that_is_not_there_lacks_every_text(store, attributor):
    with pytest.raises(InputError, match="lacks 8 of 8 texts"):
        store.read(attributor, TEXTS)


def test_without_texts_there_is_nothing_to_do(store, attributor):
    assert store.run(attributor, []) == (0, 0)
    assert store.read(attributor, []) == []
    assert not contents(store)


@pytest.mark.slow
@pytest.mark.parametrize("use", ["run", "read"])
@pytest.mark.parametrize("damage", ["truncated", "no parquet", "empty", "foreign"])
def test_a_damaged_or_foreign_file_is_refused(store, attributor, damage, use):
    store.run(attributor, TEXTS)
    path = min(store.folder.iterdir())
    if damage == "foreign":
        pq.write_table(pa.table({"text": list(TEXTS)}), path)
        expected = "holds no attributions of this version; use another folder"
    else:
        whole = path.read_bytes()
        damages = {"truncated": whole[:-100], "no parquet": b"text,label\n" * 99, "empty": b""}
        path.write_bytes(damages[damage])
        expected = "is not a Parquet file: .*; delete it and run again"
    uses = {
        "run": lambda: store.run(attributor, TEXTS),
        "read": lambda: store.read(attributor, TEXTS),
    }
    with pytest.raises(InputError, match=f"{path.name} {expected}"):
        uses[use]()


def test_each_shard_may_be_cut_anywhere(store, attributor):
    store.run(attributor, TEXTS[:2])
    (path,) = store.folder.iterdir()
    content = path.read_bytes()
    for length in {0, 1, 3, 4, *range(11, len(content), 997), len(content) - 1}:
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=f"{path.name} is not a Parquet file: "):
            store.run(attributor, TEXTS[:2])


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("key", None, "holds no attributions of this version; use another folder"),
        ("key", "0123", "holds no attributions of this version; use another folder"),
        ("target", 99, "is damaged .*; delete it and run again"),
        ("starts", None, "is damaged .*; delete it and run again"),
        ("logits", [float("nan")] * 3, "is damaged .*is not finite.*; delete it and run again"),
        ("attributions", [0.5], "is damaged .*does not fit its words.*; delete it and run again"),
    ],
)
def test_rows_of_something_else_are_one_sentence(store, attributor, column, value, sentence):
    store.run(attributor, TEXTS[:1])
    (path,) = store.folder.iterdir()
    table = pq.read_table(path)
    index = table.column_names.index(column)
    field = table.field(index)
    pq.write_table(table.set_column(index, field, pa.array([value], field.type)), path)
    with pytest.raises(InputError, match=f"{path.name} {sentence}"):
        store.find(TEXTS[:1])


def test_without_a_teacher_what_is_found_is_of_one_teacher_and_one_setting(store, attributor, bert):
    texts = [*TEXTS[:2], "up \ud800 now", "up \udfff now"]  # stored as the same text
    store.run(attributor, texts)
    assert set(store.find([*texts, "up ? now"])) == set(texts)
    store.run(CountingAttributor(other_teacher()), TEXTS[2:4])
    assert set(store.find(texts)) == set(texts)
    with pytest.raises(InputError, match="attributions of 2 teachers; use a separate folder for"):
        store.find(TEXTS[:4])
    assert set(store.find(TEXTS[:4], bert.fingerprint)) == set(TEXTS[:2])
    assert set(store.find(TEXTS[:4], other_teacher().fingerprint)) == set(TEXTS[2:4])
    with pytest.raises(InputError, match="of another teacher than the student's; explain the"):
        store.find(TEXTS[:4], "2-of another")
    assert store.find(["unheard of"], "2-of another") == {}
    store.run(CountingAttributor(bert, replace(SETTINGS, steps=4)), TEXTS[:1])
    with pytest.raises(InputError, match="attributions of 2 settings; use a separate folder for"):
        store.find(TEXTS[:2])


def test_what_this_teacher_explained_is_known_of_any_texts(store, attributor, bert):
    store.run(attributor, MANY_TEXTS[:8])
    asked = [*MANY_TEXTS[4:12], MANY_TEXTS[4]]
    known = store.known(attributor, asked)
    assert list(known.values()) == store.read(attributor, list(known))
    assert set(known) == set(MANY_TEXTS[4:8])
    assert all(row.text == text for text, row in known.items())
    others = CountingAttributor(bert, AttributionSettings(steps=4))
    assert store.known(others, asked) == {}
    assert AttributionStore(store.folder / "absent").known(attributor, asked) == {}


def test_the_tiny_teacher_is_the_same_in_every_process():
    """Otherwise a killed run and the run that resumes it would share no shard."""
    assert Teacher(*build("bert")).fingerprint == tiny_teacher("bert").fingerprint
