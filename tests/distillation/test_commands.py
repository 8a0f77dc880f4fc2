"""Runs attribute, distill and evaluate as a user does, with a tiny teacher on disk."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tiny_teachers
import torch

import dixtill
from dixtill.cli import main
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.data import perturbation
from dixtill.distillation.teacher import precision
from dixtill.specification.model_file import read_model

LABELS = ("bearish", "bullish", "neutral")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a teacher and labeled texts."""
    model, tokenizer = tiny_teachers.build("bert")
    model.save_pretrained(tmp_path / "teacher")
    tokenizer.save_pretrained(tmp_path / "teacher")
    with open(tmp_path / "train.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        for number in range(48):
            text = tiny_teachers.TEXTS[number % len(tiny_teachers.TEXTS)]
            writer.writerow((f"{text} {number}", LABELS[number % 3]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


FEW = ("--perturbed", "80")  # perturbed texts, where their number does not matter


def distill(out: str, *arguments: str) -> int:
    fixed = ["--teacher", "teacher", "--train", "train.csv", "--out", out, "--epochs", "2"]
    fixed += ["--embedding-dim", "6", "--hidden-dim", "5", "--steps", "4"]
    return main(["distill", *fixed, *arguments])


def config_of(model: str) -> dict[str, object]:
    return dixtill.load(model).model.settings.provenance["config"]


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("method", ["dixtill", "dixtill-paper", "kl", "mse", "none"])
def test_a_student_is_distilled_evaluated_and_answers(method, capsys):
    few = FEW if method == "dixtill" else ()
    assert distill("s.safetensors", "--method", method, *few) == 0
    assert main(["evaluate", "--model", "s.safetensors", "--data", "train.csv", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out.splitlines()[-1])
    student = dixtill.load("s.safetensors")
    with open("train.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right = sum(student(row["text"]).label == row["label"] for row in rows)
    assert scores["rows"] == 48
    assert scores["accuracy"] == pytest.approx(right / 48)
    assert student.labels == LABELS
    assert student.model.settings.provenance["config"]["method"] == method


@pytest.mark.usefixtures("folder")
def test_stored_attributions_are_used_and_the_same_seed_gives_the_same_file(capsys):
    arguments = ["--teacher", "teacher", "--data", "train.csv", "--out", "kept", "--steps", "4"]
    assert main(["attribute", *arguments]) == 0
    assert "48 texts explained, 0 already there" in capsys.readouterr().out
    files = {path: path.stat().st_mtime_ns for path in Path("kept").iterdir()}
    assert distill("one.safetensors", "--attributions", "kept", *FEW) == 0
    with_answers = {path: path.stat().st_mtime_ns for path in Path("kept").iterdir()}
    assert with_answers.items() > files.items()
    assert {path.suffix for path in with_answers.keys() - files.keys()} == {".npy"}
    assert distill("two.safetensors", "--attributions", "kept", *FEW) == 0
    assert Path("one.safetensors").read_bytes() == Path("two.safetensors").read_bytes()
    assert {path: path.stat().st_mtime_ns for path in Path("kept").iterdir()} == with_answers
    assert distill("three.safetensors", "--attributions", "kept", *FEW, "--seed", "1") == 0
    assert Path("one.safetensors").read_bytes() != Path("three.safetensors").read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("quickest", ["float32", "bfloat16"])
def test_what_auto_chose_is_kept_as_if_it_had_been_asked_for(monkeypatch, capsys, quickest):
    monkeypatch.setattr(precision, "quickest_precision", lambda _: quickest)
    explain = ["attribute", "--teacher", "teacher", "--data", "train.csv", "--out", "kept"]
    explain += ["--steps", "4"]
    assert main(explain) == 0
    assert main([*explain, "--precision", quickest]) == 0
    assert "0 texts explained, 48 already there" in capsys.readouterr().out
    assert distill("s.safetensors", "--attributions", "kept", *FEW) == 0
    assert main(explain) == 0
    assert "0 texts explained, 48 already there" in capsys.readouterr().out
    provenance = dixtill.load("s.safetensors").model.settings.provenance
    assert provenance["attributions"]["precision"] == quickest


@pytest.mark.usefixtures("folder")
def test_a_finished_run_is_written_in_another_width_without_training_again(capsys):
    for bits, out in (("4", "a"), ("8", "b"), ("4", "c")):
        arguments = ["--embedding-bits", bits, "--run", "run"]
        assert distill(f"{out}.safetensors", "--method", "none", *arguments) == 0
    assert capsys.readouterr().err.count("epoch") == 2  # of the first, and none after
    assert Path("a.safetensors").read_bytes() == Path("c.safetensors").read_bytes()
    models = [dixtill.load(f"{out}.safetensors").model for out in "ab"]
    assert [model.embedding_bits for model in models] == [4, 8]
    assert main(["info", "--model", "b.safetensors"]) == 0
    assert re.search(r"embedding_bits +8\n", capsys.readouterr().out)


def test_a_run_of_the_teacher_as_it_was_is_refused_before_any_work(folder, capsys):
    """A teacher that was fine-tuned again in place is another one than the old student's."""
    assert distill("s.safetensors", *FEW) == 0
    student, kept = Path("s.safetensors").read_bytes(), sorted(Path("s.safetensors.run").rglob("*"))
    model, _ = tiny_teachers.build("bert")
    model.classifier.bias.data += torch.tensor([1.0, 0.0, 0.0])
    model.save_pretrained(folder / "teacher")
    capsys.readouterr()
    assert distill("s.safetensors", *FEW) == 2
    assert "s.safetensors.run holds a run with another teacher; choose" in capsys.readouterr().err
    assert Path("s.safetensors").read_bytes() == student
    assert sorted(Path("s.safetensors.run").rglob("*")) == kept
    assert distill("s.safetensors", *FEW, "--run", "new") == 0
    old, new = (json.loads(Path(run, "config.json").read_text()) for run in
                ("s.safetensors.run", "new"))  # fmt: skip
    assert old["teacher"] != new["teacher"]
    assert dixtill.load("s.safetensors").model.settings.provenance["teacher"] == new["teacher"]


@pytest.mark.usefixtures("folder")
def test_while_the_teacher_explains_no_other_run_takes_the_folder(monkeypatch, capsys):
    run, codes = AttributionStore.run, []

    def disturbed(store, *arguments, **options):
        if not codes:
            codes.append(None)  # of the run that comes in between
            codes[0] = distill("s.safetensors", *FEW, "--seed", "5")
            assert "s.safetensors.run is in use" in capsys.readouterr().err
        return run(store, *arguments, **options)

    monkeypatch.setattr(AttributionStore, "run", disturbed)
    assert distill("s.safetensors", *FEW) == 0
    assert codes == [2]
    assert config_of("s.safetensors")["seed"] == 0


@pytest.mark.usefixtures("folder")
def test_evaluate_chooses_a_threshold_and_says_what_it_gives(capsys):
    assert distill("s.safetensors", "--method", "none") == 0
    evaluate = ["evaluate", "--model", "s.safetensors", "--data", "train.csv"]
    assert main([*evaluate, "--target-precision", "0.4"]) == 0
    printed = capsys.readouterr().out.splitlines()[-1]
    threshold, count = re.match(r"threshold ([0-9.]+): (\d+) texts are answered", printed).groups()
    assert main([*evaluate, "--threshold", threshold, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["abstention"]
    with open("train.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    student = dixtill.load("s.safetensors", threshold=float(threshold))
    labels = [student(row["text"]).label for row in rows]
    answered = [(row, label) for row, label in zip(rows, labels, strict=True) if label is not None]
    assert len(answered) == found["num_answered"] == int(count)
    right = sum(row["label"] == label for row, label in answered)
    assert found["precision"] == pytest.approx(right / len(answered))
    assert found["precision"] >= 0.4
    assert main([*evaluate, "--threshold", "1"]) == 0
    assert capsys.readouterr().out.endswith("threshold 1.0: no text is answered\n")


@pytest.mark.usefixtures("folder")
def test_the_file_has_the_temperature_by_which_its_logits_were_divided(capsys):
    assert distill("s.safetensors", "--method", "none") == 0
    provenance = dixtill.load("s.safetensors").model.settings.provenance
    run = torch.load("s.safetensors.run/checkpoint.pt", weights_only=True)
    bias = run["best_parameters"]["head.bias"].numpy() / provenance["temperature"]
    np.testing.assert_allclose(read_model("s.safetensors").parameters.head_bias, bias, rtol=1e-6)
    assert provenance["temperature"] != 1.0
    assert 0 <= provenance["uncalibrated_error"] <= 1
    assert main(["evaluate", "--model", "s.safetensors", "--data", "train.csv"]) == 0
    assert re.search(
        r"accuracy 0\.\d{4}  macro-F1 0\.\d{4}  ECE 0\.\d{4}\n", capsys.readouterr().out
    )


@pytest.mark.usefixtures("folder")
def test_what_is_shown_is_what_was_aligned():
    for explanation in ("scores", "contributions", "gates"):
        assert distill(f"{explanation}.safetensors", "--explanation", explanation, *FEW) == 0
        student = dixtill.load(f"{explanation}.safetensors")
        assert student.model.settings.explanation == explanation


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_each_method_has_its_own_defaults_and_what_is_given_wins(monkeypatch):
    monkeypatch.setattr(perturbation, "_MOST_PER_TEXT", 5)
    assert distill("ours.safetensors") == 0
    ours = config_of("ours.safetensors")
    assert (ours["method"], ours["kl"], ours["temperature"]) == ("dixtill", "plain", 2)
    assert (ours["explained_classes"], ours["merge"]) == ("all", "sum")
    assert (ours["additivity"], ours["perturbed"], ours["null_score"]) == (0.25, None, True)
    assert ours["explanation_weight"] == 2
    assert distill("paper.safetensors", "--method", "dixtill-paper") == 0
    paper = config_of("paper.safetensors")
    assert (paper["kl"], paper["temperature"], paper["explanation"]) == ("bounded", 5, "scores")
    assert (paper["explained_classes"], paper["merge"]) == ("predicted", "mean")
    assert (paper["additivity"], paper["perturbed"], paper["null_score"]) == (0, 0, False)
    given = ["--method", "dixtill-paper", "--explanation", "contributions", "--merge", "sum"]
    given += ["--explained-classes", "all", "--kl", "plain", "--temperature", "3"]
    given += ["--additivity", "0.5", "--perturbed", "2", "--null-score"]
    given += ["--explanation-weight", "3"]
    assert distill("given.safetensors", *given) == 0
    both = config_of("given.safetensors")
    assert (both["kl"], both["temperature"], both["explanation"]) == ("plain", 3, "contributions")
    assert (both["explained_classes"], both["merge"]) == ("all", "sum")
    assert (both["additivity"], both["perturbed"], both["null_score"]) == (0.5, 2, True)
    assert both["explanation_weight"] == 3
    assert distill("plain.safetensors", "--no-null-score") == 0
    plain = {"null_score": False, "explanation": "contributions"}
    assert config_of("plain.safetensors") == {**ours, **plain}


def num_answers(folder: str) -> int:
    return sum(len(np.load(path)) for path in Path(folder).glob("answers-*.npy"))


@pytest.mark.usefixtures("folder")
def test_the_teacher_answers_perturbed_and_unlabeled_texts():
    Path("more").mkdir()
    Path("more/a.txt").write_text("profit grows\n\nno shares\nprofit grows\n", encoding="utf-8")
    Path("more/b.csv").write_text("text\nbanks fall\n", encoding="utf-8")
    fixed = ["--method", "kl", "--unlabeled", "more"]
    assert distill("s.safetensors", *fixed, "--perturbed", "90") == 0
    student = dixtill.load("s.safetensors")
    train = student.model.settings.provenance["train"]["rows"]
    assert student.model.settings.provenance["texts_without_labels"] == 93
    assert num_answers("s.safetensors.run/answers") == train + 93


@pytest.mark.usefixtures("folder")
def test_no_copy_of_a_text_to_validate_or_exclude_is_learned_from():
    Path("valid.csv").write_text("text,label\nShares jump,0\nOil falls,1\n", encoding="utf-8")
    Path("test.csv").write_text("text,label\nBanks  FALL,0\n", encoding="utf-8")
    Path("more.txt").write_text("shares jump\nbanks fall\noil grows\n", encoding="utf-8")
    fixed = ["--method", "kl", "--unlabeled", "more.txt"]
    assert distill("s.safetensors", *fixed, "--valid", "valid.csv", "--exclude", "test.csv") == 0
    provenance = dixtill.load("s.safetensors").model.settings.provenance
    assert provenance["texts_without_labels"] == 1
    assert num_answers("s.safetensors.run/answers") == provenance["train"]["rows"] + 1


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--teacher", "no/such/folder"], "cannot load a sequence classifier from"),
        (["--train", "nowhere.csv"], "nowhere.csv"),
        (["--text-column", "tweet"], "no column 'tweet'; it has text, label"),
        (["--alpha", "2"], "alpha is 2.0, which is out of range"),
        (["--perturbed", "-1"], "perturbed is -1, which is out of range"),
        (["--explanation-weight", "-1"], "--explanation-weight is -1.0, which is out of range"),
        (["--additivity", "-1"], "additivity is -1.0, which is out of range"),
        (["--unlabeled", "nowhere"], "cannot read nowhere: No such file"),
        (["--unlabeled", "train.csv", "--text-column", "tweet"], "no column 'tweet'"),
        (["--classes", "predicted"], "explained_classes 'all' needs attributions of every class"),
        (
            ["--explanation", "scores", "--explained-classes", "all"],
            "raw scores explain one class; choose explained_classes 'predicted'",
        ),
        (
            ["--method", "kl", "--explanation-weight", "3"],
            "the method 'kl' learns no explanations; choose dixtill or dixtill-paper",
        ),
        (
            ["--method", "dixtill-paper", "--additivity", "0.1"],
            "the explanation 'scores' does not add up to an answer; choose additivity 0",
        ),
        (["--hidden-dim", "0"], "--hidden-dim is 0, which is out of range"),
        (["--steps", "1"], "--steps is 1, which is out of range"),
        (["--out", "teacher"], "teacher is a folder"),
    ],
)
def test_a_mistake_is_one_sentence_before_any_work(arguments, sentence, capsys):
    assert distill("s.safetensors", *arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error
    assert not Path("s.safetensors").exists()
    assert not Path("s.safetensors.run").exists()
