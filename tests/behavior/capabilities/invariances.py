"""Changes that must leave a label as it is."""

from .. import perturbations
from ..families import Perturbed
from .analysts import GUIDANCE, RATINGS
from .announcements import ANNOUNCEMENTS
from .plain import PLAIN

_BASES = (PLAIN, RATINGS, GUIDANCE, ANNOUNCEMENTS)

INVARIANCES = (
    Perturbed("names and tickers", _BASES, perturbations.other_names),
    Perturbed("numbers", _BASES, perturbations.other_numbers),
    Perturbed("letter case", _BASES, perturbations.other_case),
    Perturbed("typos", _BASES, perturbations.with_typo),
    Perturbed("links", _BASES, perturbations.with_link),
    Perturbed("emoji and hashtags", _BASES, perturbations.with_hashtags_or_emoji),
    Perturbed("punctuation", _BASES, perturbations.with_other_punctuation),
)
