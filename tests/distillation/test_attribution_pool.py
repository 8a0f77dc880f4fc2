"""Actors write the same shards as one process, even if an actor dies."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny_teachers

from dixtill.cli import main
from dixtill.distillation.attribution import store as attribution_store
from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.config import AttributionSettings

pytest.importorskip("ray", reason="needs Ray: pip install 'dixtill[ray]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),  # Ray's own
    pytest.mark.usefixtures("ray_address"),
]

SETTINGS = AttributionSettings(steps=3)
TEXTS = [f"{text} {number}" for text in tiny_teachers.TEXTS for number in range(4)]
TEXTS += ["", "\ud800"]
LABELS = ("bearish", "bullish", "neutral")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution_store, "TEXTS_PER_SHARD", 4)


@pytest.fixture
def local(bert, tmp_path: Path) -> AttributionStore:
    """The shards of TEXTS that one process writes."""
    store = AttributionStore(tmp_path / "local")
    store.run(Attributor(bert, SETTINGS), TEXTS)
    return store


def contents(store: AttributionStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.folder.iterdir()}


def explain(attributor: Attributor, num_actors: int = 1):
    from dixtill.bulk.cluster import pool_of
    from dixtill.distillation.attribution.pool import explain_with

    return explain_with(pool_of(num_actors, threads=1), attributor)  # as many as locally


class DyingAttributor(Attributor):
    """Ends its process the first time that it is asked for a certain text."""

    marker: Path

    def __call__(self, texts):
        done = super().__call__(texts)
        if TEXTS[13] in texts and not self.marker.exists():
            self.marker.touch()
            os._exit(1)
        return done


def test_nothing_is_lost_or_doubled_when_an_actor_dies(local, bert, tmp_path):
    import ray

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    attributor = DyingAttributor(bert, SETTINGS)
    attributor.marker = tmp_path / "died"
    store = AttributionStore(tmp_path / "shared")
    summary = store.run(attributor, TEXTS, explain=explain(attributor, 2))
    assert attributor.marker.exists()
    assert summary == (len(TEXTS), 0)
    assert contents(store) == contents(local)
    keys = [
        key for path in store.folder.iterdir() for key in pq.read_table(path)["key"].to_pylist()
    ]
    assert len(keys) == len(set(keys)) == len(TEXTS)


def test_only_what_is_missing_is_explained(local, bert, tmp_path):
    before = contents(local)
    first, second, *_ = local.folder.iterdir()
    first.unlink()
    second.unlink()
    kept = {path: path.stat().st_mtime_ns for path in local.folder.iterdir()}
    attributor = Attributor(bert, SETTINGS)
    missing = len(TEXTS) - sum(pq.read_metadata(path).num_rows for path in kept)
    summary = local.run(attributor, TEXTS, explain=explain(attributor))
    assert summary == (missing, len(TEXTS) - missing)
    assert contents(local) == before
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    assert local.run(attributor, TEXTS, explain=explain(attributor)).computed == 0


def test_shards_that_do_not_come_back_are_noticed(bert, tmp_path):
    store = AttributionStore(tmp_path / "lost")
    attributor = Attributor(bert, SETTINGS)

    def losing(shards):
        return ((number, attributor(texts)) for number, texts in enumerate(shards[:-1]))

    with pytest.raises(RuntimeError, match="1 shards were not explained"):
        store.run(attributor, TEXTS, explain=losing)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a teacher, labeled texts in CSV, and the texts in Parquet."""
    model, tokenizer = tiny_teachers.build("bert")
    model.save_pretrained(tmp_path / "teacher")
    tokenizer.save_pretrained(tmp_path / "teacher")
    texts = TEXTS[:32]
    with open(tmp_path / "train.csv", "w", newline="", encoding="utf-8") as file:
        rows = [(text, LABELS[number % 3]) for number, text in enumerate(texts)]
        csv.writer(file).writerows([("text", "label"), *rows])
    (tmp_path / "texts").mkdir()
    pq.write_table(pa.table({"text": [*texts[:20], None]}), tmp_path / "texts" / "a.parquet")
    pq.write_table(pa.table({"text": texts[10:]}), tmp_path / "texts" / "b.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def attribute(data: str, *arguments: str) -> int:
    fixed = ["--teacher", "teacher", "--data", data, "--out", "kept", "--steps", "3"]
    return main(["attribute", *fixed, *arguments])


@pytest.mark.usefixtures("folder")
def test_distill_reads_what_actors_made_of_parquet_as_its_own(capsys):
    assert attribute("texts", "--ray", "--actors", "1") == 0
    assert "32 texts explained, 0 already there" in capsys.readouterr().out
    assert attribute("train.csv") == 0
    assert "0 texts explained, 32 already there" in capsys.readouterr().out
    arguments = ["--teacher", "teacher", "--train", "train.csv", "--attributions", "kept"]
    arguments += ["--epochs", "1", "--embedding-dim", "6", "--hidden-dim", "5", "--steps", "3"]
    shards = set(Path("kept").glob("*.parquet"))
    assert main(["distill", *arguments, "--out", "s.safetensors", "--perturbed", "0"]) == 0
    assert set(Path("kept").glob("*.parquet")) == shards


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("data", "arguments", "sentence"),
    [
        ("train.csv", ["--ray", "--threads", "3"], "room for 0 actors of 3 threads"),
        ("texts", ["--ray", "--text-column", "tweet"], "a.parquet has no column 'tweet'"),
        ("none.parquet", [], "none.parquet"),
    ],
)
def test_a_mistake_is_one_sentence(capsys, data, arguments, sentence):
    assert attribute(data, *arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error
