"""Makes product reviews in English and Italian, from labels that choose their words.

An opinion is a clause with an adjective, which a negation reverses. Of two opinions joined by "but"
the second decides, and with "although" the one in the main clause. Facts and opinions about other
products decide nothing. Adjectives follow Zipf's law, so some of them are rare. The same seed gives
the same reviews.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..distillation.data.corpus import Corpus

LABELS = ("negative", "neutral", "positive")
_SHARES = (0.4, 0.2, 0.4)  # of the labels
_NEGATED = 0.25  # share of the opinions
_CONTRASTED = 0.1  # share of the verdicts
_OTHER_PRODUCTS = 0.2  # share of the distractions
_ZIPF_EXPONENT = 1.2

Language = Literal["en", "it"]
Gender = Literal["m", "f"]


@dataclass(frozen=True)
class Review:
    """A text, the index of its label, and how it was made."""

    text: str
    label: int
    language: Language
    negated: bool  # whether the opinion that decides is negated


@dataclass(frozen=True)
class Grammar:
    """Words and templates of one language; {part} is what an opinion is about.

    A word with a slash has two forms, masculine and feminine.
    """

    parts: tuple[tuple[str, Gender], ...]
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    affirmations: tuple[str, ...]
    negations: tuple[str, ...]
    contrasts: tuple[str, ...]  # {other} is overruled by {opinion}
    other_products: tuple[str, ...]
    facts: tuple[str, ...]
    colors: tuple[str, ...]
    days: tuple[str, ...]


ENGLISH = Grammar(
    parts=(
        ("the battery", "m"), ("the screen", "m"), ("the handle", "m"), ("the lid", "m"),
        ("the motor", "m"), ("the cable", "m"), ("the strap", "m"), ("the finish", "m"),
        ("the speaker", "m"), ("the keyboard", "m"), ("the filter", "m"), ("the zip", "m"),
        ("the stand", "m"), ("the charger", "m"), ("the hinge", "m"), ("the lens", "m"),
    ),
    positive=(
        "good", "great", "excellent", "solid", "reliable", "comfortable", "handy", "sturdy",
        "quick", "pleasant", "superb", "sharp", "smooth", "quiet", "clever", "elegant",
        "precise", "flawless", "charming", "robust",
    ),
    negative=(
        "bad", "poor", "terrible", "flimsy", "awful", "weak", "noisy", "slow", "useless",
        "clumsy", "fragile", "dull", "faulty", "ugly", "loose", "blurry", "sticky", "brittle",
        "shoddy", "wobbly",
    ),
    affirmations=(
        "{part} is {adjective}", "{part} is really {adjective}", "I find {part} {adjective}",
        "{part} feels {adjective}", "{part} turned out {adjective}",
    ),
    negations=(
        "{part} is not {adjective}", "{part} isn't {adjective} at all",
        "I would not call {part} {adjective}", "{part} was never {adjective}",
        "nobody could say that {part} is {adjective}",
    ),
    contrasts=(
        "{other}, but {opinion}", "although {other}, {opinion}", "{opinion}, although {other}",
        "{other}, yet {opinion}",
    ),
    other_products=(
        "my old one was {adjective}", "my sister has one that is {adjective}",
        "the previous model was {adjective}", "the one in the shop next door looked {adjective}",
    ),
    facts=(
        "it came in a {color} box", "I bought it on {day}", "it weighs {number} grams",
        "the package holds {number} pieces", "I ordered the {color} version",
        "I use it every {day}", "it was a present for my father",
    ),
    colors=("red", "blue", "green", "black", "white", "grey"),
    days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)  # fmt: skip

ITALIAN = Grammar(
    parts=(
        ("la batteria", "f"), ("lo schermo", "m"), ("il manico", "m"), ("il coperchio", "m"),
        ("il motore", "m"), ("il cavo", "m"), ("la cinghia", "f"), ("la finitura", "f"),
        ("la tastiera", "f"), ("il filtro", "m"), ("la cerniera", "f"), ("la base", "f"),
        ("il caricatore", "m"), ("la lente", "f"), ("la custodia", "f"), ("il tessuto", "m"),
    ),
    positive=(
        "buono/buona", "ottimo/ottima", "eccellente", "solido/solida", "affidabile",
        "comodo/comoda", "pratico/pratica", "robusto/robusta", "veloce", "piacevole",
        "stupendo/stupenda", "nitido/nitida", "silenzioso/silenziosa", "elegante",
        "preciso/precisa", "perfetto/perfetta", "curato/curata", "resistente",
        "morbido/morbida", "magnifico/magnifica",
    ),
    negative=(
        "cattivo/cattiva", "pessimo/pessima", "scadente", "fragile", "debole",
        "rumoroso/rumorosa", "lento/lenta", "inutile", "scomodo/scomoda", "orribile",
        "brutto/brutta", "difettoso/difettosa", "sfocato/sfocata", "ruvido/ruvida",
        "instabile", "rigido/rigida", "deludente", "mediocre", "appiccicoso/appiccicosa",
        "cedevole",
    ),
    affirmations=(
        "{part} è {adjective}", "{part} è davvero {adjective}", "trovo {part} {adjective}",
        "{part} sembra {adjective}", "{part} risulta {adjective}",
    ),
    negations=(
        "{part} non è {adjective}", "{part} non è affatto {adjective}",
        "non direi che {part} sia {adjective}", "{part} non mi pare mai {adjective}",
        "nessuno direbbe che {part} è {adjective}",
    ),
    contrasts=(
        "{other}, ma {opinion}", "anche se {other}, {opinion}", "{opinion}, anche se {other}",
        "{other}, però {opinion}",
    ),
    other_products=(
        "il mio vecchio era {adjective}", "mia sorella ne ha uno {adjective}",
        "il modello precedente era {adjective}", "quello del negozio accanto pareva {adjective}",
    ),
    facts=(
        "è arrivato in una scatola {color}", "l'ho comprato {day}", "pesa {number} grammi",
        "la confezione contiene {number} pezzi", "ho ordinato la versione {color}",
        "lo uso ogni {day}", "era un regalo per mio padre",
    ),
    colors=("rossa", "blu", "verde", "nera", "bianca", "grigia"),
    days=("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
)  # fmt: skip

GRAMMARS: dict[Language, Grammar] = {"en": ENGLISH, "it": ITALIAN}


def make_reviews(number: int, seed: int) -> tuple[Review, ...]:
    """Make `number` reviews, no two with the same text, half of them in each language."""
    rng = random.Random(seed)
    reviews: dict[str, Review] = {}
    while len(reviews) < number:
        language: Language = "it" if len(reviews) % 2 else "en"
        review = _review(rng, language)
        reviews.setdefault(review.text, review)
    return tuple(reviews.values())


def corpus_of(reviews: Sequence[Review]) -> Corpus:
    """Return the reviews as labeled texts."""
    texts = tuple(review.text for review in reviews)
    return Corpus(texts, tuple(review.label for review in reviews), LABELS)


def _review(rng: random.Random, language: Language) -> Review:
    grammar = GRAMMARS[language]
    (label,) = rng.choices(range(len(LABELS)), _SHARES)
    sentences = [_distraction(rng, grammar) for _ in range(rng.choice((0, 1, 1, 2)))]
    negated = False
    if LABELS[label] == "neutral":
        sentences.append(_fact(rng, grammar))
    else:
        negated = rng.random() < _NEGATED
        sentences.append(_verdict(rng, grammar, LABELS[label] == "positive", negated))
    rng.shuffle(sentences)
    text = " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)
    return Review(text, label, language, negated)


def _verdict(rng: random.Random, grammar: Grammar, positive: bool, negated: bool) -> str:
    """Make an opinion, sometimes joined with an opposite one that it overrules."""
    opinion = _opinion(rng, grammar, positive, negated)
    if rng.random() >= _CONTRASTED:
        return opinion
    other = _opinion(rng, grammar, not positive, rng.random() < _NEGATED)
    return rng.choice(grammar.contrasts).format(other=other, opinion=opinion)


def _opinion(rng: random.Random, grammar: Grammar, positive: bool, negated: bool) -> str:
    """Make a clause that says something positive or negative about a part of the product."""
    part, gender = rng.choice(grammar.parts)
    adjective = _adjective(rng, grammar, positive != negated, gender)
    template = rng.choice(grammar.negations if negated else grammar.affirmations)
    return template.format(part=part, adjective=adjective)


def _adjective(rng: random.Random, grammar: Grammar, positive: bool, gender: Gender) -> str:
    words = grammar.positive if positive else grammar.negative
    weights = [rank**-_ZIPF_EXPONENT for rank in range(1, len(words) + 1)]
    forms = rng.choices(words, weights)[0].split("/")
    return forms[-1] if gender == "f" else forms[0]


def _distraction(rng: random.Random, grammar: Grammar) -> str:
    """Make a fact, or an opinion about another product."""
    if rng.random() >= _OTHER_PRODUCTS:
        return _fact(rng, grammar)
    adjective = _adjective(rng, grammar, rng.random() < 0.5, "m")
    return rng.choice(grammar.other_products).format(adjective=adjective)


def _fact(rng: random.Random, grammar: Grammar) -> str:
    return rng.choice(grammar.facts).format(
        color=rng.choice(grammar.colors),
        day=rng.choice(grammar.days),
        number=rng.randrange(20, 500, 10),
    )
