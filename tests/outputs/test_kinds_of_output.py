"""What commands, tables, pages and exports write for each kind of output, and for a label."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from tiny_students import random_model

from dixtill.cli import main
from dixtill.errors import InputError
from dixtill.pages.page import page_html
from dixtill.pages.rows import ExplainedText, figures
from dixtill.runtime.answer_kind import AnswerKind
from dixtill.runtime.classifier import Classifier, load_classifier
from dixtill.runtime.explanation import ExplainedWord
from dixtill.runtime.model_file.shape import OUTPUTS
from dixtill.runtime.prediction import Prediction
from dixtill.runtime.show.headline import shown_number
from dixtill.specification.model_file import write_model

TEXTS = ["up down shares", "profit fall", "Apple shares jump after record earnings", "up up & down"]
THRESHOLDS = (0.3, 0.5, 0.6)


def model_of(output):
    settings = {"sigmoid": {"thresholds": THRESHOLDS}, "number": {"interval": 0.25}}
    return random_model(6, output=output, **settings.get(output, {}))


@pytest.fixture(params=OUTPUTS)
def student(request, tmp_path):
    """A student's file, and its classifier."""
    path = tmp_path / "student.safetensors"
    write_model(model_of(request.param), path)
    (tmp_path / "in.csv").write_text("text\n" + "\n".join(TEXTS) + "\n", encoding="utf-8")
    return path, Classifier(model_of(request.param))


def expected_fields(answer):
    """The fields of an answer in tables, written out here for each kind."""
    if answer.kind.output == "number":
        low, high = answer.interval
        own = {"predicted_value": answer.value, "interval_low": low, "interval_high": high}
    elif answer.kind.output == "sigmoid":
        own = {"predicted_labels": list(answer.labels)}
    else:
        own = {"predicted_label": answer.label}
    own |= {f"probability_{label}": value for label, value in answer.probabilities.items()}
    return own | {"truncated": answer.truncated, "unknown_share": answer.unknown_share}


def assert_alike(found, expected):
    assert list(found) == list(expected)
    for name, value in expected.items():
        if isinstance(value, float):
            assert found[name] == pytest.approx(value, abs=6e-7)
        else:
            assert found[name] == value


def test_json_lines_have_the_fields_of_the_kind(student, tmp_path):
    path, classifier = student
    arguments = ["--model", str(path), "--input", str(tmp_path / "in.csv")]
    assert main(["infer", *arguments, "--output", str(tmp_path / "out.jsonl"), "--no-words"]) == 0
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    for line, answer in zip(lines, classifier(TEXTS), strict=True):
        found = json.loads(line)
        assert found.pop("text") == answer.text
        assert_alike(found, expected_fields(answer))


def test_csv_has_labels_as_json_and_a_label_as_it_is(student, tmp_path):
    path, classifier = student
    arguments = ["--model", str(path), "--input", str(tmp_path / "in.csv"), "--no-words"]
    assert main(["infer", *arguments, "--output", str(tmp_path / "out.csv")]) == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, answer in zip(rows, classifier(TEXTS), strict=True):
        assert list(row)[1:] == list(expected_fields(answer))
        if answer.kind.output == "sigmoid":
            assert json.loads(row["predicted_labels"]) == list(answer.labels)
        elif answer.kind.output == "softmax":
            assert row["predicted_label"] == answer.label
        else:
            assert float(row["predicted_value"]) == pytest.approx(answer.value, abs=6e-7)


@pytest.mark.parametrize("command", ["infer", "score"])
def test_parquet_has_columns_of_the_kind(student, tmp_path, command):
    pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
    path, classifier = student
    source, model = str(tmp_path / "in.csv"), ["--model", str(path)]
    if command == "infer":
        out = ["--output", str(tmp_path / "out.parquet"), "--no-words"]
        assert main(["infer", *model, "--input", source, *out]) == 0
        table = pq.read_table(tmp_path / "out.parquet")
    else:
        assert main(["score", *model, "--data", source, "--out", str(tmp_path / "scored")]) == 0
        table = pq.read_table(tmp_path / "scored")
    for row, answer in zip(table.to_pylist(), classifier(TEXTS), strict=True):
        del row["text"]
        assert_alike(row, expected_fields(answer))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_have_columns_of_the_kind(student, library):
    frames = pytest.importorskip(library, reason=f"needs {library}")
    from dixtill.frames import answer as answer_frame

    _, classifier = student
    frame = answer_frame(frames.Series(TEXTS), classifier)
    rows = frame.to_dict("records") if library == "pandas" else frame.to_dicts()
    for row, answer in zip(rows, classifier(TEXTS), strict=True):
        fields = expected_fields(answer)
        wanted = {name.removeprefix("predicted_"): value for name, value in fields.items()}
        if answer.kind.output == "softmax":
            wanted = {"label": wanted.pop("label"), "probability": answer.probability, **wanted}
        assert_alike(row, wanted)


