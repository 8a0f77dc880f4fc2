"""Attributions of few steps, and the layers and rules that tests compare."""

from __future__ import annotations

from dixtill.distillation.attribution.attributor import Attribution, Attributor
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.teacher import Teacher

LAYERS = ("embeddings", "word_embeddings")
QUADRATURES = ("gausslegendre", "riemann_middle", "riemann_trapezoid")


def explain(teacher: Teacher, texts: tuple[str, ...] | list[str], **changes) -> list[Attribution]:
    settings = AttributionSettings(**{"steps": 6, **changes})
    return Attributor(teacher, settings)(texts)
