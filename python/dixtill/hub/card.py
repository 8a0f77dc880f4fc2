"""Writes the model card: YAML for the hub, then what to know before using the student."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from huggingface_hub import EvalResult, ModelCardData

from ..escapes import in_markdown, in_python, printable
from ..runtime.model_file.source import STUDENT_FILE
from .card_kinds import CardKind, kind_of, task_of, validation_of

if TYPE_CHECKING:
    from ..runtime.model_file.loaded import LoadedModel
    from ..specification.model_file import StudentModel
    from .measures import Interval, StudentMeasures

_TASK = "text-classification"


@dataclass(frozen=True)
class CardText:
    """What the model file does not say; what is None is left out or called unknown in the card."""

    name: str = "student"  # of the model, or of its repository
    data: str = "labeled texts"  # name of the texts that the student was measured on
    language: str | None = None  # a code such as `en`
    license: str | None = None  # the hub's name of it, such as `apache-2.0`
    base_model: str | None = None  # hub name of the teacher


def card_of(
    model: StudentModel | LoadedModel,
    num_bytes: int,
    measured: StudentMeasures | None,
    text: CardText,
) -> str:
    """Return the card of a student whose file has `num_bytes`."""
    kind, provenance = kind_of(model.shape.output), model.settings.provenance
    parts = [
        f"---\n{_front_matter(measured, text, kind)}\n---",
        f"# {in_markdown(text.name)}",
        _task(model, num_bytes),
        _use(text, kind),
        "## How good",
        *(
            _measures(measured, text)
            if measured
            else [validation_of(model.shape.output, _mapping(provenance.get("int8_scores")))]
        ),
        "## How it was made",
        _provenance(provenance, text, model.shape.output),
        "## Limits",
        _limits(model, measured, kind),
        "## License",
        _license(text),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(measured: StudentMeasures | None, text: CardText, kind: CardKind) -> str:
    name, data_name, language, license, base_model = (
        value and printable(value)
        for value in (text.name, text.data, text.language, text.license, text.base_model)
    )
    results = None
    if measured:
        results = [
            _result(data_name or "", kind, name, getattr(measured, field))
            for kind, name, field in (
                ("accuracy", "Accuracy", "accuracy"),
                ("f1", "Macro-F1", "macro_f1"),
                ("ece", "Expected calibration error", "calibration_error"),
            )
        ]
    data = ModelCardData(
        language=language,
        license=license,
        base_model=base_model,
        library_name="dixtill",
        pipeline_tag=_TASK,
        tags=["dixtill", "knowledge-distillation", "explainable-ai", *kind.tags],
        model_name=name,
        eval_results=results,
    )
    yaml: str = data.to_yaml()
    return yaml.strip()


def _result(data: str, kind: str, name: str, measure: Interval) -> EvalResult:
    return EvalResult(
        task_type=_TASK,
        dataset_type=data,
        dataset_name=data,
        metric_type=kind,
        metric_name=name,
        metric_value=round(measure.value, 4),
        metric_args={"interval_95": [round(measure.low, 4), round(measure.high, 4)]},
    )


def _task(model: StudentModel | LoadedModel, num_bytes: int) -> str:
    settings, shape = model.settings, model.shape
    return (
        f"{task_of(shape.output, settings, num_bytes)} It has {shape.num_parameters:,} parameters "
        f"and {shape.num_pieces:,} word pieces of {model.embedding_bits} bits a value, reads "
        f"{settings.max_pieces} pieces of a text, and runs on any CPU."
    )


def _use(text: CardText, kind: CardKind) -> str:
    return (
        "```python\nfrom dixtill import hub\n\n"
        f"student = hub.from_pretrained({in_python(text.name)})  # this folder, or its name on the "
        "hub\n"
        f'answer = student("a text")\n{kind.fields}\n```'
    )


def _measures(measured: StudentMeasures, text: CardText) -> list[str]:
    rows = [
        f"| {name} | {100 * item.value:.1f} | {100 * item.low:.1f} to {100 * item.high:.1f} |"
        for name, item in (
            ("accuracy", measured.accuracy),
            ("macro-F1", measured.macro_f1),
            ("calibration error (ECE, 15 bins)", measured.calibration_error),
        )
    ]
    by_label = [
        f"| {in_markdown(row.label)} | {row.rows} | {100 * row.precision:.1f} "
        f"| {100 * row.recall:.1f} | {100 * row.f1:.1f} |"
        for row in measured.by_label
    ]
    return [
        f"The scores on the {measured.rows:,} texts of {in_markdown(text.data)} are in percent, "
        "with 95% intervals (Clopper and Pearson for the accuracy, a bootstrap of the texts for "
        "the others). Always giving the most common label has an accuracy of "
        f"{100 * measured.majority:.1f}.",
        "\n".join(["| | | 95% |", "|---|---|---|", *rows]),
        "\n".join(
            ["| label | texts | precision | recall | F1 |", "|---|---|---|---|---|", *by_label]
        ),
        f"The median time from a text to its answer was {measured.microseconds:.0f} µs, on one "
        f"thread ({in_markdown(measured.machine)}).",
    ]


def _provenance(provenance: Mapping[str, Any], text: CardText, output: str) -> str:
    config, train, valid = (_mapping(provenance.get(name)) for name in ("config", "train", "valid"))
    teacher = text.base_model or provenance.get("teacher_name") or provenance.get("teacher")
    facts = {
        "method": config.get("method"),
        "teacher": teacher or "none",
        "training texts": train.get("rows"),
        "texts that the teacher alone answered": provenance.get("texts_without_labels"),
        "validation texts": valid.get("rows"),
        **({} if output == "number" else _temperature(provenance.get("temperature"))),
        "dixtill": provenance.get("dixtill"),
    }
    lines = [
        f"- {name}: {in_markdown(str(value))}" for name, value in facts.items() if value is not None
    ]
    return "\n".join([*lines, "", f"`dixtill info --model {STUDENT_FILE}` prints all of it."])


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a part of the provenance, or an empty one: in a foreign file it may be of any type."""
    return value if isinstance(value, dict) else {}


def _temperature(value: object) -> dict[str, object]:
    """Return what calibrates the student: one temperature, or one for each of several labels."""
    if isinstance(value, list) and all(isinstance(item, float) for item in value):
        shown = ", ".join(f"{item:.3g}" for item in value)
        return {"temperatures that calibrate its labels, in their order": shown}
    return {
        "temperature that calibrates it": round(value, 3) if isinstance(value, float) else value
    }


def _limits(
    model: StudentModel | LoadedModel, measured: StudentMeasures | None, kind: CardKind
) -> str:
    lines = [
        "- It knows texts like those that it learned from. On other texts it guesses with "
        "confidence.",
        f"- {kind.calibrated} for texts like its validation texts.",
        "- The weights say what decided the student's answer. They do not say what is true, or "
        "what decided its teacher's answer.",
        f"- Longer texts are cut after {model.settings.max_pieces} pieces"
        + (f"; {measured.truncated:.1%} of those measured were." if measured else "."),
    ]
    if measured and measured.majority >= measured.accuracy.low:
        lines.append(
            "- It may be no more accurate than always giving the most common label: that "
            "accuracy is not below the interval of its own."
        )
    return "\n".join(lines)


def _license(text: CardText) -> str:
    if text.license:
        return f"{in_markdown(text.license)}, as stated by its author."
    return (
        "Not stated. The conditions of the teacher and of the training texts may apply to the "
        "student."
    )
