"""Trains students by each method and seed, and writes their scores on a test set as a table.

    python tools/compare_methods.py --teacher DIR --train train.csv --test valid.csv --out DIR

The test set's texts are left out of training and choose nothing: the best epoch is chosen on a
tenth of the training texts. Finished students are not trained again.
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import asdict
from pathlib import Path

import torch

from dixtill.cli import main as dixtill
from dixtill.runtime.classifier import Classifier
from dixtill.runtime.model_file import StudentModel, read_model
from dixtill.training.corpus import Corpus, read_corpus
from dixtill.training.evaluate import Scores, score, score_classifier
from dixtill.training.examples import make_examples
from dixtill.training.student import Student

METHODS = {
    "none": ["--method", "none"],
    "kl": ["--method", "kl"],
    "mse": ["--method", "mse"],
    "dixtill, raw scores (paper)": ["--method", "dixtill", "--explanation", "scores"],
    "dixtill, contributions": ["--method", "dixtill", "--explanation", "contributions"],
    "dixtill, contributions, plain KL at τ = 2 (ships)": [
        *("--method", "dixtill", "--explanation", "contributions"),
        *("--kl", "plain", "--temperature", "2"),
    ],
}


def train(args: argparse.Namespace, method: str, seed: int) -> Path:
    """Train one student, if that is not done; returns its model file."""
    name = "-".join(METHODS[method][1::2])
    out = Path(args.out) / f"{name}-{seed}.safetensors"
    if not out.exists():
        arguments = ["--train", args.train, "--exclude", args.test, "--seed", str(seed)]
        arguments += ["--attributions", args.attributions, "--threads", str(args.threads)]
        arguments += METHODS[method]
        code = dixtill(["distill", "--teacher", args.teacher, "--out", str(out), *arguments])
        if code:
            raise SystemExit(code)
    return out


def float_scores(model: StudentModel, run_folder: Path, test: Corpus) -> Scores:
    """Scores of the student before it was quantised, from its run's checkpoint."""
    s = model.shape
    student = Student(s.num_pieces, s.num_classes, s.embedding_dim, s.hidden_dim, s.attention_dim)
    checkpoint = torch.load(run_folder / "checkpoint.pt", weights_only=True)
    student.load_state_dict(checkpoint["best_weights"])
    return score(student, make_examples(test, model.tokenizer(), model.cleaning))


def row(method: str, results: list[dict[str, dict[str, float]]]) -> str:
    """A line of the table: mean and standard deviation over the seeds, in per cent."""
    cells = [
        f"{100 * statistics.mean(values):.1f} ± {100 * statistics.stdev(values):.1f}"
        for number in ("int8", "float32")
        for measure in ("accuracy", "macro_f1")
        for values in [[result[number][measure] for result in results]]
    ]
    return f"| {method} | {' | '.join(cells)} |"


def main() -> None:
    """Train, score and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--attributions", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    Path(args.out).mkdir(parents=True, exist_ok=True)
    results: dict[str, list[dict[str, dict[str, float]]]] = {method: [] for method in METHODS}
    for seed in range(args.seeds):
        for method in METHODS:
            path = train(args, method, seed)
            model = read_model(path)
            test = read_corpus(args.test, model.labels)
            before = float_scores(model, Path(f"{path}.run"), test)
            after = score_classifier(Classifier(model), test)
            results[method].append({"int8": asdict(after), "float32": asdict(before)})
            print(path.name, json.dumps(results[method][-1]), flush=True)
            (Path(args.out) / "scores.json").write_text(json.dumps(results, indent=1))
    print("| method | int8 accuracy | int8 macro-F1 | float32 accuracy | float32 macro-F1 |")
    print("|---|---|---|---|---|")
    for method, found in results.items():
        print(row(method, found))


if __name__ == "__main__":
    main()
