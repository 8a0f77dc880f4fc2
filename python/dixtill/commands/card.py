"""`dixtill card`: write a folder with a student and its model card, for the Hugging Face hub."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..extras import require
from ..whole_file import check_folder, check_not_input
from .corpus_arguments import LABELED, add_layout_arguments, read
from .student_arguments import add_model_argument, student_file

_EXAMPLES = """\
examples:
  dixtill card --model my.safetensors --data test.csv --out my-student
  dixtill card --model my.safetensors --data hub:imdb:test --out my-student --name me/my-student \\
      --language en --license apache-2.0 --push me/my-student
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "card",
        help="write a folder with a student and its model card",
        description="Measure a student on labeled texts, and write a folder with its file and a\n"
        "model card: task, data, scores with intervals, size, speed, limits and license.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_argument(parser)
    parser.add_argument(
        "--data",
        metavar="DATA",
        help="texts with one label each that were not used for training or validation, such as a "
        f"test set: {LABELED} (default: the card has the validation scores)",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    parser.add_argument("--name", help="the model's name (default: the name of DIR)")
    parser.add_argument(
        "--data-name", metavar="NAME", help="the name of the data (default: taken from --data)"
    )
    parser.add_argument("--language", metavar="CODE", help="language of the texts, such as en")
    parser.add_argument(
        "--license", metavar="NAME", help="the hub's name of the license, such as apache-2.0 or mit"
    )
    parser.add_argument("--base-model", metavar="NAME", help="the teacher's name on the hub")
    parser.add_argument(
        "--push",
        metavar="REPO",
        help="also upload the folder to this repository of the hub, with the token that "
        "`hf auth login` stored",
    )
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    add_layout_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the folder and, with `--push`, upload it."""
    require("train")
    from .. import hub
    from ..hub.card import CardText
    from ..hub.measures import check_one_label
    from ..runtime.classifier import load_classifier
    from ..runtime.model_file.source import STUDENT_FILE

    model = student_file(args)
    check_folder(args.out)
    check_not_input(Path(args.out, STUDENT_FILE), [args.data])
    check_not_input(Path(args.out, hub.CARD_FILE), [args.data, model])
    student = load_classifier(model)
    if args.data:
        check_one_label(student.output)
    corpus = read(args, args.data, student.labels, student.output) if args.data else None
    text = CardText(
        name=args.name or args.push or Path(args.out).name,
        data=args.data_name or _data_name(args.data),
        language=args.language,
        license=args.license,
        base_model=args.base_model,
    )
    hub.save_pretrained(model, args.out, corpus, text)
    print(f"{args.out}: {', '.join(sorted(path.name for path in Path(args.out).iterdir()))}")
    if args.push:
        print(hub.push_to_hub(args.out, args.push, private=args.private))
    return 0


def _data_name(data: str | None) -> str:
    """Return the name of the data: the hub's name, or the last part of a path."""
    if not data:
        return "labeled texts"
    name = data.removeprefix("hub:")
    return name if name != data and not Path(name.split(":")[0]).exists() else Path(name).name
