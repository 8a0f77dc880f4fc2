"""Makes, resumes and reports a whole study of a tiny teacher."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from benchmarks.reproduce import keys, measured, report_tables, timing
from benchmarks.reproduce.__main__ import main as run
from benchmarks.reproduce.figures import study_figures
from benchmarks.reproduce.measured import Explained, MeasuredStudy
from benchmarks.reproduce.methods import METHODS, WITH_REAL_TEXTS
from benchmarks.reproduce.results import Key, claim, read_record, write
from benchmarks.reproduce.statistics import Bootstrap
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

import dixtill
from dixtill.distillation.data import perturbation
from dixtill.errors import InputError
from dixtill.specification.model_file import read_model

LABELS = {0: "bearish", 1: "bullish", 2: "neutral"}
WORDS = ("fall drop miss", "rise jump beat", "open name move")
KINDS = (
    "teacher",
    "ptq",
    "importance",
    "important-heads",
    "random-heads",
    "student",
    "explanations",
)


def write_texts(path: Path, numbers: range) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        for number in numbers:
            label = number % 3
            word = WORDS[label].split()[number // 3 % 3]
            writer.writerow((f"shares of bank {number} {word} again today", LABELS[label]))


@pytest.fixture(scope="module", autouse=True)
def _few_perturbed_texts_and_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perturbation, "_MOST_PER_TEXT", 5)
        patch.setattr(measured, "Bootstrap", partial(Bootstrap, num_resamples=500))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher with four heads per layer, and texts."""
    folder = tmp_path_factory.mktemp("study")
    digits = [*"0123456789", *(f"##{digit}" for digit in "0123456789")]
    words = " ".join(WORDS).split()
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "shares",
        "of",
        "bank",
        "again",
        "today",
    ]
    pieces += [*words, *digits]
    BertTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}).save_pretrained(
        folder / "teacher"
    )
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=24, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=32, initializer_range=0.3, id2label=LABELS,
        label2id={name: number for number, name in LABELS.items()},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder / "teacher")
    write_texts(folder / "train.csv", range(90))
    write_texts(folder / "test.csv", range(90, 120))
    real = [f"again bank {number} move" for number in range(11)]
    (folder / "more.csv").write_text("\n".join(["text", *real]), encoding="utf-8")
    return folder


def arguments(folder: Path, *more: str) -> list[str]:
    paths = {
        "--teacher": "teacher", "--train": "train.csv", "--test": "test.csv",
        "--attributions": "attributions", "--out": "out",
        "--unlabeled": "more.csv",
    }  # fmt: skip
    named = [part for name, path in paths.items() for part in (name, str(folder / path))]
    fixed = ["--dataset", "tiny", "--seeds", "2", "--epochs", "1", "--explained", "4"]
    fixed += ["--explained-with", "--steps 4"]
    return ["reproduce", *named, *fixed, "--only", *KINDS, *more]


