"""`dixtill score` in one process writes the classifier's answer to each row, once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tiny_students import model_with_familiarity

import dixtill
from dixtill.cli import main
from dixtill.specification.model_file import write_model

pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'dixtill[score]'")
from scoring_data import TEXTS, contents, tables_in, write_data


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with data and two students."""
    write_data(tmp_path / "data")
    for seed, name in enumerate(("student", "other")):
        write_model(model_with_familiarity(seed=seed), tmp_path / f"{name}.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def score(*arguments, out="scores"):
    fixed = ["--data", "data", "--out", out, "--model", "student.safetensors"]
    return main(["score", *fixed, "--rows-per-file", "8", *arguments])


def test_every_row_is_answered_once_in_its_order_beside_its_columns(folder, capsys):
    assert score() == 0
    assert "35 texts scored, 0 already there" in capsys.readouterr().out
    tables = tables_in(folder / "scores")
    assert [len(table) for table in tables] == [8, 8, 6, 8, 5]
    rows = [row for table in tables for row in table.to_pylist()]
    assert [row["text"] for row in rows] == TEXTS
    assert [row["id"] for row in rows[:22]] == [f"{number:03}" for number in range(22)]
    assert all(row["label"] == "up" for row in rows[22:])
    student = dixtill.load("student.safetensors")
    for row in rows:
        answer = row["text"] is not None and student(row["text"])
        assert row["predicted_label"] == (answer.label if answer else None)
        assert row["truncated"] == (answer.truncated if answer else None)
        assert row["unknown_share"] == (answer.unknown_share if answer else None)
        assert row["familiarity"] == (answer.familiarity if answer else None)
        for label in student.labels:
            expected = answer.probabilities[label] if answer else None
            assert row[f"probability_{label}"] == expected
    assert any(row["truncated"] for row in rows)


def test_words_have_their_spans_and_weights(folder):
    assert score("--words") == 0
    student = dixtill.load("student.safetensors")
    for row in [row for table in tables_in(folder / "scores") for row in table.to_pylist()]:
        expected = row["text"] is not None and [w._asdict() for w in student(row["text"]).words]
        assert row["words"] == (None if row["text"] is None else expected)


def test_a_stopped_run_resumes(folder, capsys):
    assert score() == 0
    whole = contents(folder / "scores")
    (folder / "scores" / "00000-000001.parquet").unlink()
    (folder / "scores" / "00001-000001.parquet").unlink()
    kept = {path: path.stat().st_mtime_ns for path in (folder / "scores").glob("*.parquet")}
    capsys.readouterr()
    assert score() == 0
    assert "13 texts scored, 22 already there" in capsys.readouterr().out
    assert contents(folder / "scores") == whole
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())


def test_leftovers_of_a_dead_run_go_but_not_files_that_another_may_be_writing(folder):
    (folder / "scores").mkdir()
    old, young = (folder / "scores" / f".dixtill-{name}.tmp" for name in ("old", "young"))
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    assert score() == 0
    assert not old.exists()
    assert young.exists()


def test_two_students_do_not_mix_where_both_begin_in_a_new_folder(folder, monkeypatch, capsys):
    """Before the first file exists, only the lock keeps two runs apart."""
    from dixtill.bulk import scores

    load, codes = scores.Scorer, []

    def disturbed(scoring):
        if not codes:
            codes.append(None)  # of the run that starts in between
            codes[0] = score("--model", "other.safetensors")
        return load(scoring)

    monkeypatch.setattr(scores, "Scorer", disturbed)
    assert score() == 0
    assert codes == [2]
    assert "is in use; wait until" in capsys.readouterr().err
    assert score(out="alone") == 0
    assert contents(folder / "scores") == contents(folder / "alone")


def test_a_claim_without_fields_is_refused(folder, capsys):
    assert score() == 0
    (folder / "scores" / "_scores.json").write_text("[]")
    assert score() != 0
    assert "made with other values" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_scoring_needs_neither_torch_nor_ray():
    code = """
import sys
sys.modules.update(dict.fromkeys(("torch", "transformers", "tqdm", "ray")))
from dixtill.cli import main
sys.exit(main())
"""
    arguments = ["score", "--data", "data", "--out", "scores"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("scores: 35 texts scored, 0 already there; ")


def test_without_pyarrow_the_extra_is_named():
    code = """
import importlib.util
importlib.util.find_spec = lambda name: None
import dixtill.bulk
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.endswith("install the extra with: pip install 'dixtill[score]'\n")


def test_one_file_and_the_shipped_student(folder):
    assert main(["score", "--data", "data/a.csv", "--out", "scores"]) == 0
    (table,) = tables_in(folder / "scores")
    assert table["predicted_label"].to_pylist() == [dixtill.infer(t).label for t in TEXTS[:22]]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "other.safetensors"], "made with other values of student; use another folder"),
        (["--words"], "made with other values of words;"),
        (["--rows-per-file", "9"], "made with other values of rows_per_file;"),
        (["--data", "data/a.csv"], "made with other values of files;"),
        (["--text-column", "id"], "made with other values of text_column;"),
    ],
)
def test_scores_of_something_else_are_never_mixed(capsys, arguments, sentence):
    assert score() == 0
    capsys.readouterr()
    assert score(*arguments) == 2
    assert sentence in capsys.readouterr().err


def test_a_missing_column_makes_no_folder(folder):
    assert score("--text-column", "tweet") == 2
    assert not (folder / "scores").exists()
    assert score() == 0


def test_data_that_changed_are_noticed(folder, capsys):
    assert score() == 0
    with open(folder / "data" / "a.csv", "a", encoding="utf-8") as file:
        file.write("\n099,more")
    assert score() == 2
    assert "made with other values of files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--data", "none"],
            "none is neither a folder nor a .txt, .csv, .tsv, ",
        ),
        (["--model", "none.safetensors"], "none.safetensors"),
        (["--kernel", "none"], "none"),
        (["--text-column", "tweet"], "a.csv has no column 'tweet'; it has id, text"),
        (["--rows-per-file", "0"], "--rows-per-file is 0, which is out of range"),
        (["--out", "data/scores"], "whose files are read; choose another"),
        (["--out", "student.safetensors"], "is a file; scores need a folder"),
        (
            ["--out", "foreign"],
            "holds other files, not scores: _scores.json is missing; use",
        ),
        (["--data", "empty.csv"], "empty.csv has no rows"),
        (["--data", "clash.csv"], "already have a column 'predicted_label'"),
    ],
)
def test_a_mistake_is_one_sentence(folder, capsys, arguments, sentence):
    (folder / "foreign").mkdir()
    (folder / "foreign" / "x.parquet").touch()
    (folder / "empty.csv").write_text("text\n")
    (folder / "clash.csv").write_text("text,predicted_label\nup,x\n")
    assert score(*arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
