"""The training methods of the study's students, and the numbers of heads that a teacher keeps.

A method is a name and its arguments for `dixtill distill`. If you change a line, the next run
trains only the students of that line.
"""

from __future__ import annotations

METHODS: dict[str, tuple[str, ...]] = {
    "none": ("--method", "none"),
    "kl": ("--method", "kl"),
    "mse": ("--method", "mse"),
    "dixtill-paper": ("--method", "dixtill-paper"),
    "kl, perturbed texts": (
        *("--method", "kl", "--kl", "plain", "--temperature", "2"),
        *("--perturbed", "30", "--epochs", "5"),
        *("--batch-size", "128", "--learning-rate", "3e-3", "--dropout", "0.15"),
    ),
    "ours": ("--method", "dixtill"),
}
OURS = "ours"  # the method that the tables compare with all others

KEPT_HEADS = (6, 4, 2)  # in each layer
NUM_RANKING_TEXTS = 2000  # texts that rank heads; all texts would take a large teacher long
