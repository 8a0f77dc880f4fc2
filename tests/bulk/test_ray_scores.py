"""Scoring by actors gives the files of a single process, even if actors die."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_students import random_model

from dixtill.cli import main
from dixtill.specification.model_file import write_model

pytest.importorskip("ray", reason="needs Ray: pip install 'dixtill[ray]'")
from scoring_data import contents, write_data

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),  # raised inside Ray
]


@pytest.fixture
def folder(tmp_path, monkeypatch, ray_address):
    """A working folder with data, a student, and the scores of a single process in `local`."""
    write_data(tmp_path / "data")
    write_model(random_model(), tmp_path / "student.safetensors")
    monkeypatch.chdir(tmp_path)
    assert score("local") == 0
    return tmp_path


def score(out, *arguments):
    fixed = ["--data", "data", "--out", out, "--model", "student.safetensors", "--words"]
    return main(["score", *fixed, "--rows-per-file", "4", *arguments])


def let_actors_die(monkeypatch, folder):
    """Let one actor die before it writes a shard, and one after writing but before reporting."""
    from dixtill.bulk import ray_scores

    class DyingActor(ray_scores._Actor):
        def __call__(self, rows):
            name = Path(rows["path"][0].as_py()).name
            if name == "00000-000002.parquet":
                die_once(folder / "died with a shard unwritten")
            summary = super().__call__(rows)
            if name == "00001-000001.parquet":
                die_once(folder / "died with a shard unreported")
            return summary

    def die_once(marker):
        if not marker.exists():
            marker.touch()
            os._exit(1)

    work = ray_scores.work
    monkeypatch.setattr(
        ray_scores,
        "work",
        lambda dataset, _, pool, **arguments: work(dataset, DyingActor, pool, **arguments),
    )


def test_nothing_is_lost_or_doubled_when_actors_die(folder, monkeypatch, capsys):
    (folder / "shared").mkdir()
    left_over = folder / "shared" / ".dixtill-left-over.tmp"
    left_over.touch()
    os.utime(left_over, (0, 0))
    let_actors_die(monkeypatch, folder)
    capsys.readouterr()
    assert score("shared", "--ray") == 0
    assert len(list(folder.glob("died *"))) == 2
    assert "35 texts scored, 0 already there" in capsys.readouterr().out
    assert contents(folder / "shared") == contents(folder / "local")


@pytest.mark.usefixtures("ray_address")
def test_a_shard_never_waits_for_one_actor_while_another_is_free(tmp_path):
    import ray.data

    from dixtill.bulk.cluster import pool_of, settings, work

    class Slow:
        def __init__(self, marker):
            try:
                marker.touch(exist_ok=False)
            except FileExistsError:
                time.sleep(2)  # the second actor is ready after the first has begun

        def __call__(self, rows):
            time.sleep(4)
            return rows.append_column("process", [[os.getpid()]])

    with settings():
        one_reader = ray.data.from_items([0]).flat_map(
            lambda _: ({"piece": number} for number in range(2)), num_cpus=0
        )
        rows = list(work(one_reader, Slow, pool_of(), marker=tmp_path / "ready"))
    assert sorted(row["piece"] for row in rows) == [0, 1]
    assert len({row["process"] for row in rows}) == 2


def test_a_stopped_run_resumes(folder, capsys):
    (folder / "local" / "00000-000001.parquet").rename(folder / "taken.parquet")
    kept = {path: path.stat().st_mtime_ns for path in (folder / "local").iterdir()}
    capsys.readouterr()
    assert score("local", "--ray", "--actors", "1") == 0
    assert "4 texts scored, 31 already there" in capsys.readouterr().out
    remade = folder / "local" / "00000-000001.parquet"
    assert remade.read_bytes() == (folder / "taken.parquet").read_bytes()
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())


def test_a_mistake_found_by_an_actor_gives_the_same_sentence(folder, capsys):
    with open(folder / "data" / "a.csv", "a", encoding="utf-8") as file:
        file.write("\n99,up,1")
    assert score("shared", "--ray") == 2
    error = capsys.readouterr().err
    assert "a.csv, line 24: the row has 3 fields, the header 2\n" in error
    assert error.count("\n") == 1


def test_an_actor_with_another_student_is_refused(folder):
    from dixtill.bulk.scores import Scorer, Scoring
    from dixtill.errors import InputError

    scoring = Scoring(folder / "data", folder / "out", folder / "student.safetensors")
    with scoring.prepared():
        write_model(random_model(1), folder / "student.safetensors")
        sentence = "is a different file; put the same file on all machines"
        with pytest.raises(InputError, match=sentence):
            Scorer(scoring)


def test_while_actors_score_no_other_run_takes_the_folder(folder, monkeypatch, capsys):
    """The driver holds the lock, even before the first file exists."""
    from dixtill.bulk import ray_scores

    work = ray_scores.work

    def disturbed_work(*arguments, **options):
        assert list((folder / "shared").glob("*.parquet")) == []
        assert score("shared", "--kernel", "scalar") == 2
        assert "is in use; wait until" in capsys.readouterr().err
        return work(*arguments, **options)

    monkeypatch.setattr(ray_scores, "work", disturbed_work)
    assert score("shared", "--ray") == 0
    assert contents(folder / "shared") == contents(folder / "local")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("0", "--actors is 0, which is out of range"),
        ("3", "room for 2 actors of 1 threads, not for 3;"),
        ("-1", "--actors is -1, which is out of range"),
    ],
)
def test_more_actors_than_fit_are_refused(capsys, number, sentence):
    assert score("shared", "--ray", "--actors", number) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("nodes", "asked", "expected"),
    [
        ([(8, 0), (4, 0)], {}, (12, 1, 0)),
        ([(8, 0), (4, 0)], {"num_actors": 3}, (3, 4, 0)),
        ([(8, 0), (4, 0)], {"num_actors": 1}, (1, 8, 0)),
        ([(8, 0), (4, 0)], {"threads": 3}, (3, 3, 0)),
        ([(64, 0), (8, 4)], {"gpu": True}, (4, 2, 1)),
        ([(64, 0), (8, 4)], {"gpu": True, "num_actors": 1}, (1, 8, 1)),
        ([(64, 0), (8, 4)], {"num_actors": 4}, (4, 16, 0)),
        ([(0, 0), (2, 0)], {"gpu": True}, (2, 1, 0)),
    ],
)
def test_a_pool_has_room_on_the_nodes(monkeypatch, nodes, asked, expected):
    from dixtill.bulk import cluster

    found = [{"Alive": True, "Resources": {"CPU": cpus, "GPU": gpus}} for cpus, gpus in nodes]
    found.append({"Alive": False, "Resources": {"CPU": 99.0}})
    monkeypatch.setattr(cluster.ray, "nodes", lambda: found)
    assert cluster.pool_of(**asked) == expected


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "dixtill", *arguments],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_a_running_cluster_is_used_and_left_running(folder, ray_address):
    import ray

    before = ray.cluster_resources()
    done = run("score", "--data", "data", "--out", "joined", "--ray", ray_address)
    assert done.returncode == 0, done.stderr
    assert "35 texts scored" in done.stdout
    assert ray.cluster_resources() == before


def test_a_cluster_that_was_started_is_shut_down():
    code = """
