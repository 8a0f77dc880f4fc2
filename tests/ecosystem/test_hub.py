"""Tests a student in a folder as on the hub: its card, loading it, and the requests of a push."""

from __future__ import annotations

import ast
import csv
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import yaml
from huggingface_hub import HfApi
from scipy import stats
from tiny_students import random_model

import dixtill
from dixtill import hub
from dixtill.cli import main
from dixtill.distillation.data.corpus import Corpus, read_corpus
from dixtill.errors import InputError, MissingExtraError, ModelFileError
from dixtill.escapes import printable
from dixtill.hub.card import CardText, card_of
from dixtill.hub.measures import measure
from dixtill.runtime.classifier import Classifier
from dixtill.sklearn import DixtillClassifier


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, texts, directions) -> Path:
    """A folder with a trained student, and test.csv with texts for it."""
    folder = tmp_path_factory.mktemp("fitted")
    small = {"embedding_dim": 12, "hidden_dim": 10, "attention_dim": 8, "random_state": 0}
    classifier = DixtillClassifier(learning_rate=1e-2, batch_size=4, epochs=20, **small)
    classifier.fit(texts, directions).save(folder / "s.safetensors")
    with open(folder / "test.csv", "w", newline="", encoding="utf-8") as file:
        rows = [*zip(texts, directions, strict=True), ("shares", "up"), (texts[0], "down")]
        csv.writer(file).writerows([("text", "label"), *rows])
    return folder


@pytest.fixture(scope="module")
def carded(fitted) -> Path:
    """What `dixtill card` writes."""
    arguments = ["--model", str(fitted / "s.safetensors"), "--data", str(fitted / "test.csv")]
    given = ["--name", "me/news", "--language", "en", "--license", "apache-2.0"]
    assert main(["card", *arguments, "--out", str(fitted / "news"), *given]) == 0
    return fitted / "news"


@pytest.fixture
def pushed(carded, tmp_path) -> Path:
    """A copy of it, for one test."""
    return Path(shutil.copytree(carded, tmp_path / "news"))


