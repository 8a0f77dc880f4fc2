"""Changes a text in ways that change no careful reader's label."""

from __future__ import annotations

import random
import string

from .lexicon import Fills, Part, names, numbers, pick

_HASHTAGS = {
    "evaluation": ("#stocks", "#investing #markets", "#finance", "#trading #stockmarket"),
    "lessons": ("#business", "#equities #news", "#economy", "#shares #wallstreet"),
}
_EMOJI = {"evaluation": ("📊", "📰", "👀"), "lessons": ("📣", "🗞️", "💼")}
_SHORTEST_WITH_TYPO = 5
_LINK = string.ascii_letters + string.digits


def other_names(template: str, fills: Fills, part: Part, rng: random.Random) -> str:
    return template.format(**{**fills, **names(part, rng)})


def other_numbers(template: str, fills: Fills, part: Part, rng: random.Random) -> str:
    return template.format(**{**fills, **numbers(part, rng)})


def other_case(template: str, fills: Fills, part: Part, rng: random.Random) -> str:
    """Write all in small letters, all in capitals, or each word with a capital."""
    text = template.format(**fills)
    return pick(rng, (text.lower(), text.upper(), string.capwords(text)))


def with_typo(template: str, fills: Fills, part: Part, rng: random.Random) -> str:
    """Swap two letters inside one word that is not a name, a ticker or a number."""
    words = template.split(" ")
    places = [
        (number, start)
        for number, word in enumerate(words)
        if len(word) >= _SHORTEST_WITH_TYPO and word.isalpha()
        for start in range(1, len(word) - 2)
        if word[start] != word[start + 1]
    ]
    if places:
        number, at = pick(rng, places)
        word = words[number]
        words[number] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words).format(**fills)


def with_link(template: str, fills: Fills, part: Part, rng: random.Random) -> str:
    link = "https://t.co/" + "".join(pick(rng, _LINK) for _ in range(10))
    text = template.format(**fills)
    return pick(rng, (f"{text} {link}", f"{text}: {link}", f"{link} {text}"))


def with_hashtags_or_emoji(template: str, fills: Fills, part: Part, rng: random.Random) -> str:
    """Such as have no sentiment."""
    text, hashtags, emoji = template.format(**fills), _HASHTAGS[part], _EMOJI[part]
    return pick(
        rng, (f"{text} {pick(rng, hashtags)}", f"{text} {pick(rng, emoji)}",
              f"{pick(rng, emoji)} {text} {pick(rng, hashtags)}")
    )  # fmt: skip


def with_other_punctuation(template: str, fills: Fills, part: Part, rng: random.Random) -> str:
    """A stop, dots, quotation marks or wide spaces, or no commas and apostrophes."""
    text = template.format(**fills)
    return pick(
        rng, (f"{text}.", f"{text} ...", f'"{text}"', text.replace(" ", "  "),
              text.replace(",", "").replace("'", "").replace(": ", " - "))
    )  # fmt: skip