import ray
from dixtill.bulk.cluster import LOCAL, Pool, cluster, pool_of
with cluster(LOCAL):
    assert pool_of().num_actors == ray.cluster_resources()["CPU"]
    assert pool_of(num_actors=1).threads == ray.cluster_resources()["CPU"]
    address = ray.get_runtime_context().gcs_address
assert not ray.is_initialized()
import socket
host, _, port = address.rpartition(":")
try:
    socket.create_connection((host, int(port)), timeout=5)
except ConnectionRefusedError:
    print("gone")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "gone\n"
    assert done.stderr == ""


def test_without_ray_the_extra_is_named(tmp_path):
    write_data(tmp_path / "data")
    code = "import sys; sys.modules['ray'] = None; from dixtill.cli import main; sys.exit(main())"
    arguments = ["score", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "o"), "--ray"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        "dixtill: this needs ray, which is not installed; "
        "install the extra with: pip install 'dixtill[ray]'\n",
    )


def test_without_a_cluster_the_error_says_how_to_start_one(tmp_path):
    write_data(tmp_path / "data")
    done = run(
        "score", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "o"),
        "--ray", "localhost:1",
    )  # fmt: skip
    assert done.returncode == 2
    assert "no Ray cluster answers at 'localhost:1'" in done.stderr
    assert "Traceback" not in done.stderr