def test_words_and_checks_are_about_the_label_that_is_asked_for(tmp_path, capsys):
    model = model_of("sigmoid")
    path, classifier = tmp_path / "student.safetensors", Classifier(model)
    write_model(model, path)
    (tmp_path / "in.csv").write_text("text\n" + "\n".join(TEXTS) + "\n", encoding="utf-8")
    chosen = ["--model", str(path), "--label", "neutral", "--check"]
    expected = [
        answer.explaining("neutral").to_dict() for answer in classifier(TEXTS, check="neutral")
    ]
    assert main(["infer", *chosen, "--json", *TEXTS]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == json.loads(json.dumps(expected))
    assert main(["infer", *chosen, "--input", str(tmp_path / "in.csv")]) == 0
    for line, fields in zip(capsys.readouterr().out.splitlines(), expected, strict=True):
        found = json.loads(line)
        weights = [round(word["weight"], 6) for word in fields["words"]]
        assert [word["weight"] for word in found["words"]] == weights
        assert found["check"]["label"] == "neutral"
    assert main(["infer", "--model", str(path), "--label", "joy", "up"]) == 2
    assert "the label is 'joy', expected one of" in capsys.readouterr().err


def test_a_page_shows_each_kind(student, tmp_path, capsys):
    path, classifier = student
    page = tmp_path / "page.html"
    data = ["--data", str(tmp_path / "in.csv"), "--html", str(page), "--check"]
    assert main(["explain", "--model", str(path), *data]) == 0
    shown = page.read_text(encoding="utf-8")
    for answer in classifier(TEXTS):
        if answer.value is not None:
            assert f"<data value={answer.value:.6g}>{answer.value:.2f}</data>" in shown
            continue
        first, *others = answer.labels or ("no label",)
        value = answer.probabilities.get(first, answer.probability)
        cell = f"<td role=cell>{first} <data value={value:.4f}>({value:.2f})</data>"
        rest = "".join(f", {label} ({answer.probabilities[label]:.2f})" for label in others)
        assert f"{cell}{rest}<td" in shown
    assert ("smallest number first" in shown) == (classifier.output == "number")
    if classifier.output == "softmax":
        return
    assert main(["explain", "--model", str(path), *data, "--label-column", "text"]) == 2
    assert "true labels are shown for students that give a text one" in capsys.readouterr().err


def test_a_page_explains_the_label_that_is_asked_for(tmp_path):
    path, page = tmp_path / "student.safetensors", tmp_path / "page.html"
    write_model(model_of("softmax"), path)
    data = ["--html", str(page), "--label", "bullish", *TEXTS]
    assert main(["explain", "--model", str(path), *data]) == 0
    assert page.read_text(encoding="utf-8").count("<td role=cell>bullish<td") == len(TEXTS)


def test_terminals_show_all_labels_or_the_number(student):
    _, classifier = student
    for text in TEXTS:
        answer = classifier(text)
        first = str(answer).splitlines()[0]
        if answer.value is not None:
            low, high = answer.interval
            assert first == f"{answer.value:.2f} ({low:.2f} to {high:.2f} in 9 of 10 texts)"
            continue
        shown = [f"{label} ({answer.probabilities[label]:.2f})" for label in answer.labels]
        assert first == (", ".join(shown) or first)
        assert first.startswith("no label: ") == (not shown)


def test_a_label_over_its_threshold_is_shown_though_the_top_label_is_below_its_own():
    kind = AnswerKind(("a", "b"), "sigmoid", (0.9, 0.1))
    words = (ExplainedWord("x", 0, 1, 1.0),)
    answer = Prediction("x", "a", 0.5, {"a": 0.5, "b": 0.3}, words, False, kind=kind)
    assert answer.labels == ("b",)
    assert str(answer).startswith("b (0.30)\n")
    page = page_html([ExplainedText(answer)] * 2, "two texts")
    assert "<td role=cell>b <data value=0.3000>(0.30)</data><td" in page
    known = {figure.name: figure.value for figure in figures([ExplainedText(answer)])}
    assert known["coverage"] == "100.0%"


@pytest.mark.parametrize(
    ("value", "width", "shown"),
    [
        (1987.44, 4.0, "1987.4"), (4.2567, 0.5, "4.26"), (0.123456, 0.0, "0.1235"),
        (0.0, 0.0, "0.000"), (-12345.6, 0.0, "-12346"), (3e7, 0.0, "3e+07"), (2e-5, 0.0, "2e-05"),
    ],
)  # fmt: skip
def test_numbers_have_the_digits_that_matter(value, width, shown):
    assert shown_number(value, width) == shown


@pytest.mark.parametrize("settings", [{"threshold": 0.5}, {"only_familiar": True}])
def test_a_setting_that_does_not_fit_is_no_fault_of_the_file(tmp_path, settings):
    path = tmp_path / "student.safetensors"
    write_model(model_of("number"), path)
    with pytest.raises(InputError, match="the student answers numbers"):
        load_classifier(path, **settings)


def test_the_onnx_graph_ends_in_the_kind_of_answer(student):
    ort = pytest.importorskip("onnxruntime", reason="needs ONNX Runtime")
    from dixtill.export.onnx_graph import onnx_student

    _, classifier = student
    model = model_of(classifier.output)
    content = onnx_student(model).SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    ids = np.array([[1, 5, 3, 2]])
    probabilities, logits = session.run(
        ["probabilities", "logits"], {"piece_ids": ids, "mask": np.ones((1, 4), bool)}
    )
    values = logits[0].astype(float)
    expected = {
        "softmax": np.exp(values) / np.exp(values).sum(),
        "sigmoid": 1 / (1 + np.exp(-values)),
        "number": values,
    }
    assert probabilities[0] == pytest.approx(expected[classifier.output], abs=1e-6)
    stored = session.get_modelmeta().custom_metadata_map
    assert stored["output"] == classifier.output
    assert tuple(json.loads(stored["thresholds"])) == model.settings.thresholds


def test_info_says_what_the_student_answers(student, capsys):
    path, classifier = student
    assert main(["info", "--model", str(path), "--json"]) == 0
    described = json.loads(capsys.readouterr().out)["model"]
    assert described["output"] == classifier.output
    assert tuple(described.get("thresholds", ())) == classifier.kind.thresholds
    assert math.isclose(described.get("interval", -1.0), classifier.kind.interval or -1.0)
