"""`dixtill explain`: show explanations on the terminal, on a page or in a picture."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..whole_file import check_file
from .infer import texts_of
from .student_arguments import (
    add_answer_arguments,
    add_student_arguments,
    answers_of,
    student_file,
    student_of,
)
from .table_arguments import add_table_arguments, layout_of

if TYPE_CHECKING:
    from ..pages.labeled_file import LabeledText
    from ..pages.rows import ExplainedText
    from ..runtime.classifier import Classifier
    from ..runtime.prediction import Prediction

_EXAMPLES = """\
examples:
  dixtill explain "Apple shares jump after record earnings"
  dixtill explain --html answer.html --check "Apple shares jump after record earnings"
  dixtill explain --html report.html --data valid.csv --threshold 0.8
  dixtill explain --html report.html --data train.csv --attributions attributions
  dixtill explain --png figure.png "Profit falls" "Dividend raised"

A page is a single file that works offline. --attributions needs the extra train, --png the extra
plot; everything else works without extras.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "explain",
        help="show explanations in color on the terminal, as a page or as a picture",
        description="Show which words of each text support its label and which oppose it: on the\n"
        "terminal, on a page for a browser (--html), or as a picture (--png).",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "texts", nargs="*", metavar="TEXT", help="a text; - reads one per line of standard input"
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="explain the texts of this CSV, TSV, JSON lines, Parquet or text file instead",
    )
    parser.add_argument("--html", metavar="FILE", help="write a page for a browser")
    parser.add_argument("--png", metavar="FILE", help="write a picture of up to 40 texts")
    add_table_arguments(parser)
    parser.add_argument(
        "--label-column",
        metavar="NAME",
        help="column of the true labels, either all names or all indices (default: label, if "
        "there is one)",
    )
    parser.add_argument(
        "--attributions",
        metavar="DIR",
        help="also show the teacher's attributions that `dixtill attribute` stored",
    )
    add_student_arguments(parser)
    add_answer_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain all texts, then write the page and the picture, or print."""
    from ..runtime.classifier import load_classifier

    if bool(args.texts) == bool(args.data):
        raise InputError("give either at least one TEXT or --data FILE")
    _check_outputs(args)
    classifier = load_classifier(args.model, args.kernel, args.threshold, args.only_familiar)
    texts = _explained(args, classifier)
    if args.html:
        _write_page(args, texts)
    if args.png:
        _write_picture(args, texts)
    if not args.html and not args.png:
        print("\n\n".join(map(_shown, texts)))
    return 0


def _check_outputs(args: argparse.Namespace) -> None:
    """Raise, before the work, if an output could not or should not be written."""
    stored = Path(args.attributions).glob("*.parquet") if args.attributions else ()
    inputs = [args.data, student_file(args), *stored]
    for path in (args.html, args.png):
        if path is not None:
            check_file(path, inputs)
    if args.html and args.png and Path(args.html).resolve() == Path(args.png).resolve():
        raise InputError(f"--html and --png are both {args.png}; give them two names")


def _explained(args: argparse.Namespace, classifier: Classifier) -> list[ExplainedText]:
    from ..pages.rows import ExplainedText

    rows = _rows(args, classifier)
    texts = [row.text for row in rows]
    teachers = _teachers(args.attributions, texts, classifier)
    predictions = answers_of(args, classifier, texts)
    return [
        ExplainedText(prediction, row.label, teachers.get(row.text), row.line)
        for row, prediction in zip(rows, predictions, strict=True)
    ]


def _rows(args: argparse.Namespace, classifier: Classifier) -> list[LabeledText]:
    from ..pages.labeled_file import LabeledText, read_labeled

    labels = classifier.labels if classifier.output == "softmax" else None
    if labels is None and args.label_column is not None:
        raise InputError(
            "--label-column: true labels are shown for students that give a text one label, and "
            "this one does not; leave it out"
        )
    if args.data:
        return read_labeled(
            Path(args.data), labels, args.text_column, args.label_column, layout_of(args)
        )
    return [LabeledText(None, text, None) for text in texts_of(args.texts)]


def _teachers(
    folder: str | None, texts: Sequence[str], classifier: Classifier
) -> dict[str, Prediction]:
    """Return the teacher's answer to each text that has attributions."""
    if folder is None:
        return {}
    from ..distillation.attribution.teacher_explanations import read_teacher_explanations

    teacher = classifier.model.settings.provenance.get("teacher")
    own = teacher if isinstance(teacher, str) else None
    return read_teacher_explanations(Path(folder), texts, classifier.kind, own)


def _write_page(args: argparse.Namespace, texts: Sequence[ExplainedText]) -> None:
    from ..pages.page import page_html
    from ..whole_file import write_whole

    title = Path(args.data).name if args.data else "Explanations"
    student = Path(student_of(args)).resolve().name  # resolved, because "." has no name
    remark = f"Answered and explained by the student {student}."
    content = page_html(texts, title, remark).encode()
    write_whole(Path(args.html), content)
    print(f"{args.html}: {_counted(texts)}, {len(content):,} bytes")


def _write_picture(args: argparse.Namespace, texts: Sequence[ExplainedText]) -> None:
    from ..pages.picture import picture_png
    from ..whole_file import write_whole

    content = picture_png(texts)
    write_whole(Path(args.png), content)
    print(f"{args.png}: {_counted(texts)}, {len(content):,} bytes")


def _counted(texts: Sequence[ExplainedText]) -> str:
    return "1 text" if len(texts) == 1 else f"{len(texts):,} texts"


def _shown(text: ExplainedText) -> str:
    """Format an answer for the terminal; texts of a file also show line and true label."""
    answer = str(text.prediction)
    if text.line is None:
        return answer
    from ..escapes import printable

    true = f", true label {printable(text.true_label)}" if text.true_label is not None else ""
    return f"line {text.line}{true}: {printable(text.prediction.text)}\n{answer}"
