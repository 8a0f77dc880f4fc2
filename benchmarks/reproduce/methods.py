"""What the students of the study are trained with, and which heads their teacher may keep.

A method is a name and the arguments that `dixtill distill` gets for it. Change a line, and the
next run trains the students of that line alone.
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
OURS = "ours"  # what the tables compare with all others

KEPT_HEADS = (6, 4, 2)  # of each layer
NUM_RANKING_TEXTS = 2000  # that rank heads; a large teacher takes long for all
