"""Measures a teacher, its students and linear peers on several labels of a text, or on numbers.

python -m benchmarks.several --dataset goemotions --teacher DIR --train train.csv \\
    --test valid.csv --label-column labels --label-separator "|" --out DIR -- --perturbed 20000

Arguments after -- go to `dixtill distill`. Every measurement is a JSON file in --out, and what is
there is not made again. `--json FILE` writes what a table of docs/results.md shows.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.several import linear
from benchmarks.several.corpora import Corpora, read
from benchmarks.several.explanations import agreement_on_given_labels
from benchmarks.several.scores import scores_of, thresholds_on
from benchmarks.several.summary import summarized
from dixtill.cli import main as dixtill
from dixtill.distillation.data.corpus import Corpus
from dixtill.distillation.measures.scores import answers_to
from dixtill.distillation.teacher.head import answers_of
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.runtime.classifier import load_classifier
from dixtill.specification.cleaning import DEFAULT_RULES, clean
from dixtill.version import __version__
from dixtill.whole_file import write_whole

Ask = Callable[[Corpus], npt.NDArray[np.float64]]


def main() -> None:
    parser, own = _parser(), sys.argv[1:]
    end = own.index("--") if "--" in own else len(own)
    arguments = parser.parse_args(own[:end])
    arguments.out.mkdir(parents=True, exist_ok=True)
    corpora = read(
        arguments.train, arguments.test, arguments.label_column, arguments.label_separator
    )
    for name in arguments.only or ("teacher", *_peers(corpora), "student"):
        for seed in range(1 if name == "teacher" else arguments.seeds):
            path = arguments.out / f"{name.replace(' ', '-')}-{seed}.json"
            if not path.is_file():
                found = _measured(name, seed, arguments, corpora, own[end + 1 :])
                write_whole(path, json.dumps(found, indent=1).encode())
            print(path.name, path.read_text("utf-8").replace("\n", ""), flush=True)
    if arguments.json:
        figures = summarized(arguments.out) | {
            "source": {
                "command": f"python -m benchmarks.several {shlex.join(_named(own))}",
                "cpu": arguments.cpu,
                "version": f"dixtill {__version__}",
            },
            "dataset": arguments.dataset,
            "texts": {name: len(part) for name, part in corpora._asdict().items()},
        }
        write_whole(arguments.json, (json.dumps(figures, indent=1) + "\n").encode())


def _peers(corpora: Corpora) -> tuple[str, ...]:
    return ("TF-IDF",) if corpora.train.output == "number" else ("TF-IDF", "fastText")


def _measured(
    name: str, seed: int, arguments: argparse.Namespace, corpora: Corpora, more: list[str]
) -> dict[str, float]:
    if name == "teacher":
        return _scores(_asking_teacher(Teacher.load(arguments.teacher)), corpora)
    if name != "student":
        fit = {"TF-IDF": linear.tf_idf, "fastText": linear.fast_text}[name]
        return _scores(fit(corpora, seed), corpora)
    file = arguments.out / f"student-{seed}.safetensors"
    _distill(arguments, seed, file, more)
    student = load_classifier(file)
    scores = _scores(lambda corpus: answers_to(student, corpus).astype(np.float64), corpora)
    scores["bytes"] = file.stat().st_size
    if arguments.explained:
        scores |= agreement_on_given_labels(
            student, arguments.teacher, corpora.test, arguments.explained, arguments.out
        )
    return scores


def _asking_teacher(teacher: Teacher) -> Ask:
    def ask(corpus: Corpus) -> npt.NDArray[np.float64]:
        logits = teacher.predict([clean(text, DEFAULT_RULES) for text in corpus.texts])
        return answers_of(corpus.output, logits).numpy().astype(np.float64)

    return ask


def _scores(ask: Ask, corpora: Corpora) -> dict[str, float]:
    """Return the scores on the test texts; thresholds are chosen on the held-out ones."""
    thresholds = None
    if corpora.train.output != "number":
        thresholds = thresholds_on(ask(corpora.held_out), corpora.held_out)
    return scores_of(ask(corpora.test), corpora.test, thresholds)


def _distill(arguments: argparse.Namespace, seed: int, file: Path, more: list[str]) -> None:
    labels = ["--label-column", arguments.label_column]
    if arguments.label_separator is not None:
        labels += ["--label-separator", arguments.label_separator]
    else:
        labels.append("--numbers")
    status = dixtill([
        "distill", "--teacher", str(arguments.teacher), "--train", str(arguments.train),
        "--exclude", str(arguments.test), *labels, "--attributions",
        str(arguments.out / "attributions"), "--seed", str(seed), "--threads", "1",
        "--no-report", "--out", str(file), *more,
    ])  # fmt: skip
    if status:
        sys.exit(status)


def _named(own: list[str]) -> list[str]:
    """Return the arguments with the last part of each path alone."""
    return [part.rstrip("/").rpartition("/")[2] if "/" in part else part for part in own]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.several", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--dataset", required=True, help="its name in the tables")
    for name in ("--teacher", "--train", "--test", "--out"):
        parser.add_argument(name, required=True, type=Path)
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--label-separator", help="without it, labels are numbers")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--explained", type=int, default=0, help="test texts whose explanations are compared"
    )
    parser.add_argument("--only", nargs="+", help="of teacher, TF-IDF, fastText, student")
    parser.add_argument("--cpu", default="", help="the machine's, for the summary")
    parser.add_argument("--json", type=Path, help="write a summary for docs/results.md")
    return parser


if __name__ == "__main__":
    main()
