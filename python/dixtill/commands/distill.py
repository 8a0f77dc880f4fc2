"""`dixtill distill`: train a student of a teacher and write its model file."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InputError
from ..escapes import printable
from ..standard_streams import say
from ..whole_file import check_file, check_folder
from .attribute import set_threads, settings_of, use_gpu
from .corpus_arguments import read_excluded, read_training
from .distill_arguments import add_distill_arguments
from .evaluate import shown
from .table_arguments import layout_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..distillation.attribution.attributor import Attribution, AttributionSettings, Attributor
    from ..distillation.attribution.store import AttributionStore
    from ..distillation.config import DistillConfig
    from ..distillation.data.corpus import Corpus
    from ..distillation.distill import Distilled
    from ..distillation.progress.watcher import Watcher
    from ..specification.model_file import StudentModel

_EXAMPLES = """\
examples:
  dixtill distill --teacher my-bert --train train.csv --valid valid.csv --out student.safetensors
  dixtill distill --teacher my-bert --train train.csv --out student.safetensors \\
      --method dixtill-paper --seed 1 --attributions attributions

A run that was stopped goes on from its last epoch; the same seed gives the same file. One that is
finished is not trained again: give other --embedding-bits to write its student anew.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `dixtill`."""
    parser = subparsers.add_parser(
        "distill",
        help="train a student of a teacher",
        description="Train a self-explaining student on a teacher's answers and attributions, and\n"
        "write it as one int8 .safetensors file.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_distill_arguments(parser)
    parser.set_defaults(run=run)


class _Made(NamedTuple):
    """A student, and what its report asks for besides."""

    distilled: Distilled
    model: StudentModel
    valid: Corpus
    explained: Mapping[str, Attribution]  # by text
    explained_are: str  # which texts those are


def run(args: argparse.Namespace) -> int:
    """Explain where the method asks for it, train, quantize, write, and print the scores."""
    from ..distillation.progress.live_table import watched

    # After the training's own imports, which say what to install.
    from ..specification.model_file import write_model  # isort: skip

    set_threads(args)
    config = _config(args)
    out, run_folder = Path(args.out), Path(args.run_folder or f"{args.out}.run")
    _check_outputs(args, out, run_folder)
    with watched(args.tensorboard) as watcher:
        made = _make(args, config, run_folder, watcher)
    write_model(made.model, out)
    found = made.distilled
    for name, scores in (("float32", found.float_scores), ("int8", found.int8_scores)):
        print(f"{name:>8}  {shown(scores)}")
    num_parameters = made.model.weights.shape.num_parameters
    print(f"{out}: {out.stat().st_size:,} bytes, {num_parameters:,} parameters")
    if args.report:
        _report(made, out, run_folder / "report.html")
    return 0


def _make(
    args: argparse.Namespace, config: DistillConfig, run_folder: Path, watcher: Watcher
) -> _Made:
    from ..distillation.progress.bars import stage

    with stage("loading the teacher"):  # and PyTorch, which takes longer
        from ..distillation.attribution.attributor import Attributor
        from ..distillation.distill import distil
        from ..distillation.teacher.teacher import Teacher

        teacher = Teacher.load(args.teacher)
    use_gpu(teacher)  # as `dixtill attribute` does: precision, and so the store's key, go by it
    train, valid = read_training(args, teacher.labels)
    unlabelled = _unlabelled(args, valid)
    settings = settings_of(args, teacher.device)
    store = _store(args, config, settings, run_folder)
    attributor = Attributor(teacher, settings, args.rows_per_pass)
    distilled = distil(
        teacher,
        train,
        valid,
        config,
        run_folder,
        partial(_explained, store, attributor, train.texts) if store else None,
        attributions=settings if store else None,
        unlabelled=unlabelled,
        answers_folder=Path(args.attributions) if args.attributions else None,
        precision=settings.precision,
        embedding_bits=args.embedding_bits,
        watcher=watcher,
    )
    provenance = _provenance(args, config, settings, distilled)
    model = replace(
        distilled.model, settings=distilled.model.settings._replace(provenance=provenance)
    )
    for corpus, name in ((valid, "validation texts"), (train, "training texts")):
        known = store.known(attributor, corpus.texts) if store else {}
        if known:
            in_order = {text: known[text] for text in corpus.texts if text in known}
            return _Made(distilled, model, valid, in_order, name)
    return _Made(distilled, model, valid, {}, "training texts")


def _report(made: _Made, student: Path, page: Path) -> None:
    """Write the report; whatever goes wrong with it, the student is there."""
    from ..distillation.progress.bars import stage
    from ..distillation.report import write_report

    try:
        with stage("measuring for the report"):
            write_report(
                page, student, made.distilled, made.valid, made.explained, made.explained_are
            )
    except Exception as error:
        reason = printable(str(error)) or type(error).__name__
        say(f"dixtill: {student} is whole, but {page} could not be made: {reason}")
    else:
        print(f"{page}: curves, errors, calibration and explained examples")


def _check_outputs(args: argparse.Namespace, out: Path, run_folder: Path) -> None:
    """Refuse before the long work what cannot or should not be written after it."""
    inputs = [args.teacher, args.train, args.valid, args.exclude, args.unlabelled]
    stored = Path(args.attributions).glob("*.parquet") if args.attributions else ()
    check_folder(out.parent)
    out.parent.mkdir(parents=True, exist_ok=True)
    check_file(out, [*inputs, *stored])
    for folder in filter(None, (run_folder, args.attributions, args.tensorboard)):
        check_folder(folder, inputs)


def _config(args: argparse.Namespace) -> DistillConfig:
    """The config, with the defaults of DistillConfig where an argument was not given."""
    from ..distillation.config import DistillConfig

    given = {
        field.name: getattr(args, field.name)
        for field in fields(DistillConfig)
        if getattr(args, field.name, None) is not None
    }
    return DistillConfig.of(given.pop("method"), **given)


def _unlabelled(args: argparse.Namespace, valid: Corpus) -> list[str]:
    """The texts of `--unlabelled`, without copies of those to validate or of `--exclude`."""
    from ..distillation.data.corpus import read_texts, texts_without

    if not args.unlabelled:
        return []
    texts = read_texts(args.unlabelled, args.text_column, layout_of(args))
    return texts_without(texts_without(texts, valid), read_excluded(args))


def _store(
    args: argparse.Namespace, config: DistillConfig, settings: AttributionSettings, run_folder: Path
) -> AttributionStore | None:
    """Where the teacher's attributions are kept, if any are asked for."""
    from ..distillation.attribution.store import AttributionStore

    if not config.is_explained and not args.attributions:
        return None
    if config.is_explained and (config.explained_classes, settings.classes) == ("all", "predicted"):
        raise InputError(
            "--explained-classes all needs attributions of every class; leave --classes away, or "
            "choose --explained-classes predicted"
        )
    return AttributionStore(Path(args.attributions or run_folder / "attributions"))


def _explained(
    store: AttributionStore, attributor: Attributor, texts: Sequence[str]
) -> list[Attribution]:
    store.run(attributor, texts, progress=True)
    return store.read(attributor, texts)


def _provenance(
    args: argparse.Namespace,
    config: DistillConfig,
    settings: AttributionSettings,
    distilled: Distilled,
) -> dict[str, object]:
    return {
        **distilled.model.settings.provenance,
        "teacher_name": Path(args.teacher).name,
        "int8_scores": asdict(distilled.int8_scores),
        "attributions": settings.as_dict() if config.is_explained else None,
    }
