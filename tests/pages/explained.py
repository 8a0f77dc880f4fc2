"""Make predictions by hand, and random texts as long as tweets."""

from __future__ import annotations

import random
import re

from dixtill.pages.rows import ExplainedText
from dixtill.runtime.prediction import Check, ExplainedWord, Prediction

LABELS = ("bearish", "bullish", "neutral")

_NAMES = re.findall(r"\w+", "Apple Ford Boeing Tesla Intel Shell Pfizer Nvidia Adobe Disney Visa")
_WORDS = re.findall(
    r"\w+",
    """shares jump fall slide after record weak strong earnings sales outlook raised cut upgraded
    downgraded analysts expect profit below above estimates demand dividend Fed to report on
    Thursday the of in its and a as for says deal loss beats misses""",
)

HOSTILE = (
    "<script>window.pwned = 1</script>",
    "</span></td></table><script>window.pwned = 1</script>",
    "<img src=x onerror=window.pwned=1> <img src=http://127.0.0.1:9/x>",
    '" onmouseover="window.pwned=1" x="',
    "' autofocus onfocus='window.pwned=1",
    "</script><script>window.pwned = 1</script>",
    "</style><style>body { display: none }</style>",
    "<!-- --!> --> ]]> <![CDATA[ <plaintext> <title>",
    "&lt;script&gt; &amp;lt; &#60;script&#62; &notanentity; &",
    "javascript:window.pwned=1 data:text/html,<script>1</script>",
    "<svg onload=window.pwned=1><a xlink:href=http://127.0.0.1:9/x>",
    "<meta http-equiv=refresh content=0;url=http://127.0.0.1:9/x>",
    "<link rel=stylesheet href=http://127.0.0.1:9/x><base href=http://127.0.0.1:9/>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'>",
    "\u202eright to left\u202d and \u2066back\u2069",
    "null \x00 escape \x1b[2J bell \x07 delete \x7f next line \x85",
    "half a pair \ud800 \udfff, none at all \uffff \ufffe",
    "tab\tline\r\nfeed\n\n    spaces   kept",
    "= + ` ${window.pwned=1} {{7*7}} <%= 1 %>",
    "中文 العربية עברית हिन्दी 🚀🚀 e\u0301\u0301\u0301\u0301\u0301",
    "x" * 3000,
    "",
    " ",
)


def predicted(
    text: str,
    weights: list[float] | None = None,
    label: str = "bullish",
    probability: float = 0.9,
    labels: tuple[str, ...] = LABELS,
    **more: object,
) -> Prediction:
    """Make an answer to a text split at spaces, with a weight for each word."""
    spans = [found.span() for found in re.finditer(r"\S+", text)]
    weights = [(-1) ** i * (i + 1) / 4 for i in range(len(spans))] if weights is None else weights
    words = tuple(
        ExplainedWord(text[start:end], start, end, weight)
        for (start, end), weight in zip(spans, weights, strict=True)
    )
    rest = (1 - probability) / (len(labels) - 1)
    probabilities = {name: probability if name == label else rest for name in labels}
    return Prediction(text, label, probability, probabilities, words, False, **more)


def checked(text: str, weights: list[float], flip: tuple[int, ...] | None) -> Prediction:
    """Make an answer with a check, whose effects are twice the weights."""
    check = Check(tuple(2 * weight for weight in weights), 1.0, flip, True)
    return predicted(text, weights, check=check)


def made_tweets(number: int, seed: int = 0) -> list[str]:
    """Make texts as long as tweets: 4 to 32 words, 90 characters on average."""
    rng = random.Random(seed)
    tweets = []
    for _ in range(number):
        body = " ".join(rng.choices(_WORDS, k=rng.randint(2, 24)))
        tail = rng.choice(["", ".", "!", f" https://t.co/{rng.randrange(10**9)}"])
        tweets.append(f"${rng.choice(_NAMES)[:4].upper()} - {rng.choice(_NAMES)}'s {body}{tail}")
    return tweets


def labeled(predictions: list[Prediction], seed: int = 0) -> list[ExplainedText]:
    """Add true labels; one in seven differs from the prediction."""
    rng = random.Random(seed)
    return [
        ExplainedText(
            prediction,
            prediction.top_label if rng.random() < 6 / 7 else rng.choice(LABELS),
            line=line,
        )
        for line, prediction in enumerate(predictions, start=2)
    ]
