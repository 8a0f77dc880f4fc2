"""Plain news, good, bad and neither; the perturbations start from these."""

from ..families import Statements

PLAIN = Statements(
    "plain statements",
    evaluation={
        "bullish": (
            "{company} shares jump {large} after a strong quarter",
            "{ticker}: {company} posts record {quarter} profit",
            "{company} wins a {major} contract",
            "{company} stock climbs to an all-time high",
            "{company} beats {quarter} estimates and raises its dividend",
            "Demand for {company} products is booming",
            "{company} rallies {large} in premarket trading",
            "{ticker} breaks out on heavy buying, up {small}",
            "{company} {quarter} profit surges {large}",
            "{company} lifts its share buyback to {major}",
        ),
        "bearish": (
            "{company} shares plunge {large} after a weak quarter",
            "{ticker}: {company} posts its worst {quarter} loss in a decade",
            "{company} loses a {major} contract",
            "{company} stock sinks to a five-year low",
            "{company} misses {quarter} estimates and cuts its dividend",
            "Demand for {company} products is collapsing",
            "{company} slides {large} in premarket trading",
            "{ticker} breaks down on heavy selling, off {small}",
            "{company} {quarter} profit tumbles {large}",
            "{company} suspends its {major} share buyback",
        ),
        "neutral": (
            "{company} will present at an investor conference in {city}",
            "{company} publishes its annual report",
            "{ticker}: {company} holds its shareholder meeting in {city} on {day}",
            "{company} files Form 10-Q for {quarter}",
            "{company} declares a regular quarterly dividend of {less} a share",
            "Transcript of the {company} {quarter} earnings call",
            "{ticker}: {company} changes the date of its fiscal year-end",
            "{company} and {rival} report earnings on {day}",
            "What to watch when {company} reports on {day}",
            "{company} moves its headquarters to {city}",
        ),
    },
    lessons={
        "bullish": (
            "{company} shares soar {large} on upbeat results",
            "{ticker}: {company} has its best {quarter} ever",
            "{company} lands an order worth {major}",
            "Customers line up for the newest {company} products",
            "Investors cheer {company} results, stock up {small}",
            "{company} revenue growth accelerates to {large}",
        ),
        "bearish": (
            "{company} shares crash {large} on dismal results",
            "{ticker}: {company} has its worst {quarter} ever",
            "{company} is stripped of an order worth {major}",
            "Customers turn away from the newest {company} products",
            "Investors dump {company} after results, stock down {small}",
            "{company} revenue growth stalls, shares off {large}",
        ),
        "neutral": (
            "{company} releases the agenda of its investor day in {city}",
            "{ticker}: {company} posts the slides of its {quarter} presentation",
            "{company} sets the record date of its dividend to {date}",
            "{company} appears at a technology fair in {city}",
            "A brief history of {company}",
            "Earnings this week: {company}, {rival}",
        ),
    },
)
