"""`dixtill info`: show the version, the kernels that this CPU can run, and a student."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..escapes import ascii_json, printable
from .student_arguments import add_model_argument, student_file

if TYPE_CHECKING:
    from ..runtime.classifier import Classifier

_EXAMPLES = """\
examples:
  dixtill info
  dixtill info --model my.safetensors --json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "info",
        help="show the version, the kernels and a student",
        description="Show the version, the kernels that this CPU can run, and a student's labels,\n"
        "sizes, settings and provenance.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_argument(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the description, for a person or as JSON."""
    from ..runtime.classifier import load_classifier

    classifier = load_classifier(args.model)
    description = _description(classifier, student_file(args))
    print(ascii_json(description) if args.json else "\n".join(_lines(description)))
    return 0


def _description(classifier: Classifier, file: str) -> dict[str, Any]:
    from ..runtime.targets import describe_targets
    from ..version import __version__

    return {
        "version": __version__,
        "kernel": classifier.kernel,
        "kernels": {
            target.name: "supported" if target.is_supported else target.reason
            for target in describe_targets()
        },
        "model": _model_description(classifier, file),
    }


def _model_description(classifier: Classifier, file: str) -> dict[str, Any]:
    model, settings, shape = classifier.model, classifier.model.settings, classifier.model.shape
    return {
        "file": file,
        "bytes": len(model.content),
        "labels": list(settings.labels),
        "parameters": shape.num_parameters,
        "pieces": shape.num_pieces,
        "cell": shape.cell,
        "directions": shape.directions,
        "output": shape.output,
        **({"thresholds": list(settings.thresholds)} if settings.thresholds else {}),
        **({} if settings.interval is None else {"interval": settings.interval}),
        "familiarity": model.knows_familiarity,
        "embedding": shape.embedding_dim,
        "embedding_bits": model.embedding_bits,
        "hidden": shape.hidden_dim,
        "attention": shape.attention_dim,
        "max_pieces": settings.max_pieces,
        "lowercase": settings.lowercase,
        "strip_accents": settings.strip_accents,
        "symbols": settings.symbols,
        "cleaning": list(settings.cleaning),
        "explanation": settings.explanation,
        "provenance": dict(settings.provenance),
    }


def _lines(value: dict[str, Any], indent: str = "") -> list[str]:
    """Format a mapping as aligned lines; nested mappings are indented below their names."""
    named = {printable(name): item for name, item in value.items()}
    width = max(map(len, named), default=0)
    lines = []
    for name, item in named.items():
        if isinstance(item, dict) and item:
            lines += [f"{indent}{name}", *_lines(item, indent + "  ")]
        else:
            lines.append(f"{indent}{name:<{width}}  {_shown(item)}")
    return lines


def _shown(item: Any) -> str:
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, list):
        return printable(", ".join(map(str, item))) or "none"
    return printable(str(item))
