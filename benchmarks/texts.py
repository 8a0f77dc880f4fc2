"""Two tweets to answer, and a made-up corpus for the peers that have to be trained."""

from __future__ import annotations

import random

LABELS = ("bearish", "bullish", "neutral")

TWEETS = {
    12: "Apple shares jump after record earnings as iPhone sales beat analysts' estimates",
    32: "Tesla stock slides in early trading after the carmaker reports weaker deliveries than "
    "expected, while several banks cut their price targets and warn of slowing demand across "
    "Europe and China next quarter",
}  # by number of words
TWEET_LABELS = {12: "bullish", 32: "bearish"}

_COMPANIES = ("Apple", "Tesla", "Ford", "Boeing", "Nvidia", "Pfizer", "Walmart", "Intel", "Netflix")
_MOVES = {
    "bullish": (
        "shares jump", "stock climbs", "beats estimates", "gains ground", "hits a record high",
        "raises its forecast", "is upgraded to buy", "rallies",
    ),
    "bearish": (
        "shares fall", "stock slides", "misses estimates", "loses ground", "hits a yearly low",
        "cuts its forecast", "is downgraded to sell", "warns of slowing demand",
    ),
    "neutral": (
        "names a new board member", "opens an office", "will report on Tuesday",
        "moves its annual meeting", "declares its usual dividend", "changes its logo",
    ),
}  # fmt: skip
_TAILS = (
    "after record earnings", "in early trading", "as iPhone sales beat analysts' estimates",
    "while several banks cut their price targets", "across Europe and China next quarter",
    "as the carmaker reports weaker deliveries than expected", "$SPY $QQQ",
    "https://example.com/a1b2", "ahead of the Fed's decision on rates", "in heavy volume",
)  # fmt: skip


def made_up_tweets(number: int, seed: int = 0) -> list[tuple[str, str]]:
    """Make texts of 4 to about 40 words with their labels; TWEETS are among them."""
    rng = random.Random(seed)
    known = [(TWEETS[length], label) for length, label in TWEET_LABELS.items()]
    return known + [_tweet(rng) for _ in range(number - len(known))]


def _tweet(rng: random.Random) -> tuple[str, str]:
    label = rng.choice(LABELS)
    # Numbers and tickers give the vocabulary a long tail, as in real tweets.
    parts = [
        rng.choice(_COMPANIES), rng.choice(_MOVES[label]), f"{rng.randint(1, 999) / 10}%",
        *rng.sample(_TAILS, rng.randint(0, 4)), "$" + "".join(rng.choices("ABCDEFGH", k=4)),
    ]  # fmt: skip
    return " ".join(parts), label
