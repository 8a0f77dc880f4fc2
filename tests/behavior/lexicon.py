"""Fills the slots of templates; `evaluation` and `lessons` share no entry."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeVar

Part = Literal["evaluation", "lessons"]
Fills = dict[str, str]  # the text of each slot, by its name

_Item = TypeVar("_Item")


class Lexicon(NamedTuple):
    """Entries of one part. A pair of numbers has the smaller one first."""

    firms: Sequence[tuple[str, str]]  # name and ticker
    banks: Sequence[str]
    people: Sequence[str]
    cities: Sequence[str]
    countries: Sequence[str]
    days: Sequence[str]
    dates: Sequence[str]
    quarters: Sequence[str]
    percents: Sequence[tuple[str, str]]
    prices: Sequence[tuple[str, str]]
    earnings: Sequence[tuple[str, str]]  # dollars a share
    sums: Sequence[tuple[str, str]]  # sales, contracts, buybacks


LEXICONS: dict[Part, Lexicon] = {
    "evaluation": Lexicon(
        firms=(
            ("Apple", "$AAPL"), ("Boeing", "$BA"), ("Ford", "$F"), ("Netflix", "$NFLX"),
            ("Pfizer", "$PFE"), ("Starbucks", "$SBUX"), ("Walmart", "$WMT"), ("Exxon", "$XOM"),
            ("Nvidia", "$NVDA"), ("FedEx", "$FDX"), ("Kroger", "$KR"), ("Dell", "$DELL"),
            ("Marriott", "$MAR"), ("Deere", "$DE"), ("Etsy", "$ETSY"), ("Zoom", "$ZM"),
        ),
        banks=("Goldman Sachs", "Barclays", "Jefferies", "Citi", "Evercore", "Stifel"),
        people=("Maria Lopez", "James Carter", "Anita Rao", "Peter Nilsson"),
        cities=("Chicago", "Dublin", "Toronto", "Seattle"),
        countries=("U.S.", "German", "Japanese", "Spanish"),
        days=("Tuesday", "Thursday"),
        dates=("March 3", "May 14", "August 27", "November 5"),
        quarters=("Q1", "Q3"),
        percents=(("3%", "9%"), ("4.1%", "7.5%"), ("2.6%", "11%"), ("5%", "14%"), ("6.2%", "8.8%")),
        prices=(
            ("$18", "$25"), ("$42", "$51"), ("$110", "$135"), ("$67", "$80"), ("$230", "$260"),
        ),
        earnings=(
            ("$0.90", "$1.20"), ("$0.31", "$0.44"), ("$2.05", "$2.38"), ("$1.12", "$1.27"),
        ),
        sums=(
            ("$1.4 billion", "$1.9 billion"), ("$620 million", "$780 million"),
            ("$5.2 billion", "$6.1 billion"), ("$340 million", "$415 million"),
        ),
    ),
    "lessons": Lexicon(
        firms=(
            ("Microsoft", "$MSFT"), ("Airbus", "$EADSY"), ("Tesla", "$TSLA"), ("Disney", "$DIS"),
            ("Merck", "$MRK"), ("McDonald's", "$MCD"), ("Target", "$TGT"), ("Chevron", "$CVX"),
            ("Intel", "$INTC"), ("UPS", "$UPS"), ("Costco", "$COST"), ("Cisco", "$CSCO"),
            ("Hilton", "$HLT"), ("Caterpillar", "$CAT"), ("eBay", "$EBAY"), ("Roku", "$ROKU"),
        ),
        banks=("Morgan Stanley", "UBS", "Piper Sandler", "Wells Fargo", "Cowen", "Mizuho"),
        people=("Laura Becker", "Tom Okafor", "Susan Wright", "David Kim"),
        cities=("Boston", "Singapore", "Denver", "Madrid"),
        countries=("Canadian", "French", "British", "Italian"),
        days=("Monday", "Wednesday", "Friday"),
        dates=("January 21", "April 9", "July 30", "October 16"),
        quarters=("Q2", "Q4"),
        percents=(
            ("2%", "10%"), ("3.4%", "6.9%"), ("4.7%", "12%"), ("8%", "17%"), ("5.3%", "9.6%"),
        ),
        prices=(
            ("$15", "$21"), ("$36", "$48"), ("$95", "$120"), ("$72", "$88"), ("$205", "$240"),
        ),
        earnings=(
            ("$0.75", "$1.05"), ("$0.22", "$0.37"), ("$1.84", "$2.16"), ("$1.33", "$1.51"),
        ),
        sums=(
            ("$2.3 billion", "$2.8 billion"), ("$510 million", "$690 million"),
            ("$7.4 billion", "$8.2 billion"), ("$270 million", "$385 million"),
        ),
    ),
}  # fmt: skip


def pick(rng: random.Random, items: Sequence[_Item]) -> _Item:
    """Pick one of the items by `random()`, whose numbers alone are the same in every Python."""
    return items[int(rng.random() * len(items))]


def names(part: Part, rng: random.Random) -> Fills:
    """Two firms, which differ, and a bank."""
    lexicon = LEXICONS[part]
    company, ticker = pick(rng, lexicon.firms)
    rival, rival_ticker = pick(rng, [firm for firm in lexicon.firms if firm[0] != company])
    return {
        "company": company, "ticker": ticker, "rival": rival, "rival_ticker": rival_ticker,
        "bank": pick(rng, lexicon.banks),
    }  # fmt: skip


def numbers(part: Part, rng: random.Random) -> Fills:
    """Pairs of which the second is larger: percentages, prices, earnings a share, sums."""
    lexicon = LEXICONS[part]
    small, large = pick(rng, lexicon.percents)
    low, high = pick(rng, lexicon.prices)
    less, more = pick(rng, lexicon.earnings)
    minor, major = pick(rng, lexicon.sums)
    return {
        "small": small, "large": large, "low": low, "high": high, "less": less, "more": more,
        "minor": minor, "major": major,
    }  # fmt: skip


def fills(part: Part, rng: random.Random) -> Fills:
    """Draw an entry for every slot."""
    lexicon = LEXICONS[part]
    return {
        **names(part, rng),
        **numbers(part, rng),
        "person": pick(rng, lexicon.people),
        "city": pick(rng, lexicon.cities),
        "country": pick(rng, lexicon.countries),
        "day": pick(rng, lexicon.days),
        "date": pick(rng, lexicon.dates),
        "quarter": pick(rng, lexicon.quarters),
    }
