"""Formats the demo's results as text: the paper's two tables, and examples as in its figure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .pipeline import DemoResult, Example
from .reviews import LABELS


def report(result: DemoResult) -> str:
    """Return tables and examples, separated by blank lines."""
    settings = result.settings
    test_accuracy = result.quality["teacher"].accuracy
    error = math.sqrt(test_accuracy * (1 - test_accuracy) / settings.num_test)
    return "\n\n".join(
        [
            f"{settings.num_teacher} reviews, half English, half Italian, for the teacher; "
            f"{settings.num_train} of them for the students,\nwithout pre-training for either; "
            f"{settings.num_valid} to validate, {settings.num_test} to test; "
            f"seed {settings.seed}.",
            f"Quality on the test reviews (standard error of the teacher's accuracy: {error:.3f})",
            _quality_table(result),
            f"Compression, and the median time of one review over {settings.num_timed}, one thread",
            _compression_table(result),
            *(_example(example) for example in result.examples),
        ]
    )


def _quality_table(result: DemoResult) -> str:
    return _table(
        ("method", "accuracy", "macro-F1"),
        [
            (title, f"{scores.accuracy:.3f}", f"{scores.macro_f1:.3f}")
            for title, scores in result.quality.items()
        ],
    )


def _compression_table(result: DemoResult) -> str:
    teacher = result.compression["teacher"]
    return _table(
        ("method", "size", "compression", "time", "speed-up", "accuracy"),
        [
            (
                name,
                f"{row.num_bytes / 1000:.0f} kB",
                f"{teacher.num_bytes / row.num_bytes:.2f}x",
                f"{row.seconds * 1e6:.0f} µs",
                f"{teacher.seconds / row.seconds:.2f}x",
                f"{row.accuracy:.3f}",
            )
            for name, row in result.compression.items()
        ],
    )


def _example(example: Example) -> str:
    """Format labels and scores of student and teacher, then the words with both weights."""
    predicted = example.student(example.review.text)
    explained = example.teacher
    teacher_label = LABELS[explained.predicted]
    teacher_score = sum(explained.attributions)
    summary = _table(
        ("", "true", "predicted", "attribution", "score"),
        [
            (
                name,
                LABELS[example.review.label],
                f"{label} ({probability:.2f})",
                label,
                f"{score:+.2f}",
            )
            for name, label, probability, score in (
                ("student", predicted.top_label, predicted.probability,
                 sum(word.weight for word in predicted.words)),
                ("teacher", teacher_label, _probability(explained.logits), teacher_score),
            )
        ],
    )  # fmt: skip
    by_span = dict(
        zip(zip(explained.starts, explained.ends, strict=True), explained.attributions, strict=True)
    )
    words = _table(
        ("word", "student", "teacher"),
        [
            (word.text, f"{word.weight:+.2f}", f"{by_span[word.start, word.end]:+.2f}")
            for word in predicted.words
        ],
    )
    return "\n".join([example.review.text, "", summary, "", words])


def _probability(logits: Sequence[float]) -> float:
    """Return the softmax probability of the largest logit."""
    largest = max(logits)
    return 1 / sum(math.exp(logit - largest) for logit in logits)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a table; the first column is aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    ruled = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in ruled
    )
