"""A negated good thing is bad, a negated bad thing is good."""

from ..families import Statements

NEGATION = Statements(
    "negation",
    evaluation={
        "bullish": (
            "{company} shares are no longer falling",
            "{company} avoids bankruptcy",
            "Not a single analyst rates {company} a sell",
            "{company} will not cut its dividend, reassuring investors",
            "No recall needed, regulators tell {company}",
            "{company} never missed estimates this year",
            "{ticker}: no sign of weakness in {quarter} orders",
            "{company} is not losing customers anymore",
            "Fears of a loss at {company} prove unfounded",
            "{company} sales did not fall in {quarter} as feared",
            "{company} escapes a fine over its accounting",
            "Nothing can stop the {company} rally",
        ),
        "bearish": (
            "{company} shares are no longer rising",
            "{company} fails to avoid bankruptcy",
            "Not a single analyst rates {company} a buy",
            "{company} will not raise its dividend, disappointing investors",
            "No growth at {company}, sales stall",
            "{company} never met estimates this year",
            "{ticker}: no sign of strength in {quarter} orders",
            "{company} is not winning customers anymore",
            "Hopes of a profit at {company} prove unfounded",
            "{company} sales did not grow in {quarter} as hoped",
            "{company} fails to win approval for its merger",
            "Nothing can stop the {company} selloff",
        ),
    },
    lessons={
        "bullish": (
            "{company} isn't in trouble after all",
            "{company} does not expect any hit from the recall",
            "No downgrade for {company}: rating agency lifts its warning",
            "{ticker}: the feared slump never came",
            "{company} will not need to raise capital",
            "Without any writedowns, {company} returns to profit",
        ),
        "bearish": (
            "{company} isn't out of trouble yet",
            "{company} does not expect any boost from the launch",
            "No upgrade for {company}: rating agency keeps its warning",
            "{ticker}: the promised recovery never came",
            "{company} will not be able to raise capital",
            "Without any new orders, {company} returns to losses",
        ),
    },
)