@pytest.fixture(scope="module")
def made(folder: Path) -> Path:
    """A whole study, which takes five CPU seconds: the tests that read it are slow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", arguments(folder))
        run()
    return folder


@pytest.mark.slow
def test_what_is_made_is_not_made_again(made, monkeypatch, capsys):
    files = sorted((made / "out" / "measurements").iterdir())
    before = [file.stat().st_mtime_ns for file in files]
    monkeypatch.setattr(sys, "argv", arguments(made))
    run()
    assert f"{len(files)} of {len(files)} measurements are there" in capsys.readouterr().out
    assert [file.stat().st_mtime_ns for file in files] == before
    # Of four heads with 24 units, two are kept. Each of two seeds has a random choice of heads,
    # and a student with its explanations for each method.
    assert len(files) == 3 + 1 + 2 * (1 + 2 * len([*METHODS, *WITH_REAL_TEXTS]))


@pytest.mark.slow
def test_what_is_left_is_foreseen_without_doing_it(made, monkeypatch, capsys):
    lost = next((made / "out" / "measurements").glob("student-mse-*-1.json"))
    content = lost.read_text()
    lost.unlink()
    monkeypatch.setattr(sys, "argv", arguments(made, "--plan"))
    run()
    assert "(1 student of " in capsys.readouterr().out
    assert not lost.exists()
    lost.write_text(content)


@pytest.mark.slow
def test_students_of_the_named_methods_alone_are_made(made, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [*arguments(made, "--plan"), "--methods", "ours", "kl"])
    run()
    count = 3 + 1 + 2 * (1 + 2 * 2)
    assert f"{count} of {count} measurements are there" in capsys.readouterr().out


@pytest.mark.slow
def test_kept_answers_are_those_of_the_students_file(made):
    study = MeasuredStudy.read(made / "out")
    with (made / "test.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in study.students:
        assert len(row.contents) == 2
        for content, answers in zip(row.contents, row.answers, strict=True):
            key = Key(
                content["kind"], content["name"], content["seed"], tuple(content["depends_on"])
            )
            student = dixtill.load(made / "out" / "students" / f"{key.stem}.safetensors")
            found = [student.labels[label] for label in answers.predicted]
            assert found == [student(item["text"]).label for item in rows]
            right = sum(a == item["label"] for a, item in zip(found, rows, strict=True))
            assert right / len(rows) in row.values("accuracy")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "made_of_each", "real"),
    [
        ("kl", 0, 0),
        ("kl, perturbed texts", 5, 0),
        ("kl, real and perturbed texts", 5, 11),
    ],
)
def test_a_method_learns_from_its_texts(made, method, made_of_each, real):
    record = read_record(made / "out")
    for seed in range(2):
        file = made / "out" / "students" / f"{keys.student(record, method, seed).stem}.safetensors"
        provenance = read_model(file).settings.provenance
        assert provenance["texts_without_labels"] == made_of_each * record.num_train + real


@pytest.mark.slow
def test_a_students_gap_to_its_teacher_is_the_difference_of_their_means(made):
    figures = study_figures(MeasuredStudy.read(made / "out"))
    means = {row["title"]: row["accuracy"]["mean"] for row in figures["answers"]}
    gaps = {row["title"]: row["accuracy"]["value"] for row in figures["students_minus_teacher"]}
    assert len(gaps) == len([*METHODS, *WITH_REAL_TEXTS])
    for title, gap in gaps.items():
        student, teacher = title.split(" − ")
        assert gap == pytest.approx(means[student] - means[teacher])


@pytest.mark.slow
def test_training_texts_are_explained_as_asked_for(made):
    for file in (made / "out" / "students").glob("student-ours-*.safetensors"):
        assert read_model(file).settings.provenance["attributions"]["steps"] == 4


@pytest.mark.slow
def test_a_teacher_agrees_with_itself_and_differs_from_itself_by_nothing(made):
    teacher = MeasuredStudy.read(made / "out").compressed[0]
    assert teacher.values("fidelity") == [1.0]
    assert teacher.minus(teacher, "accuracy") == (0, 0, 0)


@pytest.mark.slow
def test_a_report_has_its_tables_and_plots(made, monkeypatch):
    pytest.importorskip("matplotlib")
    pytest.importorskip("cpuinfo")
    from benchmarks.reproduce import report

    timed = timing.measure({"teacher": len, "ours": str.split}, ["a text", "another text"])
    write(made / "out", keys.timing(read_record(made / "out")), {**timed, "seconds": 0.1})
    out = made / "report"
    argv = ["report", str(made / "out"), "--out", str(out), "--json", str(out / "json")]
    monkeypatch.setattr(sys, "argv", argv)
    report.main()
    text = (out / "report.md").read_text("utf-8")
    for line in (
        "| ours | 2 |",
        "| teacher | 1 |",
        "AHP, 2 of 4 heads, by importance",
        "| ours | random |",
        "| insertion | leave-one-out | leave-one-out, median |",
        "Times are of one text at a time over 2 test texts",
    ):
        assert line in text
    assert {path.name for path in out.glob("*.png")} == {
        "tiny-answers.png", "tiny-heads.png", "tiny-trade-off.png", "tiny-explanations.png"
    }  # fmt: skip
    figures = json.loads((out / "json" / "out.json").read_text("utf-8"))
    assert figures["source"]["command"].startswith("python -m benchmarks.reproduce.report")
    assert report_tables.report(figures) in text
    ours = next(row for row in figures["answers"] if row["title"] == "ours")
    study = MeasuredStudy.read(made / "out")
    row = next(row for row in study.students if row.title == "ours")
    assert ours["accuracy"]["mean"] == pytest.approx(100 * np.mean(row.values("accuracy")))
    assert {item["explanation"] for item in figures["explanations"]} >= {"gates", "random"}


def test_medians_are_of_texts_and_their_mean_over_seeds():
    nan = float("nan")
    seeds = [
        np.array([[1.0, 0.0], [2.0, nan], [9.0, 4.0]]),  # medians of 2 and 2
        np.array([[3.0, nan], [4.0, 7.0], [5.0, nan]]),  # of 4 and 7
    ]
    explained = Explained("ours", "gates", ("a", "b"), {"gates": seeds}, Bootstrap(3))
    assert explained.medians("gates").tolist() == [3.0, 4.5]


@pytest.mark.slow
def test_a_folder_holds_one_study(made):
    record = read_record(made / "out")
    with pytest.raises(InputError, match="holds a study with another test_sha256"):
        claim(made / "out", replace(record, test_sha256="of other texts"))


def test_other_arguments_are_another_measurement():
    first, second = (Key("student", "ours", 0, arguments) for arguments in (("a",), ("b",)))
    assert first.stem != second.stem
    assert first.stem.startswith("student-ours-")


@pytest.mark.slow
def test_files_are_json(made):
    for file in (made / "out" / "measurements").iterdir():
        content = json.loads(file.read_text("utf-8"))
        assert content["seconds"] > 0
