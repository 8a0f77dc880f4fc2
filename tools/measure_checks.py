"""Measure what checking costs and finds on the texts of a CSV file, for docs/checking.md.

python tools/measure_checks.py --data tfns/valid.csv
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import dixtill
from dixtill.pages.labeled_file import read_labeled
from dixtill.runtime.classifier import Classifier

ROUNDS = 20


def main() -> None:
    """Print times on one thread and the sizes of the flips."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", required=True, metavar="CSV")
    parser.add_argument("--model", metavar="FILE")
    parser.add_argument("--text-column", default="text", metavar="NAME")
    args = parser.parse_args()
    os.environ["DIXTILL_NUM_THREADS"] = "1"
    student = dixtill.load(args.model)
    rows = read_labeled(Path(args.data), student.labels, args.text_column, None)
    texts = [row.text for row in rows]
    print_times(student, texts)
    print_findings([student(text, check=True) for text in texts])


def print_times(student: Classifier, texts: list[str]) -> None:
    """Print the time of a checked answer, and of answering a text without each of its words."""
    checked = [1e3 * _seconds(student, text, check=True) for text in texts]
    hundredths = quantiles(checked, n=100)
    print(
        f"a checked answer: {median(checked):.2f} ms in the median, {hundredths[89]:.1f} at the "
        f"90th percentile, {max(checked):.1f} at most"
    )
    twelve = [text for text in texts if len(student(text).words) == 12][:ROUNDS]
    if twelve:
        alone = [
            1e3 * min(_seconds(student, _without_each_word(student, text)) for _ in range(ROUNDS))
            for text in twelve
        ]
        print(f"a text of 12 words, each left out: {median(alone):.3f} ms")


def print_findings(answers: list[dixtill.Prediction]) -> None:
    """Print how many words change a label, and how weights and effects correlate."""
    checks = [answer.check for answer in answers if answer.check is not None]
    sizes = Counter(len(check.flip) for check in checks if check.flip is not None)
    print(f"{len(checks)} texts; words change the label of {sum(sizes.values())}")
    print("fewest words: " + ", ".join(f"{size}: {sizes[size]}" for size in sorted(sizes)))
    smallest = sum(check.is_smallest for check in checks) / len(checks)
    print(f"no smaller set is left to try for {smallest:.0%}")
    correlations = [check.correlation for check in checks if check.correlation is not None]
    print(f"rank correlation of weights and effects: {median(correlations):.2f} in the median")


def _seconds(student: Classifier, texts: str | list[str], check: bool = False) -> float:
    start = perf_counter()
    if isinstance(texts, str):
        student(texts, check=check)
    else:
        student(texts)
    return perf_counter() - start


def _without_each_word(student: Classifier, text: str) -> list[str]:
    return [
        text[: word.start] + " " * (word.end - word.start) + text[word.end :]
        for word in student(text).words
    ]


if __name__ == "__main__":
    main()