class FakeApi:
    """Records the calls to HfApi, with the same signatures."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, object]]] = []

    def __getattr__(self, name: str):
        signature = inspect.signature(getattr(HfApi, name))

        def call(**arguments: object) -> str:
            signature.bind(self, **arguments)
            self.calls.append((name, arguments))
            return "https://huggingface.co/me/news"

        return call


def front_matter(folder: Path) -> dict:
    return yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def test_the_folder_holds_the_same_student(pushed, fitted):
    assert sorted(path.name for path in pushed.iterdir()) == ["README.md", "student.safetensors"]
    texts = ["shares soar", "unknown words", ""]
    expected = dixtill.load(fitted / "s.safetensors")(texts)
    assert dixtill.load(pushed)(texts) == expected
    assert dixtill.load(str(pushed))(texts) == expected
    assert hub.from_pretrained(pushed)(texts) == expected


def test_every_command_takes_the_folder(pushed, capsys):
    assert main(["infer", "--model", str(pushed), "shares soar"]) == 0
    assert main(["info", "--model", str(pushed), "--json"]) == 0
    described = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert described["model"]["bytes"] == (pushed / "student.safetensors").stat().st_size


def test_the_cards_measures_are_those_of_evaluate(pushed, fitted, capsys):
    arguments = ["--model", str(pushed), "--data", str(fitted / "test.csv"), "--json"]
    assert main(["evaluate", *arguments]) == 0
    scores = json.loads(capsys.readouterr().out.splitlines()[-1])
    (model,) = front_matter(pushed)["model-index"]
    assert model["name"] == "me/news"
    (result,) = model["results"]
    assert result["dataset"]["name"] == "test.csv"
    found = {metric["type"]: metric for metric in result["metrics"]}
    for kind, name in (
        ("accuracy", "accuracy"), ("f1", "macro_f1"), ("ece", "calibration_error")
    ):  # fmt: skip
        assert found[kind]["value"] == pytest.approx(scores[name], abs=1e-4)
        low, high = found[kind]["args"]["interval_95"]
        assert low <= found[kind]["value"] <= high
        assert high > low


def test_the_hub_reads_the_front_matter(pushed):
    card = huggingface_hub.ModelCard.load(pushed / "README.md")
    assert card.data.license == "apache-2.0"
    assert card.data.language == "en"
    assert card.data.pipeline_tag == "text-classification"
    assert card.data.eval_results[0].metric_type == "accuracy"


def test_the_card_says_what_one_has_to_know(pushed):
    card = (pushed / "README.md").read_text(encoding="utf-8")
    size = (pushed / "student.safetensors").stat().st_size
    for text in (
        f"{size:,} bytes", "`down`, `up`", "- method: none", "- teacher: none",
        "- training texts: ", "## Limits", "kernel ", "apache-2.0",
        "The median time from a text to its answer was ",
        "95% intervals", "| down | 13 |", 'hub.from_pretrained("me/news")',
    ):  # fmt: skip
        assert text in card, text
    assert str(Path.home()) not in card


HOSTILE = 'a`b|*c*_d_ [x](y)\n---\n# <i>\x1b[2J\u202e: "q" ```'


@pytest.mark.slow
def test_a_hostile_name_or_label_is_not_markup_in_the_card():
    markdown_it = pytest.importorskip("markdown_it", reason="reads the card with markdown-it-py")
    labels = (HOSTILE, "- plain", "third")
    model = random_model(labels=labels, provenance={"config": [], "teacher": HOSTILE})
    corpus = Corpus(("up", "down", "shares"), (0, 1, 2), labels)
    text = CardText(HOSTILE, HOSTILE, license=HOSTILE, base_model=HOSTILE)
    card = card_of(model, 1000, measure(Classifier(model), corpus), text)
    front, body = card.removeprefix("---\n").split("\n---\n", 1)
    described = yaml.safe_load(front)
    assert described["model-index"][0]["name"] == described["base_model"] == printable(HOSTILE)
    assert not {"\x1b", "\u202e"} & set(card)

    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(body)
    inline = [token for block in tokens for token in block.children or ()]
    assert {token.type for token in inline} <= {"text", "code_inline", "softbreak"}
    assert sum(token.type == "heading_open" for token in tokens) == 5
    (fence,) = (token.content for token in tokens if token.type == "fence")
    shown = printable(" ".join(HOSTILE.split()))
    assert tokens[1].children[0].content == shown
    assert [token.content for token in inline if token.type == "code_inline"][:2] == [
        shown, "- plain"
    ]  # fmt: skip
    call = next(node for node in ast.walk(ast.parse(fence)) if isinstance(node, ast.Call))
    assert ast.literal_eval(call.args[0]) == HOSTILE


def test_without_test_texts_the_card_has_the_validation_scores_and_says_so(fitted, tmp_path):
    hub.save_pretrained(fitted / "s.safetensors", tmp_path / "plain")
    card = (tmp_path / "plain" / "README.md").read_text(encoding="utf-8")
    assert "On the validation texts, which chose its epoch, it has an accuracy of " in card
    assert "model-index" not in front_matter(tmp_path / "plain")
    assert "license" not in front_matter(tmp_path / "plain")
    assert "Not stated." in card


@pytest.mark.slow
def test_intervals_are_those_of_scipy_and_narrow_with_more_texts(fitted):
    classifier = dixtill.load(fitted / "s.safetensors")
    corpus = read_corpus(fitted / "test.csv", classifier.labels)
    flipped = Corpus(corpus.texts, (1 - corpus.labels[0], *corpus.labels[1:]), corpus.label_names)
    few = measure(classifier, flipped)
    many = measure(classifier, Corpus(flipped.texts * 8, flipped.labels * 8, flipped.label_names))
    right = round(few.accuracy.value * few.rows)
    exact = stats.binomtest(right, few.rows).proportion_ci(method="exact")
    assert (few.accuracy.low, few.accuracy.high) == (exact.low, exact.high)
    for name in ("accuracy", "macro_f1"):
        of_few, of_many = getattr(few, name), getattr(many, name)
        assert of_few.value == pytest.approx(of_many.value)
        assert of_many.high - of_many.low < 0.6 * (of_few.high - of_few.low)


@pytest.mark.slow
def test_scores_of_each_label_add_up(fitted):
    classifier = dixtill.load(fitted / "s.safetensors")
    measured = measure(classifier, read_corpus(fitted / "test.csv", classifier.labels))
    assert sum(row.rows for row in measured.by_label) == measured.rows
    recalled = sum(row.rows * row.recall for row in measured.by_label) / measured.rows
    assert recalled == pytest.approx(measured.accuracy.value)
    assert np.mean([row.f1 for row in measured.by_label]) == pytest.approx(measured.macro_f1.value)
    assert measured.majority == 0.5
    assert 0 < measured.microseconds < 1e5


@pytest.mark.slow
def test_a_student_worse_than_the_most_common_label_says_so(student, tmp_path):
    texts = Corpus(("up", "down", "profit") * 5, (0, 1, 2) * 5, dixtill.load(student).labels)
    hub.save_pretrained(student, tmp_path / "bad", texts)
    assert "may be no more accurate" in (tmp_path / "bad" / "README.md").read_text("utf-8")


def test_another_student_or_page_in_the_folder_is_kept(fitted, tmp_path, capsys):
    folder = tmp_path / "mine"
    hub.save_pretrained(fitted / "s.safetensors", folder)
    before = (folder / "student.safetensors").read_bytes()
    assert main(["card", "--out", str(folder)]) == 2  # of the student that ships
    assert "student.safetensors is another student" in capsys.readouterr().err
    assert (folder / "student.safetensors").read_bytes() == before
    hub.save_pretrained(folder, folder)  # its own card is rewritten
    (folder / "README.md").write_text("my notes")
    with pytest.raises(InputError, match=r"README.md was not written by dixtill"):
        hub.save_pretrained(folder, folder)
    assert (folder / "README.md").read_text() == "my notes"


def test_pushing_makes_the_repository_and_uploads_both_files(pushed):
    (pushed / "notes.txt").write_text("private")
    api = FakeApi()
    assert hub.push_to_hub(pushed, "me/news", private=True, api=api).endswith("me/news")
    (made, settings), (uploaded, upload) = api.calls
    assert (made, uploaded) == ("create_repo", "upload_folder")
    assert settings == {"repo_id": "me/news", "private": True, "exist_ok": True}
    assert upload["folder_path"] == str(pushed)
    assert upload["allow_patterns"] == ["student.safetensors", "README.md"]


def test_the_command_pushes_through_huggingface_hub(fitted, tmp_path, monkeypatch, capsys):
    api = FakeApi()
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda **_: api)
    arguments = ["--model", str(fitted / "s.safetensors"), "--out", str(tmp_path / "news")]
    assert main(["card", *arguments, "--push", "me/news"]) == 0
    assert [name for name, _ in api.calls] == ["create_repo", "upload_folder"]
    assert "https://huggingface.co/me/news" in capsys.readouterr().out


def test_what_the_hub_refuses_is_a_sentence(pushed, tmp_path):
    class Refusing(FakeApi):
        def create_repo(self, **_):
            raise RuntimeError("401 Unauthorized")

    with pytest.raises(InputError, match=r"cannot push .* to 'me/news': 401 Unauthorized"):
        hub.push_to_hub(pushed, "me/news", api=Refusing())
    with pytest.raises(InputError, match=r"has no student.safetensors; write it with `dixtill"):
        hub.push_to_hub(tmp_path, "me/news", api=FakeApi())


def test_a_repository_of_the_hub_is_downloaded_and_loaded(pushed, monkeypatch):
    asked = []

    def download(name, file, revision):
        asked.append((name, file, revision))
        return str(pushed / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    student = hub.from_pretrained("me/news", revision="v1", threshold=0.5)
    assert asked == [("me/news", "student.safetensors", "v1")]
    assert (student.labels, student.threshold) == (("down", "up"), 0.5)


def test_a_missing_student_is_an_error_that_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        ModelFileError, match="no folder me/none here, and no student named me/none"
    ):
        hub.from_pretrained("me/none")
    with pytest.raises(ModelFileError, match=r"is a folder without a student.safetensors"):
        hub.from_pretrained(tmp_path)


def test_without_huggingface_hub_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'dixtill\[hub\]'"):
        hub.from_pretrained("me/none")


def test_a_local_folder_needs_neither_numpy_nor_the_hub(pushed):
    script = (
        "import sys; from dixtill import hub; print(hub.from_pretrained(sys.argv[1])('up').label)\n"
        "assert not {'numpy', 'torch', 'huggingface_hub'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", script, str(pushed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("up", "down")


def test_a_folder_that_cannot_be_written_is_a_sentence(fitted, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written to"):
        hub.save_pretrained(fitted / "s.safetensors", tmp_path / "file")
