"""Attributions on disk: runs that are killed and resumed, reuse, and files that are refused."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_teachers import TEXTS, build, tiny_teacher

from dixtill.distillation.attribution import store as attribution_store
from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.progress.bars import bars_on_terminal
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError
from dixtill.specification.cleaning import DEFAULT_RULES
from dixtill.whole_file import replacing

SETTINGS = AttributionSettings(steps=3)
MANY_TEXTS = [f"{text} {number}" for text in TEXTS for number in range(4)]
TEXTS_PER_SHARD = 4


class CountingAttributor(Attributor):
    """Counts the texts that it was asked to explain."""

    def __init__(self, teacher: Teacher, settings: AttributionSettings = SETTINGS) -> None:
        super().__init__(teacher, settings, rows_per_pass=60)
        self.explained: list[str] = []

    def __call__(self, texts):
        self.explained += texts
        return super().__call__(texts)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution_store, "TEXTS_PER_SHARD", TEXTS_PER_SHARD)


@pytest.fixture
def attributor(bert) -> CountingAttributor:
    return CountingAttributor(bert)


@pytest.fixture
def store(tmp_path: Path) -> AttributionStore:
    return AttributionStore(tmp_path / "attributions")


def contents(store: AttributionStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.folder.iterdir()}


SLOW_RUN = """
import sys, time
from pathlib import Path
import torch
sys.path.insert(0, sys.argv[1])
import test_attribution_store as tests
from dixtill.distillation.attribution import store as attribution_store

class SlowAttributor(tests.CountingAttributor):
    def __call__(self, texts):
        time.sleep(0.05)
        return super().__call__(texts)

