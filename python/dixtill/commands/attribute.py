"""`dixtill attribute`: explain the answers of a teacher."""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .. import limits
from ..standard_streams import is_terminal
from ..whole_file import check_folder
from .cluster_arguments import add_cluster_arguments, pool_on_cluster
from .number_argument import add_number
from .table_arguments import add_table_arguments, layout_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from ..distillation.attribution.attributor import AttributionSettings, Attributor
    from ..distillation.attribution.store import AttributionStore, RunSummary
    from ..distillation.teacher.teacher import Teacher

_EXAMPLES = """\
examples:
  dixtill attribute --teacher my-bert --data train.csv --out attributions
  dixtill attribute --teacher my-bert --data train.csv --out attributions --steps 50 \\
      --layer word_embeddings --output probability
  dixtill attribute --teacher my-bert --data texts/ --out attributions --ray

A run that was stopped goes on where it was: texts that DIR holds are not explained again.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "attribute",
        help="explain texts with a teacher (resumable)",
        description="Compute a teacher's integrated gradients, a number for each word, of every\n"
        "text in a file or folder, and store them as Parquet files in a folder.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--teacher", required=True, metavar="DIR_OR_NAME", help="a Hugging Face classifier"
    )
    parser.add_argument(
        "--data",
        required=True,
        metavar="PATH",
        help="the texts to explain, which need no labels: a CSV, TSV, JSON lines, Parquet or text "
        "file, a folder of those, or hub:NAME[[:CONFIG]:SPLIT]",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the attributions")
    add_settings_arguments(parser)
    add_table_arguments(parser)
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """How to explain; `settings_of` reads them."""
    group = parser.add_argument_group("how to explain")
    _add_method_arguments(group)
    _add_accuracy_arguments(group)
    _add_machine_arguments(group)


def _add_method_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--layer",
        choices=("embeddings", "word_embeddings"),
        default="embeddings",
        help="where the path runs: the output of the whole embedding module (default), or of "
        "the word embeddings, as published",
    )
    group.add_argument(
        "--output",
        choices=("logit", "probability"),
        default="logit",
        help="what is explained of a class (default: logit; published: probability)",
    )
    group.add_argument(
        "--classes",
        choices=("predicted", "all"),
        default="all",
        help="whose answer is explained: each class's (default), or the predicted class's alone, "
        "in half the time for three",
    )
    group.add_argument(
        "--explainer",
        choices=(
            "integrated_gradients", "captum", "gradient_x_input", "deep_lift", "gradient_shap",
            "occlusion",
        ),
        default="integrated_gradients",
        help="integrated gradients by dixtill (default) or by Captum, or another of Captum's",
    )  # fmt: skip


def _add_accuracy_arguments(group: argparse._ArgumentGroup) -> None:
    add_number(
        group,
        "--tolerance",
        limits.POSITIVE,
        default=0.08,
        metavar="X",
        help="refine until the completeness error is below this share of the attributions' sizes "
        "(default: 0.08)",
    )
    add_number(
        group,
        "--max-steps",
        limits.MAX_STEPS,
        default=63,
        metavar="N",
        help="most gradients for a text (default: 63)",
    )
    add_number(
        group, "--steps", limits.STEPS, metavar="N", help="as many gradients for every text instead"
    )
    group.add_argument(
        "--quadrature",
        choices=("gausslegendre", "riemann_middle", "riemann_trapezoid"),
        default="gausslegendre",
        help="rule of --steps (default: gausslegendre)",
    )


def _add_machine_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="of the products in the teacher; auto (default) is bfloat16 where the CPU (AMX) or "
        "the GPU has units for it, and float32 elsewhere",
    )
    add_number(
        group,
        "--rows-per-pass",
        limits.COUNT,
        default=1024,
        metavar="N",
        help="tokens times steps in one pass of the teacher; bounds memory (default: 1024)",
    )
    add_number(
        group,
        "--threads",
        limits.THREADS,
        metavar="N",
        help="CPU threads (default: PyTorch's choice)",
    )


def settings_of(args: argparse.Namespace, device: torch.device) -> AttributionSettings:
    """The settings that the arguments stand for where the teacher is on `device`."""
    from ..distillation.attribution.attributor import AttributionSettings
    from ..distillation.teacher.precision import quickest_precision

    return AttributionSettings(
        layer=args.layer,
        output=args.output,
        classes=args.classes,
        explainer=args.explainer,
        tolerance=args.tolerance,
        max_steps=args.max_steps,
        steps=args.steps,
        quadrature=args.quadrature,
        precision=quickest_precision(device) if args.precision == "auto" else args.precision,
    )


def set_threads(args: argparse.Namespace) -> None:
    """Apply `--threads`."""
    import torch

    if args.threads:
        torch.set_num_threads(args.threads)


def use_gpu(teacher: Teacher) -> None:
    """Move a teacher to the machine's GPU, if it has one."""
    import torch

    if torch.cuda.is_available():
        teacher.model.to("cuda")


def run(args: argparse.Namespace) -> int:
    """Explain what is not stored yet, and say how far the sums are from complete."""
    from ..distillation.attribution.attributor import Attributor
    from ..distillation.attribution.store import AttributionStore
    from ..distillation.data.corpus import read_texts
    from ..distillation.teacher.teacher import Teacher

    check_folder(args.out, [args.teacher, args.data])
    set_threads(args)
    teacher = Teacher.load(args.teacher)
    if args.ray is None:
        use_gpu(teacher)
    texts = read_texts(args.data, args.text_column, layout_of(args), otherwise="csv")
    attributor = Attributor(teacher, settings_of(args, teacher.device), args.rows_per_pass)
    store = AttributionStore(Path(args.out))
    summary = _explain(args, store, attributor, texts)
    explained = store.read(attributor, texts)
    error = statistics.median(row.relative_error for row in explained)
    steps = statistics.mean(row.steps for row in explained)
    print(
        f"{args.out}: {summary.computed} texts explained, {summary.reused} were there; "
        f"{steps:.1f} steps a text; median completeness error {error:.2%} of |f(x) - f(x')|"
    )
    return 0


def _explain(
    args: argparse.Namespace, store: AttributionStore, attributor: Attributor, texts: Sequence[str]
) -> RunSummary:
    progress = is_terminal(sys.stderr)
    if args.ray is None:
        return store.run(attributor, texts, progress)
    with pool_on_cluster(args, gpu=True) as pool:
        from ..distillation.attribution.pool import explain_with

        return store.run(attributor, texts, progress, explain_with(pool, attributor))
