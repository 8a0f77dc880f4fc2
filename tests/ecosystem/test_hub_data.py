"""Reads hub:NAME through `datasets` from local folders like those on the hub, without a network."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import datasets
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from dixtill.cli import main
from dixtill.distillation.data.corpus import read_corpus
from dixtill.distillation.data.unlabeled import read_texts, stream_texts
from dixtill.errors import InputError

NAMES = ["neg", "pos"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with its own cache and no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return tmp_path


def classed(texts: list[str | None], labels: list[int | None]) -> Dataset:
    features = Features({"text": Value("string"), "label": ClassLabel(names=NAMES)})
    return Dataset.from_dict({"text": texts, "label": labels}, features=features)


def write_csv(path: str, rows: list[tuple[str, ...]]) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


def write_parquet(name: str) -> None:
    Path(name).mkdir()
    classed(["good", "bad", "fine"], [1, 0, 1]).to_parquet(f"{name}/train.parquet")
    classed(["well", "ill"], [1, 0]).to_parquet(f"{name}/test.parquet")


def test_a_split_of_parquet_files_has_the_names_of_its_classes():
    write_parquet("reviews")
    corpus = read_corpus("hub:reviews:test")
    assert (corpus.texts, corpus.labels) == (("well", "ill"), (1, 0))
    assert corpus.label_names == ("neg", "pos")
    assert read_corpus("hub:reviews:train").texts == ("good", "bad", "fine")


def test_a_slice_of_a_split_is_a_split():
    write_parquet("reviews")
    assert read_corpus("hub:reviews:train[1:3]").texts == ("bad", "fine")


@pytest.mark.parametrize("name", ["csv", "some/where"])
def test_csv_files_have_sorted_names_whatever_the_folder_is_called(name, folder):
    write_csv(f"{name}/train.csv", [("a, b", "up"), ("c", "down")])
    for location in (f"hub:{name}", f"hub:{folder / name}:train"):
        corpus = read_corpus(location)
        assert (corpus.texts, corpus.labels) == (("a, b", "c"), (1, 0))
        assert corpus.label_names == ("down", "up")


def test_what_save_to_disk_wrote_is_read():
    both = DatasetDict({"train": classed(["a"], [0]), "test": classed(["b"], [1])})
    both.save_to_disk("both")
    both["test"].save_to_disk("one")
    assert read_corpus("hub:both:test").texts == ("b",)
    assert read_corpus("hub:one").texts == ("b",)


def test_a_configuration_stands_before_the_split():
    for language in ("en", "it"):
        write_csv(f"two/{language}/train.csv", [(language, "1")])
    configs = [{"config_name": c, "data_files": f"{c}/train.csv"} for c in ("en", "it")]
    Path("two/README.md").write_text(f"---\nconfigs: {json.dumps(configs)}\n---\n")
    assert read_corpus("hub:two:it:train").texts == ("it",)
    with pytest.raises(InputError, match=r"cannot load 'hub:two:train': .*Config name is missing"):
        read_corpus("hub:two:train")


def test_labels_of_a_teacher_are_met_by_name_by_number_or_in_the_data_sets_order():
    write_parquet("reviews")
    assert read_corpus("hub:reviews:test", ("pos", "neg")).labels == (0, 1)
    assert read_corpus("hub:reviews:test", ("LABEL_0", "LABEL_1")).labels == (1, 0)
    with pytest.raises(InputError, match="row 1: label 'pos' is not one of negative, positive"):
        read_corpus("hub:reviews:test", ("negative", "positive"))
    write_csv("numbers/train.csv", [("a", "1"), ("b", "0")])
    assert read_corpus("hub:numbers", ("negative", "positive")).labels == (1, 0)


def test_texts_without_labels_leave_out_empty_and_equal_ones():
    classed(["a", None, " ", "b", "a"], [-1] * 5).save_to_disk("texts")
    assert read_texts("hub:texts") == ["a", "b"]


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("hub:reviews", "hub:reviews has the splits train, test; name one, as in hub:reviews:tra"),
        ("hub:reviews:dev", "cannot load 'hub:reviews:dev': Unknown split \"dev\""),
        ("hub:no/where:train", "cannot load 'hub:no/where:train': Couldn't reach"),
        ("hub:", "'hub:' does not name a data set, expected hub:NAME"),
        ("hub:reviews:", "expected hub:NAME"),
        ("hub:a:b:c:d", "expected hub:NAME"),
    ],
)
def test_a_missing_data_set_or_split_is_named_in_a_sentence(location, sentence):
    write_parquet("reviews")
    with pytest.raises(InputError) as caught:
        read_corpus(location)
    assert sentence in str(caught.value)


def test_columns_and_rows_that_cannot_be_used_are_named():
    write_parquet("reviews")
    with pytest.raises(InputError, match="has no column 'tweet'; it has text, label"):
        read_corpus("hub:reviews:test", text_column="tweet")
    with pytest.raises(InputError, match="the column 'label' holds values that are not texts"):
        read_texts("hub:reviews:test", "label")
    classed(["a", "b"], [0, -1]).save_to_disk("unlabeled")
    with pytest.raises(InputError, match="hub:unlabeled, row 2: the column 'label' is empty"):
        read_corpus("hub:unlabeled")
    with pytest.raises(InputError, match="corresponds to no data"):
        read_corpus("hub:reviews:test[:0]")


def test_every_command_that_reads_texts_takes_the_hub(teacher_folder, capsys):
    names = ("bearish", "bullish", "neutral")
    rows = [(f"shares jump {number}", names[number % 3]) for number in range(30)]
    write_csv("tweets/train.csv", rows)
    write_csv("tweets/test.csv", rows[:6])
    teacher = ["--teacher", str(teacher_folder)]
    steps = ["--steps", "2", "--precision", "float32"]
    explain = ["attribute", *teacher, "--data", "hub:tweets:train", "--out", "kept", *steps]
    assert main(explain) == 0
    assert "30 texts explained" in capsys.readouterr().out
    data = ["--train", "hub:tweets:train[6:]", "--valid", "hub:tweets:train[:6]"]
    sizes = ["--embedding-dim", "6", "--hidden-dim", "5", "--epochs", "1", "--perturbed", "0"]
    more = ["--attributions", "kept", "--unlabeled", "hub:tweets:test", *steps]
    assert main(["distill", *teacher, *data, *sizes, *more, "--out", "s.safetensors"]) == 0
    arguments = ["--model", "s.safetensors", "--data", "hub:tweets:test", "--json"]
    assert main(["evaluate", *arguments]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["rows"] == 6
    assert main(["evaluate", "--model", "s.safetensors", "--data", "hub:tweets"]) == 2
    assert "has the splits train, test" in capsys.readouterr().err


MISSING = ["null", "N/A", "NA", "nan", "None", "", "007", "1e5", "True"]


def test_texts_that_pandas_takes_for_nothing_are_texts():
    write_csv("odd/train.csv", [(text, "NA") for text in MISSING] + [("up", "null")])
    corpus = read_corpus("hub:odd:train")
    assert corpus.texts == (*MISSING, "up")
    assert corpus.label_names == ("NA", "null")
    assert read_texts("hub:odd") == [*(text for text in MISSING if text), "up"]


def test_tsv_is_read_like_csv():
    Path("tabs").mkdir()
    Path("tabs/train.tsv").write_text('text\tlabel\n"a\tb"\tnull\nc, d\tup\n')
    corpus = read_corpus("hub:tabs")
    assert (corpus.texts, corpus.label_names) == (("a\tb", "c, d"), ("null", "up"))


def test_slices_and_sums_of_splits_of_csv_are_splits():
    for split in ("train", "test"):
        write_csv(f"both/{split}.csv", [(f"{split} {number}", "x") for number in range(4)])
    assert read_corpus("hub:both:train[1:3]").texts == ("train 1", "train 2")
    assert read_corpus("hub:both:test[:50%]").texts == ("test 0", "test 1")
    assert read_corpus("hub:both:train[3:]+test[-1:]").texts == ("train 3", "test 3")
    with pytest.raises(InputError, match='Unknown split "dev"; it has train, test'):
        read_corpus("hub:both:dev")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("label,text\nup,jump, then crash\n", "train.csv, line 2: the row has 3 fields, the head"),
        ("text,label\na,up\nb\n", "train.csv, line 3: the row has 1 fields, the header 2"),
        ('text,label\n"a"b,up\n', "train.csv, line 2: not CSV"),
        ("tweet,label\na,up\n", "train.csv has no column 'text'; it has tweet, label"),
        ("text,label\na,up\nb,\n", "hub:bad, row 2: the column 'label' is empty"),
    ],
)
def test_bad_rows_of_csv_are_named(content, sentence):
    Path("bad").mkdir()
    Path("bad/train.csv").write_text(content)
    with pytest.raises(InputError) as caught:
        read_corpus("hub:bad")
    assert sentence in str(caught.value)


def test_csv_whose_features_are_given_is_read_by_datasets_without_missing_values():
    write_csv("typed/train.csv", [("null", "1"), ("N/A", "0")])
    features = [{"name": "text", "dtype": "string"}, {"name": "label", "dtype": {"class_label": {
        "names": {"0": "neg", "1": "pos"}}}}]  # fmt: skip
    info = json.dumps({"features": features})
    Path("typed/README.md").write_text(f"---\ndataset_info: {info}\n---\n")
    corpus = read_corpus("hub:typed")
    assert corpus.texts == ("null", "N/A")
    assert (corpus.labels, corpus.label_names) == ((1, 0), ("neg", "pos"))


@pytest.mark.parametrize("labels", [[0.5, 1.5], [{"a": 1}, {"a": 2}]])
def test_labels_that_name_no_class_are_refused(labels):
    Dataset.from_dict({"text": ["a", "b"], "label": labels}).save_to_disk("odd")
    with pytest.raises(InputError, match=r"row 1: the column 'label' is .*, expected a name"):
        read_corpus("hub:odd")


def test_lists_of_classes_are_several_labels():
    features = Features({"text": Value("string"), "label": [ClassLabel(names=NAMES)]})
    both = {"text": ["a", "b", "c"], "label": [[1, 0], [], [1]]}
    Dataset.from_dict(both, features=features).save_to_disk("several")
    corpus = read_corpus("hub:several")
    assert (corpus.output, corpus.labels) == ("sigmoid", ((0, 1), (), (1,)))
    assert corpus.label_names == ("neg", "pos")


def test_a_missing_text_is_not_an_empty_one():
    classed(["a", None], [0, 1]).save_to_disk("gaps")
    with pytest.raises(InputError, match="hub:gaps, row 2: the field 'text' is null"):
        read_corpus("hub:gaps")


def test_texts_of_the_hub_are_streamed(monkeypatch):
    """A batch is read as it is needed: an error further on comes later."""
    Dataset.from_dict({"text": ["a"] * 2500}).save_to_disk("many")
    batches = []
    iterated = datasets.Dataset.iter

    def counted(self, batch_size):
        for batch in iterated(self, batch_size):
            batches.append(len(batch["text"]))
            yield batch

    monkeypatch.setattr(datasets.Dataset, "iter", counted)
    texts = stream_texts("hub:many")
    assert next(texts) == "a"
    assert batches == [1000]
    assert len([*texts]) == 2499
    assert batches == [1000, 1000, 500]
