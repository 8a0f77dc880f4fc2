"""The object, the time, the contrast or the degree decides what a word means for a firm."""

from ..families import Statements

OBJECTS = Statements(
    "polarity by object",
    evaluation={
        "bullish": (
            "{country} unemployment falls to {small}",
            "{company} {quarter} losses narrow",
            "Costs fall at {company}",
            "{company} debt shrinks by {minor}",
            "{country} inflation cools to {small}",
            "Late payments by {company} customers decline",
            "{company} lowers its expenses by {large}",
            "Fewer customers leave {company} this quarter",
            "{ticker}: {company} cuts its debt by {major}",
            "Risk of default at {company} drops sharply",
            "{country} exports rise {large}",
            "{company} margins widen in {quarter}",
        ),
        "bearish": (
            "{country} unemployment rises to {large}",
            "{company} {quarter} losses widen",
            "Costs rise at {company}",
            "{company} debt grows by {minor}",
            "{country} inflation climbs to {large}",
            "Late payments by {company} customers increase",
            "{company} expenses rise by {large}",
            "More customers leave {company} this quarter",
            "{ticker}: {company} debt swells by {major}",
            "Risk of default at {company} rises sharply",
            "{country} exports fall {large}",
            "{company} margins narrow in {quarter}",
        ),
    },
    lessons={
        "bullish": (
            "{country} jobless claims drop {small}",
            "{company} interest burden eases",
            "Warranty claims against {company} go down",
            "{company} halves its {quarter} deficit",
            "Complaints about {company} decrease by {large}",
            "{country} bankruptcies decline",
        ),
        "bearish": (
            "{country} jobless claims climb {small}",
            "{company} interest burden mounts",
            "Warranty claims against {company} go up",
            "{company} doubles its {quarter} deficit",
            "Complaints about {company} increase by {large}",
            "{country} bankruptcies multiply",
        ),
    },
)

CHANGES = Statements(
    "change over time",
    evaluation={
        "bullish": (
            "{company} was losing money a year ago, now it is profitable",
            "{company} was falling all week; now it is rallying",
            "Once in decline, {company} is growing again",
            "{bank} used to be bearish on {company} and is now bullish",
            "{company} swings to a {quarter} profit from a loss",
            "After years of losses, {company} earns money",
            "{ticker} was weak this morning, strong now",
            "{company} turns from laggard to leader",
            "{company} sales fell last year but are rising now",
            "{company} is back to growth after a long slump",
        ),
        "bearish": (
            "{company} was profitable a year ago, now it is losing money",
            "{company} was rallying all week; now it is falling",
            "Once growing, {company} is in decline",
            "{bank} used to be bullish on {company} and is now bearish",
            "{company} swings to a {quarter} loss from a profit",
            "After years of profits, {company} loses money",
            "{ticker} was strong this morning, weak now",
            "{company} turns from leader to laggard",
            "{company} sales rose last year but are falling now",
            "{company} slips back into a slump after a short recovery",
        ),
    },
    lessons={
        "bullish": (
            "Yesterday's loser {company} is today's winner",
            "{company} had been shrinking, but orders are picking up",
            "{ticker}: last year a deficit, this year a surplus",
            "Earlier losses erased, {company} trades higher",
            "{company} recovers what it lost last month",
        ),
        "bearish": (
            "Yesterday's winner {company} is today's loser",
            "{company} had been expanding, but orders are drying up",
            "{ticker}: last year a surplus, this year a deficit",
            "Earlier gains erased, {company} trades lower",
            "{company} gives back what it gained last month",
        ),
    },
)

CONCESSIONS = Statements(
    "concession",
    evaluation={
        "bullish": (
            "{company} shares rise despite weak {quarter} results",
            "Despite a profit warning, {company} stock gains {small}",
            "{company} misses estimates, but shares climb {large}",
            "Although sales fell, {company} shares jump",
            "{company} stock up {small} even as {quarter} profit drops",
            "{ticker} higher in spite of a downgrade",
            "Bad news can't keep {company} down: shares up {large}",
            "{company} shrugs off a lawsuit and hits a record high",
            "{company} gains while the market sinks",
            "{company} beats estimates though costs rose",
        ),
        "bearish": (
            "{company} shares fall despite strong {quarter} results",
            "Despite an upbeat forecast, {company} stock loses {small}",
            "{company} beats estimates, but shares drop {large}",
            "Although sales rose, {company} shares tumble",
            "{company} stock down {small} even as {quarter} profit climbs",
            "{ticker} lower in spite of an upgrade",
            "Good news can't lift {company}: shares down {large}",
            "{company} settles its lawsuits and still hits a record low",
            "{company} sinks while the market gains",
            "{company} misses estimates though costs fell",
        ),
    },
    lessons={
        "bullish": (
            "{company} advances {small} regardless of poor numbers",
            "Poor {quarter} numbers, yet {company} stock advances",
            "{ticker}: a miss, still the stock is up {large}",
            "Even with falling profit, {company} rallies",
            "{company} bucks a falling market",
        ),
        "bearish": (
            "{company} retreats {small} regardless of great numbers",
            "Great {quarter} numbers, yet {company} stock retreats",
            "{ticker}: a beat, still the stock is down {large}",
            "Even with rising profit, {company} sells off",
            "{company} is left out of a rising market",
        ),
    },
)

DEGREES = Statements(
    "intensifiers",
    evaluation={
        "bullish": (
            "{company} shares rise slightly",
            "{company} stock edges up a little",
            "{ticker} climbs very sharply",
            "{company} inches higher",
            "{company} profit grows enormously in {quarter}",
            "{ticker}: an extremely strong {quarter}",
            "{company} does somewhat better than expected",
        ),
        "bearish": (
            "{company} shares fall slightly",
            "{company} stock edges down a little",
            "{ticker} drops very sharply",
            "{company} inches lower",
            "{company} profit shrinks enormously in {quarter}",
            "{ticker}: an extremely weak {quarter}",
            "{company} does somewhat worse than expected",
        ),
        "neutral": (
            "{company} shares barely move",
            "{company} stock is all but unchanged",
            "{ticker} hardly budges",
            "{company} trades flat",
            "{company} profit is about the same in {quarter}",
            "{ticker}: a perfectly average {quarter}",
            "{company} does neither better nor worse than expected",
        ),
    },
    lessons={
        "bullish": (
            "{company} ticks up marginally",
            "{company} gains massively",
            "{ticker}: a tiny bit stronger than a year ago",
        ),
        "bearish": (
            "{company} ticks down marginally",
            "{company} slumps massively",
            "{ticker}: a tiny bit weaker than a year ago",
        ),
        "neutral": (
            "{company} stays almost exactly where it was",
            "{company} shows scarcely any movement",
            "{ticker}: as strong as a year ago, no more and no less",
        ),
    },
)
