"""Explains a teacher's answers with one number per word.

The default method is integrated gradients: Sundararajan, Taly and Yan, "Axiomatic Attribution for
Deep Networks" (2017). The path runs from a baseline, in which [PAD] replaces every word while
special tokens and positions stay, to the text. It lies at the output of the embedding module or at
the word embeddings. integration.py integrates, captum_explainers.py has the alternatives, and
store.py stores and resumes.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from ... import limits
from ...errors import InputError, shortened
from ...specification.cleaning import clean, clean_with_places
from ...specification.normalizer import Normalizer
from ...specification.words import split_words
from ..config import AttributionSettings
from ..finite import check_answers
from ..teacher.precision import chosen_precision
from ..teacher.teacher import Teacher
from . import captum_explainers
from .alignment import Span, words_of_tokens
from .chosen_classes import ChosenClasses, choose_classes
from .integration import Integral, Path, full_batches, integrate
from .layer_answers import LayerAnswers
from .quadrature import AdaptiveQuadrature, FixedQuadrature, Quadrature, fixed_rule

_CAPTUM_STEPS = 50  # Captum's default


@dataclass(frozen=True)
class Attribution:
    """The teacher's answer to one text, and the explanation of that answer."""

    text: str
    logits: tuple[float, ...]  # [classes]
    predicted: int  # the class that the following fields explain
    output: float  # f(x), the logit or probability of that class
    baseline_output: float  # f(x')
    completeness_error: float  # |sum of all attributions - (f(x) - f(x'))|
    starts: tuple[int, ...]  # [words]
    ends: tuple[int, ...]  # [words]
    attributions: tuple[float, ...]  # [words], summed over the word's tokens
    num_tokens: tuple[int, ...]  # [words], to turn the sum into a mean
    by_class: tuple[tuple[float, ...], ...] = ()  # [explained][words]; empty for one class
    steps: int = 0  # gradients per class; 1 for an explainer that does not count them
    classes: tuple[int, ...] = ()  # [explained], whose rows are in by_class; empty: all, in order
    chances: tuple[float, ...] = ()  # [explained], of being explained; empty: all were certain

    def __post_init__(self) -> None:
        """Raise InputError unless every word has one number, and every number is finite."""
        by_word = (self.starts, self.ends, self.num_tokens, self.attributions, *self.by_class)
        are_classes = {self.predicted, *self.classes} <= set(range(len(self.logits)))
        if len({len(values) for values in by_word}) > 1 or not are_classes or not self._fits():
            raise InputError(f"the explanation of '{shortened(self.text)}' does not fit its words")
        numbers = (self.output, self.baseline_output, self.completeness_error)
        # One sum checks them all: it is finite only if each number is, and it cannot overflow.
        if not math.isfinite(sum(map(sum, (numbers, self.logits, *by_word[3:])))):
            raise InputError(
                f"the explanation of '{shortened(self.text)}' is not finite; explain with the "
                "precision float32, or train the teacher again with a lower learning rate"
            )

    def _fits(self) -> bool:
        """Return whether each row of `by_class` has a class and a chance, or none has one."""
        rows = len(self.by_class) if self.classes else 0
        are_chances = all(0 < chance <= 1 for chance in self.chances)
        return len(set(self.classes)) == len(self.chances) == rows and are_chances

    @property
    def relative_error(self) -> float:
        """The completeness error as a share of |f(x) - f(x')|."""
        difference = abs(self.output - self.baseline_output)
        return self.completeness_error / max(difference, 1e-12)


@dataclass(frozen=True)
class _ReadText:
    """A text that the teacher has answered, and the path from its baseline to it."""

    text: str
    words: list[Span]  # spans in the text as the user wrote it
    path: Path
    logits: tuple[float, ...]  # [classes]
    predicted: int
    chosen: ChosenClasses  # those that are explained
    outputs: tuple[float, float]  # of the predicted class: f(x), f(x')


