"""The defaults of DistillConfig that depend on the method, or on another setting."""

from __future__ import annotations

from typing import Any

# The settings that each explanation requires.
IMPLIED: dict[str, dict[str, Any]] = {
    "scores": {"explained_classes": "predicted", "additivity": 0.0},
    "gates": {"null_score": True},
}
# What suits training without perturbed texts; chosen on held-out texts.
NOTHING_PERTURBED = {"epochs": 10, "batch_size": 64, "learning_rate": 2e-3, "dropout": 0.3}
# As published, with the mean over a word's tokens (Cantini et al. 2024, and their code).
PUBLISHED: dict[str, Any] = {
    "temperature": 5.0,
    "kl": "bounded",
    "explanation": "scores",
    "explained_classes": "predicted",
    "explanation_weight": 1.0,
    "merge": "mean",
    "max_explained": None,
    "additivity": 0.0,
    "perturbed": 0,
    "null_score": False,
}
# Students of the other methods are not aligned; contributions explain their answers best.
OWN: dict[str, dict[str, Any]] = {
    "dixtill-paper": PUBLISHED,
    **dict.fromkeys(("kl", "mse", "none"), PUBLISHED | {"explanation": "contributions"}),
}
