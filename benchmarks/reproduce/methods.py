"""The training methods of the study's students, and the numbers of heads that a teacher keeps.

A method is a name and its arguments for `dixtill distill`. If you change a line, the next run
trains only the students of that line.
"""

from __future__ import annotations

# Replaced by the study's `--perturbed`, or by the number that `dixtill distill` makes by default.
PERTURBED = "{perturbed}"

_KL_ON_MANY_TEXTS = (
    *("--method", "kl", "--kl", "plain", "--temperature", "2"),
    *("--perturbed", PERTURBED, "--epochs", "5"),
    *("--batch-size", "128", "--learning-rate", "3e-3", "--dropout", "0.15"),
)
_50_UNITS = ("--embedding-dim", "50", "--hidden-dim", "50", "--attention-dim", "100")
_LSTM_OF_50 = ("--cell", "lstm", *_50_UNITS)
_GRU_OF_32 = (
    *("--cell", "gru", "--embedding-dim", "64", "--hidden-dim", "32", "--attention-dim", "96"),
)
METHODS: dict[str, tuple[str, ...]] = {
    "none": ("--method", "none", *_LSTM_OF_50),
    "kl": ("--method", "kl", *_LSTM_OF_50),
    "mse": ("--method", "mse", *_LSTM_OF_50),
    "dixtill-paper": ("--method", "dixtill-paper"),
    "kl, perturbed texts": (*_KL_ON_MANY_TEXTS, *_LSTM_OF_50),
    "ours": ("--method", "dixtill", *_LSTM_OF_50, "--perturbed", PERTURBED),
}
# These also learn from the texts of the study's `--unlabeled`, and are left out without it.
# What suits a strong teacher's answers to many texts; chosen on held-out training texts.
_MANY_UNITS = (
    *("--cell", "lstm", "--embedding-dim", "50", "--hidden-dim", "96", "--attention-dim", "100"),
    *("--dropout", "0.05", "--hint-weight", "15"),
)
WITH_REAL_TEXTS: dict[str, tuple[str, ...]] = {
    "kl, real and perturbed texts": (*_KL_ON_MANY_TEXTS, *_LSTM_OF_50),
    "kl, real and perturbed texts, GRU of 32": (*_KL_ON_MANY_TEXTS, *_GRU_OF_32),
    "kl, real and perturbed texts, GRU": (*_KL_ON_MANY_TEXTS, "--cell", "gru", *_50_UNITS),
    "kl, real and perturbed texts, linear": (*_KL_ON_MANY_TEXTS, "--cell", "linear", *_50_UNITS),
    "ours, real texts": ("--method", "dixtill", *_LSTM_OF_50, "--perturbed", PERTURBED),
    # For a teacher that is too large to explain its answers.
    "ours, real texts, not explained": (
        *("--method", "dixtill", "--max-explained", "0", "--perturbed", PERTURBED),
        *_LSTM_OF_50,
    ),
    "kl, real texts, 96 units": (*_KL_ON_MANY_TEXTS, *_MANY_UNITS),
    "ours, real texts, not explained, 96 units": (
        *("--method", "dixtill", "--max-explained", "0", "--perturbed", PERTURBED),
        *_MANY_UNITS,
    ),
}
OURS = "ours"  # the method that the tables compare with all others

KEPT_HEADS = (6, 4, 2)  # in each layer
NUM_RANKING_TEXTS = 2000  # texts that rank heads; all texts would take a large teacher long
