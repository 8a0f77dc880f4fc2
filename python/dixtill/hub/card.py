"""Writes the model card: YAML for the hub, then what to know before using the student."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from huggingface_hub import EvalResult, ModelCardData

from ..escapes import as_code, in_markdown, in_python, printable
from ..runtime.model_file.source import STUDENT_FILE

if TYPE_CHECKING:
    from ..runtime.model_file.loaded import LoadedModel
    from ..specification.model_file import StudentModel
    from .measures import Interval, StudentMeasures

_TASK = "text-classification"
_WEIGHTS = {
    "gates": "the integrated gradient of the label's logit, compared with the mean of all labels, "
    "over a gate in the attention",
    "contributions": "its exact share of the label's logit, compared with the mean of all labels",
    "scores": "the student's raw attention score, as in the paper",
}


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
    parts = [
        f"---\n{_front_matter(measured, text)}\n---",
        f"# {in_markdown(text.name)}",
        _task(model, num_bytes),
        _use(text),
        "## How good",
        *(_measures(measured, text) if measured else [_validation(model.settings.provenance)]),
        "## How it was made",
        _provenance(model.settings.provenance, text),
        "## Limits",
        _limits(model, measured),
        "## License",
        _license(text),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(measured: StudentMeasures | None, text: CardText) -> str:
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
        tags=["dixtill", "knowledge-distillation", "explainable-ai"],
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
        f"A text classifier of {num_bytes:,} bytes, made by dixtill. Its labels are "
        f"{', '.join(map(as_code, settings.labels))}. Each answer is a label, its "
        "probabilities, and a signed weight for each word: "
        f"{_WEIGHTS[settings.explanation]}. It has {shape.num_parameters:,} parameters and "
        f"{shape.num_pieces:,} word pieces of {model.embedding_bits} bits a value, reads "
        f"{settings.max_pieces} pieces of a text, and runs on any CPU."
    )


def _use(text: CardText) -> str:
    return (
        "```python\nfrom dixtill import hub\n\n"
        f"student = hub.from_pretrained({in_python(text.name)})  # this folder, or its name on the "
        "hub\n"
        'answer = student("a text")\nanswer.label, answer.probabilities, answer.words\n```'
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


def _validation(provenance: Mapping[str, Any]) -> str:
    scores = provenance.get("int8_scores")  # of the file itself, not of the float student
    names = ("accuracy", "macro_f1", "calibration_error")
    found = [_mapping(scores).get(name) for name in names]
    if not all(isinstance(score, float) for score in found):
        return "It was not measured; `dixtill card --data` measures it on labeled texts."
    accuracy, macro_f1, error = found
    return (
        f"On the validation texts, which chose its epoch, it has an accuracy of {accuracy:.3f}, a "
        f"macro-F1 of {macro_f1:.3f} and a calibration error (ECE) of {error:.3f}. It was not "
        "measured on texts that played no part in its training."
    )


def _provenance(provenance: Mapping[str, Any], text: CardText) -> str:
    config, train, valid = (_mapping(provenance.get(name)) for name in ("config", "train", "valid"))
    teacher = text.base_model or provenance.get("teacher_name") or provenance.get("teacher")
    facts = {
        "method": config.get("method"),
        "teacher": teacher or "none",
        "training texts": train.get("rows"),
        "texts that the teacher alone answered": provenance.get("texts_without_labels"),
        "validation texts": valid.get("rows"),
        "temperature that calibrates it": _rounded(provenance.get("temperature")),
        "dixtill": provenance.get("dixtill"),
    }
    lines = [
        f"- {name}: {in_markdown(str(value))}" for name, value in facts.items() if value is not None
    ]
    return "\n".join([*lines, "", f"`dixtill info --model {STUDENT_FILE}` prints all of it."])


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a part of the provenance, or an empty one: in a foreign file it may be of any type."""
    return value if isinstance(value, dict) else {}


def _rounded(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value


def _limits(model: StudentModel | LoadedModel, measured: StudentMeasures | None) -> str:
    lines = [
        "- It knows texts like those that it learned from. On other texts it guesses with "
        "confidence.",
        "- Its probabilities are calibrated, if at all, for texts like its validation texts.",
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
