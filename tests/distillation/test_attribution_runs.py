"""Runs of a store of attributions: killed and resumed, side by side, with and without a bar."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from counting_attributor import MANY_TEXTS, CountingAttributor, contents
from tiny_teachers import TEXTS

from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.progress.bars import bars_on_terminal
from dixtill.whole_file import replacing

SLOW_RUN = """
import sys, time
from pathlib import Path
import torch
sys.path.insert(0, sys.argv[1])
from counting_attributor import MANY_TEXTS, TEXTS_PER_SHARD, CountingAttributor
from tiny_teachers import tiny_teacher
from dixtill.distillation.attribution import store as attribution_store

class SlowAttributor(CountingAttributor):
    def __call__(self, texts):
        time.sleep(0.05)
        return super().__call__(texts)

torch.set_num_threads(1)
attribution_store.TEXTS_PER_SHARD = TEXTS_PER_SHARD
attributor = SlowAttributor(tiny_teacher("bert"))
attribution_store.AttributionStore(Path(sys.argv[2])).run(attributor, MANY_TEXTS)
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


@pytest.mark.parametrize("is_asked_for", [False, True])
def test_no_progress_is_drawn_elsewhere(store, attributor, capfd, is_asked_for):
    store.run(attributor, TEXTS, bars_on_terminal() if is_asked_for else None)
    assert capfd.readouterr() == ("", "")


def test_no_progress_is_drawn_on_a_terminal_unless_asked_for(store, attributor, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    store.run(attributor, TEXTS)
    assert terminal.getvalue() == ""
