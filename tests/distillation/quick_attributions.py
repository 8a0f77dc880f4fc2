"""Attributions of few steps, and the layers and rules that tests compare."""

from __future__ import annotations

from functools import cache

from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.teacher import Teacher

LAYERS = ("embeddings", "word_embeddings")
QUADRATURES = ("gausslegendre", "riemann_middle", "riemann_trapezoid")


def explain(teacher: Teacher, texts: tuple[str, ...] | list[str], **changes) -> list[Attribution]:
    """Explain texts in six steps; those in a tuple once for all tests, which share the teacher."""
    settings = AttributionSettings(**{"steps": 6, **changes})
    if isinstance(texts, tuple):
        return _explained_once(teacher, texts, settings)
    return Attributor(teacher, settings)(texts)


@cache
def _explained_once(
    teacher: Teacher, texts: tuple[str, ...], settings: AttributionSettings
) -> list[Attribution]:
    return Attributor(teacher, settings)(texts)
