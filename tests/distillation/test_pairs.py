"""Teachers and data of pairs of texts are refused, because a student reads one text."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_teachers import build

from dixtill.cli import main
from dixtill.distillation.config import CourseSettings
from dixtill.distillation.data.corpus import read_corpus
from dixtill.distillation.data.sources import read_course_texts
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

ROW = {"premise": "It rains", "hypothesis": "It is wet", "label": "entailment"}
BOTH = r"pairs of texts \(premise and hypothesis\)"


@pytest.mark.parametrize(
    "names",
    [
        ("entailment", "neutral", "contradiction"),
        ("CONTRADICTION", "NEUTRAL", "ENTAILMENT"),
        ("entailment", "not_entailment", "other"),
    ],
)
def test_a_teacher_of_inference_is_refused(names):
    model, tokenizer = build("bert")
    model.config.id2label = dict(enumerate(names))
    sentence = rf"labels \({', '.join(names)}\), .*, but a student reads one text; take a class"
    with pytest.raises(InputError, match=sentence):
        Teacher(model, tokenizer)


@pytest.mark.parametrize("key", ["sentence_transformers", "sbert_ce_default_activation_function"])
def test_a_cross_encoder_is_refused(key):
    model, tokenizer = build("bert")
    setattr(model.config, key, {"activation_fn": "torch.nn.modules.linear.Identity"})
    with pytest.raises(InputError, match=r"saved as a CrossEncoder .* a student reads one text"):
        Teacher(model, tokenizer)


@pytest.mark.parametrize("names", [("neutral", "contradictory", "positive"), ("same", "a", "b")])
def test_other_teachers_are_not(names):
    model, tokenizer = build("bert")
    model.config.id2label = dict(enumerate(names))
    assert Teacher(model, tokenizer).labels == names


def write(path: Path, row: dict[str, str]) -> Path:
    """Write one row in the format that the suffix says."""
    if path.suffix == ".parquet":
        pq.write_table(pa.table({name: [value] for name, value in row.items()}), path)
    elif path.suffix == ".jsonl":
        path.write_text(str(row).replace("'", '"'))
    else:
        mark = "\t" if path.suffix == ".tsv" else ","
        path.write_text(f"{mark.join(row)}\n{mark.join(row.values())}\n")
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("column", ["text", "premise", "hypothesis"])
def test_data_of_pairs_are_refused(suffix, column, tmp_path):
    path = write(tmp_path / f"nli.{suffix}", ROW)
    with pytest.raises(InputError, match=BOTH if column != "hypothesis" else "pairs of texts"):
        read_corpus(path, text_column=column)


def test_data_of_pairs_on_the_hub_are_refused(tmp_path):
    write(tmp_path / "train.csv", ROW)
    for column in ("text", "premise"):
        with pytest.raises(InputError, match=BOTH):
            read_corpus(f"hub:{tmp_path}", text_column=column)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"premise": "a", "text": "b", "label": "x"}, "premise"),
        ({"premise": "a", "hypothesis": "b", "text": "c", "label": "x"}, "text"),
        ({"question": "a", "answer": "b", "label": "x"}, "question"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_other_columns_do_not_matter(row, column, suffix, tmp_path):
    corpus = read_corpus(write(tmp_path / f"data.{suffix}", row), text_column=column)
    assert corpus.texts == (row[column],)


@pytest.mark.parametrize("pair", [("It rains", "It is wet"), ["It rains", "It is wet"]])
def test_pairs_in_python_are_refused(pair):
    with pytest.raises(InputError, match="text 1 is a pair, expected a str: a student reads one"):
        read_course_texts((["one", pair], ["x", "y"]), None, None, CourseSettings())


def test_a_command_says_it_in_one_sentence(bert_folder, tmp_path_factory, capfd):
    folder = tmp_path_factory.mktemp("work")
    path = write(folder / "nli.csv", ROW)
    capfd.readouterr()
    arguments = ["--teacher", str(bert_folder), "--train", str(path), "--text-column", "premise"]
    assert main(["distill", *arguments, "--out", str(folder / "s.safetensors")]) == 2
    printed = capfd.readouterr().err
    assert "remove the column 'hypothesis'" in printed
    assert printed.count("\n") == 1
