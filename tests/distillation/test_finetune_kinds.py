"""Fine-tuning of teachers that give several labels, or a number."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, label_ranking_average_precision_score, mean_absolute_error
from tiny_finetuning import CONFIG, TRAIN, VALID, save_base
from transformers import BertConfig, pipeline
from watchers import EachEpoch

from dixtill.cli import main
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.fine_tuning.finetune import finetune, score_teacher
from dixtill.distillation.measures.thresholds import thresholds_for_f1
from dixtill.distillation.teacher.head import output_of
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.errors import InputError

pytestmark = pytest.mark.slow

NAMES = ("bank", "fall", "jump")


class Stopped(Exception):
    pass


def several(corpus: Corpus) -> Corpus:
    """The words of a text that are labels."""
    sets = tuple(tuple(i for i, name in enumerate(NAMES) if name in text) for text in corpus.texts)
    return Corpus(corpus.texts, sets, NAMES, "sigmoid")


def numbers(corpus: Corpus, unit: float = 1.0, mean: float = 0.0) -> Corpus:
    """Larger numbers for texts of jumps and of banks."""
    found = (4.0 * ("jump" in text) + ("bank" in text) for text in corpus.texts)
    return Corpus(corpus.texts, tuple(unit * n + mean for n in found), ("stars",), "number")


def answers(folder: Path, corpus: Corpus = VALID) -> torch.Tensor:
    return Teacher.load(folder).predict(list(corpus.texts))


def test_a_teacher_of_several_labels_learns_each(bert_base, tmp_path):
    corpus = several(TRAIN)
    config = replace(CONFIG, epochs=30, learning_rate=3e-3)
    scores = finetune(bert_base, corpus, corpus, config, tmp_path / "out")
    teacher = Teacher.load(tmp_path / "out")
    assert (teacher.output, teacher.labels) == ("sigmoid", NAMES)
    assert scores == score_teacher(teacher, corpus)
    assert scores.micro_f1 == 1
    probabilities = answers(tmp_path / "out", corpus).sigmoid().numpy()
    targets = corpus.targets
    given = probabilities >= np.array(thresholds_for_f1(targets, probabilities))
    assert scores.micro_f1 == pytest.approx(f1_score(targets, given, average="micro"))
    assert scores.macro_f1 == pytest.approx(
        f1_score(targets, given, average="macro", zero_division=0)
    )
    assert scores.ranking_average_precision == pytest.approx(
        label_ranking_average_precision_score(targets, probabilities)
    )
    answer = pipeline("text-classification", str(tmp_path / "out"), top_k=None)([corpus.texts[1]])[
        0
    ]
    found = {label["label"]: label["score"] for label in answer}
    assert [found[name] for name in NAMES] == pytest.approx(probabilities[1].tolist(), abs=1e-5)


@pytest.mark.parametrize("kind", ["bert", "qwen2", "roberta", "xlnet", "bart", "distilbert"])
def test_a_teacher_of_numbers_learns_the_same_in_every_unit(kind, tmp_path):
    """The head of Qwen2 has no bias, so that it cannot shift numbers."""
    base = save_base(kind, tmp_path / "base")
    shift = 0.0 if kind == "qwen2" else 100.0
    scores = finetune(base, numbers(TRAIN), numbers(VALID), CONFIG, tmp_path / "plain")
    changed = [numbers(corpus, 10.0, shift) for corpus in (TRAIN, VALID)]
    ten = finetune(base, *changed, CONFIG, tmp_path / "ten")
    plain = answers(tmp_path / "plain")
    torch.testing.assert_close(answers(tmp_path / "ten"), 10 * plain + shift, rtol=1e-3, atol=0.02)
    assert ten.pearson == pytest.approx(scores.pearson, abs=1e-3)
    assert scores.mean_absolute_error == pytest.approx(
        mean_absolute_error(numbers(VALID).labels, plain[:, 0])
    )
    assert scores.pearson == pytest.approx(
        np.corrcoef(numbers(VALID).labels, plain[:, 0])[0, 1], abs=1e-6
    )


def test_a_stopped_training_of_numbers_resumes_to_the_same_teacher(bert_base, tmp_path):
    def stop(_metrics):
        raise Stopped

    corpora = numbers(TRAIN), numbers(VALID)
    finetune(bert_base, *corpora, CONFIG, tmp_path / "whole")
    with pytest.raises(Stopped):
        finetune(bert_base, *corpora, CONFIG, tmp_path / "out", EachEpoch(stop))
    finetune(bert_base, *corpora, CONFIG, tmp_path / "out")
    assert torch.equal(answers(tmp_path / "whole"), answers(tmp_path / "out"))


def test_equal_numbers_teach_nothing(bert_base, tmp_path):
    same = Corpus(("a", "b"), (3.0, 3.0), ("stars",), "number")
    with pytest.raises(InputError, match="labeled with the number 3, so that nothing can be"):
        finetune(bert_base, same, same, CONFIG, tmp_path / "out")


def test_the_commands_read_and_name_both_kinds(bert_base, tmp_path, capsys):
    rows = [("text", "labels", "stars")]
    for text, labels, stars in zip(
        TRAIN.texts, several(TRAIN).labels, numbers(TRAIN).labels, strict=True
    ):
        rows.append((text, "|".join(NAMES[label] for label in labels), stars))
    with (tmp_path / "train.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    fixed = ["finetune", "--base", str(bert_base), "--train", str(tmp_path / "train.csv")]
    fixed += ["--valid", str(tmp_path / "train.csv"), "--epochs", "1", "--out"]
    kinds = {
        "sets": ("--label-column labels --label-separator |", "bank, fall, jump", "micro-F1"),
        "numbers": ("--label-column stars --numbers", "stars", "mean absolute error"),
    }
    for name, (arguments, labels, score) in kinds.items():
        assert main([*fixed, str(tmp_path / name), *arguments.split()]) == 0
        printed = capsys.readouterr().out
        assert f"{name}: {labels}; on 14 validation texts {score} " in printed


@pytest.mark.parametrize(
    ("problem", "num_outputs", "output"),
    [
        (None, 3, "softmax"),
        (None, 1, "number"),
        ("single_label_classification", 2, "softmax"),
        ("single_label_classification", 1, "sigmoid"),
        ("multi_label_classification", 3, "sigmoid"),
        ("multi_label_classification", 1, "sigmoid"),
        ("regression", 1, "number"),
    ],
)
def test_the_kind_of_output_is_the_one_that_transformers_would_train(problem, num_outputs, output):
    config = BertConfig(num_labels=num_outputs)
    config.problem_type = problem  # transformers 5 refuses a single class, which older ones saved
    assert output_of(config) == output
