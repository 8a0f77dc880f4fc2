"""Says what training does with each kind of output: one label, several labels, or a number."""

from ...data.corpus import Corpus
from ...data.scale import Scale
from .number import NumberRules
from .rules import OutputRules
from .sigmoid import SigmoidRules
from .softmax import SoftmaxRules

SOFTMAX = SoftmaxRules()

__all__ = ["SOFTMAX", "OutputRules", "rules_for"]


def rules_for(train: Corpus) -> OutputRules:
    """Return the rules for the labels of the training texts.

    Raises:
        InputError: the labels are numbers that are all equal.
    """
    if train.output == "softmax":
        return SOFTMAX
    return SigmoidRules() if train.output == "sigmoid" else NumberRules(Scale.of(train.targets))