class Attributor:
    """Explains one teacher's answers to texts."""

    def __init__(
        self,
        teacher: Teacher,
        settings: AttributionSettings,
        rows_per_pass: int = 1024,
        given: Mapping[str, Collection[int]] | None = None,
    ) -> None:
        """Limit each forward and backward pass to `rows_per_pass` tokens x steps, to bound memory.

        The precision "auto" becomes the one that is quickest on the teacher's present device. The
        classes "some" become "all" if the teacher has no more than `classes_per_text`; otherwise a
        text's classes in `given` are among those that are certain to be explained.

        Raises:
            InputError: `rows_per_pass` is not a positive integer.
        """
        self.teacher = teacher
        precision = chosen_precision(settings.precision, teacher.device)
        classes = settings.classes
        if classes == "some" and len(teacher.labels) <= settings.classes_per_text:
            classes = "all"
        self.settings = replace(settings, precision=precision, classes=classes)
        self.rows_per_pass = int(limits.COUNT.checked("rows_per_pass", rows_per_pass))
        self._normalizer = Normalizer(symbols=settings.symbols)
        self._given = dict(given or {})
        exclude_each_other = teacher.output == "softmax"
        self._answers = LayerAnswers(
            teacher, settings.layer, settings.output, precision,
            centered=classes == "some" and exclude_each_other,
        )  # fmt: skip

    def __call__(self, texts: Sequence[str]) -> list[Attribution]:
        """Explain texts in shared passes; no text's attributions depend on the other texts.

        Raises:
            InputError: the teacher's answer to a text, or the explanation, is not finite.
        """
        read = self._read(texts)
        integrals = self._explain([one.path for one in read])
        return [self._attribution(*pair) for pair in zip(read, integrals, strict=True)]

    def num_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of the teacher's tokens in each text, special tokens included."""
        return self.teacher.num_tokens([clean(text, self.settings.cleaning) for text in texts])

    def chosen(self, text: str, logits: Sequence[float]) -> ChosenClasses:
        """Return the classes of `text` that are explained, from the teacher's answer [classes]."""
        if self.settings.classes == "predicted":
            return ChosenClasses((_largest(logits),), (1.0,))
        is_some = self.settings.classes == "some"
        count = self.settings.classes_per_text if is_some else len(logits)
        return choose_classes(text, logits, self._given.get(text, ()), count)

    def _explain(self, paths: Sequence[Path]) -> list[Integral]:
        chosen, answers = self.settings, self._answers.for_many_passes()
        if chosen.explainer == "integrated_gradients":
            return integrate(answers, paths, _quadratures(chosen, paths), self.rows_per_pass)
        steps = chosen.steps or _CAPTUM_STEPS
        return [
            captum_explainers.explain(chosen.explainer, answers, path, chosen.quadrature, steps)
            for path in paths
        ]

    def _read(self, texts: Sequence[str]) -> list[_ReadText]:
        """Read all texts and their baselines, in batches of texts of similar length."""
        lengths, may_pad = self.num_tokens(texts), self.teacher.padding != "none"
        read: dict[int, _ReadText] = {}
        by_length = sorted(range(len(texts)), key=lengths.__getitem__)
        for rows in full_batches(by_length, lengths.__getitem__, self.rows_per_pass, may_pad):
            read.update(zip(rows, self._read_batch([texts[row] for row in rows]), strict=True))
        return [read[row] for row in range(len(texts))]

    def _read_batch(self, texts: Sequence[str]) -> Iterator[_ReadText]:
        cleaned = [clean_with_places(text, self.settings.cleaning) for text in texts]
        batch = self.teacher.encode([text.text for text in cleaned])
        ends, logits = self._answers.read(batch)
        check_answers(logits, texts, "the teacher")
        starts, baseline_logits = self._answers.read_baselines(batch)
        outputs = self._answers.of_logits(logits)
        baseline_outputs = self._answers.of_logits(baseline_logits)
        for row, (text, answer) in enumerate(zip(texts, map(tuple, logits.tolist()), strict=True)):
            chosen, predicted = self.chosen(text, answer), _largest(answer)
            classes = torch.tensor(chosen.classes)
            words = [(w.start, w.end) for w in split_words(cleaned[row].text, self._normalizer)]
            tokens = batch.attention_mask[row].bool()
            path = Path(
                input_ids=batch.input_ids[row, tokens],
                token_type_ids=batch.token_type_ids[row, tokens],
                start=starts[row, tokens],
                delta=ends[row, tokens] - starts[row, tokens],
                classes=classes,
                differences=(outputs - baseline_outputs)[row, classes],
                word_of_token=torch.tensor(
                    words_of_tokens(batch.offsets[row], words), dtype=torch.int32
                ),
                num_words=len(words) + 1,
            )
            both = float(outputs[row, predicted]), float(baseline_outputs[row, predicted])
            spans = [cleaned[row].span(*word) for word in words]
            yield _ReadText(text, spans, path, answer, predicted, chosen, both)

    def _attribution(self, read: _ReadText, integral: Integral) -> Attribution:
        """Return the attribution of a text, without the entry for tokens outside every word."""
        of_predicted = integral.by_output[read.chosen.classes.index(read.predicted)]
        output, baseline_output = read.outputs
        is_one, is_some = (self.settings.classes == name for name in ("predicted", "some"))
        by_class = torch.empty(0) if is_one else integral.by_output[:, :-1]
        counts = torch.bincount(read.path.word_of_token, minlength=read.path.num_words)
        return Attribution(
            text=read.text,
            logits=read.logits,
            predicted=read.predicted,
            output=output,
            baseline_output=baseline_output,
            completeness_error=abs(float(of_predicted.sum()) - (output - baseline_output)),
            starts=tuple(start for start, _ in read.words),
            ends=tuple(end for _, end in read.words),
            attributions=tuple(of_predicted[:-1].tolist()),
            num_tokens=tuple(counts[:-1].tolist()),
            by_class=tuple(map(tuple, by_class.tolist())),
            steps=integral.steps,
            classes=read.chosen.classes if is_some else (),
            chances=read.chosen.chances if is_some else (),
        )


def _largest(logits: Sequence[float]) -> int:
    return max(range(len(logits)), key=logits.__getitem__)


def _quadratures(settings: AttributionSettings, paths: Sequence[Path]) -> list[Quadrature]:
    """Return a quadrature for each path."""
    if settings.steps is not None:
        rule = fixed_rule(settings.quadrature, settings.steps)
        return [FixedQuadrature(rule) for _ in paths]
    return [
        AdaptiveQuadrature(path.differences, settings.tolerance, settings.max_steps)
        for path in paths
    ]
