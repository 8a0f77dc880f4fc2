"""`dixtill attribute`: explain a teacher's answers."""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from ..distillation.config import AttributionSettings, CourseSettings
from ..errors import InputError
from ..whole_file import check_folder
from .cluster_arguments import add_cluster_arguments, pool_on_cluster
from .setting_argument import add_setting
from .table_arguments import add_table_arguments, layout_of
from .teacher_arguments import add_teacher_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..distillation.attribution.attributor import Attributor
    from ..distillation.attribution.store import AttributionStore, RunSummary

_EXAMPLES = """\
examples:
  dixtill attribute --teacher my-bert --data train.csv --out attributions
  dixtill attribute --teacher my-bert --data train.csv --out attributions --steps 50 \\
      --layer word_embeddings --output probability
  dixtill attribute --teacher my-bert --data texts/ --out attributions --ray

A stopped run resumes: texts whose attributions are in DIR are not explained again.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "attribute",
        help="explain texts with a teacher (resumable)",
        description="Compute a teacher's integrated gradients, one number per word, for every\n"
        "text in a file or folder, and store them as Parquet files in a folder.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_teacher_arguments(parser)
    parser.add_argument(
        "--data",
        required=True,
        metavar="PATH",
        help="the texts to explain, with or without labels: a CSV, TSV, JSON lines, Parquet or "
        "text file, a folder of those, or hub:NAME[[:CONFIG]:SPLIT]",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the attributions")
    add_settings_arguments(parser)
    add_table_arguments(parser)
    add_cluster_arguments(parser)
    parser.set_defaults(run=run)


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for how to explain, and those that bound time and memory."""
    group = parser.add_argument_group("how to explain")
    _add_method_arguments(group)
    _add_accuracy_arguments(group)
    _add_machine_arguments(group)


def _add_method_arguments(group: argparse._ArgumentGroup) -> None:
    add_setting(
        group,
        AttributionSettings,
        "layer",
        help="where gradients are integrated: at the output of the whole embedding module "
        "(default), or of the word embeddings, as published",
    )
    add_setting(
        group,
        AttributionSettings,
        "output",
        help="whether a class's logit or its probability is explained (default: {default}; "
        "published: probability)",
    )
    add_setting(
        group,
        AttributionSettings,
        "classes",
        help="explain every class; or only the predicted one; or some of each text: the predicted "
        "one, the next ones, and one drawn from the rest (default: {default}, which are all if "
        "the teacher has no more)",
    )
    add_setting(
        group,
        AttributionSettings,
        "classes_per_text",
        metavar="N",
        help="how many classes are 'some' (default: {default}, which take twice the time of one)",
    )
    add_setting(
        group,
        AttributionSettings,
        "explainer",
        help="integrated gradients by dixtill (default) or by Captum, or another of Captum's "
        "explainers",
    )


def _add_accuracy_arguments(group: argparse._ArgumentGroup) -> None:
    add_setting(
        group,
        AttributionSettings,
        "tolerance",
        metavar="X",
        help="refine until the completeness error is below this share of the sum of the "
        "attributions' absolute values (default: {default})",
    )
    add_setting(
        group,
        AttributionSettings,
        "max_steps",
        metavar="N",
        help="compute at most this many gradients per text (default: {default})",
    )
    add_setting(
        group,
        AttributionSettings,
        "steps",
        metavar="N",
        help="compute exactly this many gradients per text instead",
    )
    add_setting(
        group, AttributionSettings, "quadrature", help="rule for --steps (default: {default})"
    )


def _add_machine_arguments(group: argparse._ArgumentGroup) -> None:
    add_setting(
        group,
        AttributionSettings,
        "precision",
        help="precision of the teacher's matrix products; auto (default) is bfloat16 where the "
        "CPU (AMX) or the GPU has hardware for it, and float32 elsewhere",
    )
    add_setting(
        group,
        CourseSettings,
        "rows_per_pass",
        metavar="N",
        help="tokens times steps in one pass of the teacher; bounds memory (default: {default})",
    )
    add_setting(
        group,
        CourseSettings,
        "threads",
        metavar="N",
        help="CPU threads (default: PyTorch's choice)",
    )


def run(args: argparse.Namespace) -> int:
    """Explain the texts that are not stored yet, and print the median completeness error."""
    from ..distillation.attribution.attributor import Attributor

    import torch  # isort: skip  # after the line above, which says what to install

    from ..distillation.attribution.store import AttributionStore
    from ..distillation.data.unlabeled import read_texts
    from ..distillation.teacher.teacher import Teacher

    if args.trust_remote_code and args.ray is not None:
        raise InputError(
            "--trust-remote-code and --ray are both given, but the processes of a cluster do not "
            "have the teacher's code; explain without --ray"
        )
    check_folder(args.out, [args.teacher, args.data])
    if args.threads:
        torch.set_num_threads(args.threads)
    teacher = Teacher.load(
        args.teacher, labels=args.labels, trust_remote_code=args.trust_remote_code
    )
    if args.ray is None:
        teacher.use_gpu()
    texts = read_texts(args.data, args.text_column, layout_of(args), otherwise="csv")
    settings = {
        name: getattr(args, name) for name in AttributionSettings.names() if hasattr(args, name)
    }
    attributor = Attributor(teacher, AttributionSettings(**settings), args.rows_per_pass)
    store = AttributionStore(Path(args.out))
    summary = _explain(args, store, attributor, texts)
    explained = store.read(attributor, texts)
    error = statistics.median(row.relative_error for row in explained)
    steps = statistics.mean(row.steps for row in explained)
    print(
        f"{args.out}: {summary.computed} texts explained, {summary.reused} already there; "
        f"{steps:.1f} steps per text; median completeness error {error:.2%} of |f(x) - f(x')|"
    )
    return 0


def _explain(
    args: argparse.Namespace, store: AttributionStore, attributor: Attributor, texts: Sequence[str]
) -> RunSummary:
    from ..distillation.progress.bars import bars_on_terminal

    watcher = bars_on_terminal()
    if args.ray is None:
        return store.run(attributor, texts, watcher)
    with pool_on_cluster(args, gpu=True) as pool:
        from ..distillation.attribution.pool import explain_with

        return store.run(attributor, texts, watcher, explain_with(pool, attributor))