torch.set_num_threads(1)
attribution_store.TEXTS_PER_SHARD = tests.TEXTS_PER_SHARD
attributor = SlowAttributor(tests.tiny_teacher("bert"))
tests.AttributionStore(Path(sys.argv[2])).run(attributor, tests.MANY_TEXTS)
"""


def kill_in_the_middle(store: AttributionStore) -> None:
    """Start a run in another process, and end it by SIGKILL after its second shard."""
    arguments = [sys.executable, "-c", SLOW_RUN, str(Path(__file__).parent), str(store.folder)]
    with subprocess.Popen(arguments, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        deadline = time.monotonic() + 60
        while len(list(store.folder.glob("*.parquet"))) < 2:
            assert process.poll() is None, "the run ended before its second shard"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_killed_run_goes_on_and_leaves_the_same_files(store, attributor, tmp_path, bert):
    kill_in_the_middle(store)
    killed = contents(store)
    shards = list(store.folder.glob("*.parquet"))
    stored = {text for path in shards for text in pq.read_table(path)["text"].to_pylist()}
    assert 0 < len(stored) < len(MANY_TEXTS)
    abandoned = store.folder / ".dixtill-0123456789abcdef-0.tmp"
    abandoned.write_bytes(b"half a sha")
    os.utime(abandoned, (0, 0))

    summary = store.run(attributor, MANY_TEXTS)

    assert sorted(attributor.explained) == sorted(set(MANY_TEXTS) - stored)
    assert summary == (len(MANY_TEXTS) - len(stored), len(stored))
    uninterrupted = AttributionStore(tmp_path / "uninterrupted")
    everything = CountingAttributor(bert)
    assert uninterrupted.run(everything, MANY_TEXTS) == (len(MANY_TEXTS), 0)
    assert sorted(everything.explained) == sorted(MANY_TEXTS)
    assert contents(store) == contents(uninterrupted)
    assert all(contents(store)[path.name] == killed[path.name] for path in shards)


def test_a_finished_run_explains_nothing_again(store, attributor):
    store.run(attributor, MANY_TEXTS)
    before, attributor.explained = contents(store), []
    assert store.run(attributor, MANY_TEXTS) == (0, len(MANY_TEXTS))
    assert not attributor.explained
    assert contents(store) == before


def test_shards_hold_as_many_texts_as_they_should(store, attributor):
    store.run(attributor, MANY_TEXTS[:10])
    assert sorted(pq.read_table(p).num_rows for p in store.folder.iterdir()) == [2, 4, 4]


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
        assert row.target == expected.target
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
    store.run(attributor, TEXTS)
    other = CountingAttributor(
        bert if changes else other_teacher(), replace(attributor.settings, **changes)
    )
    with pytest.raises(InputError, match=f"lacks {len(TEXTS)} of {len(TEXTS)} texts"):
        store.read(other, TEXTS)
    assert store.run(other, TEXTS) == (len(TEXTS), 0)
    assert len(store.read(attributor, TEXTS)) == len(store.read(other, TEXTS)) == len(TEXTS)


def test_the_key_says_what_made_the_attributions():
    """The adaptive rule is named only where it is used: gradients without fixed steps."""
    fixed = AttributionSettings(steps=8, precision="bfloat16")
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


def test_no_texts_are_no_work(store, attributor):
    assert store.run(attributor, []) == (0, 0)
    assert store.read(attributor, []) == []
    assert not contents(store)


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
        expected = "is no Parquet file: .*; delete it and run again"
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
        with pytest.raises(InputError, match=f"{path.name} is no Parquet file: "):
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


def test_a_run_leaves_the_files_of_another_alone(store, attributor, bert):
    """The other run is still writing, and some of its texts are the same."""

    def explain(shards):
        for number, texts in enumerate(shards):
            with replacing(store.folder / "others.parquet") as temporary:
                if number == 0:
                    store.run(CountingAttributor(bert), MANY_TEXTS[2:12])
                assert temporary.exists()
                rows = attributor(texts)
                pq.write_table(pa.table({"number": [number]}), temporary)
            (store.folder / "others.parquet").unlink()
            yield number, rows

    summary = store.run(attributor, MANY_TEXTS[:8], explain=explain)
    assert summary == (8, 0)
    stored = [pq.read_table(path)["text"].to_pylist() for path in store.folder.iterdir()]
    assert sum(map(len, stored)) > 12
    assert {text for texts in stored for text in texts} == set(MANY_TEXTS[:12])
    for rows in (
        store.read(attributor, MANY_TEXTS[:12]),
        list(store.known(attributor, MANY_TEXTS[:12]).values()),
        list(store.find(MANY_TEXTS[:12]).values()),
    ):
        assert sorted(row.text for row in rows) == sorted(MANY_TEXTS[:12])
    assert store.run(attributor, MANY_TEXTS[:12]) == (0, 12)


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


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_from_what_was_there_on(store, attributor, monkeypatch):
    store.run(attributor, MANY_TEXTS[:8])
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    store.run(attributor, MANY_TEXTS, bars_on_terminal())
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    first, *_, last = plain.strip().splitlines()
    assert "explaining 24 texts" in last
    tokens = sum(attributor.num_tokens(MANY_TEXTS))
    stored = sum(attributor.num_tokens(MANY_TEXTS[:8]))
    assert f"{stored}/{tokens}" in first
    assert f"{tokens}/{tokens}" in last
    assert re.search(r"tokens; \d:\d\d$", last.strip())


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


@pytest.mark.parametrize("is_asked_for", [False, True])
def test_no_progress_is_drawn_elsewhere(store, attributor, capfd, is_asked_for):
    store.run(attributor, TEXTS, bars_on_terminal() if is_asked_for else None)
    assert capfd.readouterr() == ("", "")


def test_no_progress_is_drawn_on_a_terminal_unless_asked_for(store, attributor, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    store.run(attributor, TEXTS)
    assert terminal.getvalue() == ""


def test_the_tiny_teacher_is_the_same_in_every_process():
    """Otherwise a killed run and the run that resumes it would share no shard."""
    assert Teacher(*build("bert")).fingerprint == tiny_teacher("bert").fingerprint
