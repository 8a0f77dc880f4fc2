"""What analysts and the firms themselves say of the future."""

from ..families import Statements

RATINGS = Statements(
    "analyst ratings",
    evaluation={
        "bullish": (
            "{company} upgraded to buy from hold at {bank}",
            "{bank} upgrades {company} to overweight",
            "{company} started at outperform at {bank}",
            "{ticker}: {bank} goes to buy from neutral",
            "{bank} had a sell on {company}; now it rates the stock a buy",
            "{company} was a hold at {bank}, which now likes the stock better: buy",
            "After downgrading {company} last year, {bank} reverses the call",
            "{bank} turns bullish on {company}",
            "{company} gets its second upgrade this week",
            "{bank} adds {company} to its list of best ideas",
        ),
        "bearish": (
            "{company} downgraded to hold from buy at {bank}",
            "{bank} downgrades {company} to underweight",
            "{company} started at underperform at {bank}",
            "{ticker}: {bank} goes to neutral from buy",
            "{bank} had a buy on {company}; now it rates the stock a sell",
            "{company} was a buy at {bank}, which now likes the stock less: hold",
            "After upgrading {company} last year, {bank} reverses the call",
            "{bank} turns bearish on {company}",
            "{company} gets its second downgrade this week",
            "{bank} drops {company} from its list of best ideas",
        ),
        "neutral": (
            "{company} initiated at neutral at {bank}",
            "{bank} starts {company} at equal weight",
            "{company} rated hold at {bank}, as before",
            "{ticker}: {bank} stays neutral",
            "{bank} had a hold on {company}, and it still rates the stock a hold",
            "{company} coverage resumed with a hold at {bank}",
            "{bank} transfers coverage of {company} to another analyst",
            "{bank} neither upgrades nor downgrades {company}",
            "{bank} hosts a call about {company} on {day}",
            "{company} now covered by {bank}",
        ),
    },
    lessons={
        "bullish": (
            "{bank} lifts {company} two notches to strong buy",
            "{ticker} moved up to outperform by {bank}",
            "{bank} was neutral on {company} and now recommends it",
            "{bank} ends its sell rating of {company}",
        ),
        "bearish": (
            "{bank} drops {company} two notches to sell",
            "{ticker} moved down to underperform by {bank}",
            "{bank} was neutral on {company} and now advises against it",
            "{bank} ends its buy rating of {company}",
        ),
        "neutral": (
            "{bank} begins coverage of {company} with a market perform rating",
            "{ticker} remains at sector weight at {bank}",
            "{bank} was neutral on {company} and stays so",
            "{bank} analyst on {company} to speak in {city}",
        ),
    },
)

GUIDANCE = Statements(
    "guidance",
    evaluation={
        "bullish": (
            "{company} raises full-year outlook",
            "{company} lifts {quarter} sales forecast to {major}",
            "{ticker}: {company} guides {quarter} EPS above consensus",
            "{company} now sees full-year EPS of {more}, up from {less}",
            "{company} hikes its profit guidance",
            "{company} expects sales of {major}, well above estimates",
            "{company} boosts its margin targets",
            "{company} now expects a better year than it did in {quarter}",
            "Full-year forecast of {company} goes up to {major}",
            "{ticker} tops estimates with its outlook",
        ),
        "bearish": (
            "{company} cuts full-year outlook",
            "{company} lowers {quarter} sales forecast to {minor}",
            "{ticker}: {company} guides {quarter} EPS below consensus",
            "{company} now sees full-year EPS of {less}, down from {more}",
            "{company} slashes its profit guidance",
            "{company} expects sales of {minor}, well below estimates",
            "{company} withdraws its margin targets",
            "{company} now expects a worse year than it did in {quarter}",
            "Full-year forecast of {company} goes down to {minor}",
            "{ticker} disappoints with its outlook",
        ),
        "neutral": (
            "{company} reaffirms full-year outlook",
            "{company} leaves {quarter} sales forecast at {major}",
            "{ticker}: {company} guides {quarter} EPS in line with consensus",
            "{company} still sees full-year EPS of {less}",
            "{company} maintains its profit guidance",
            "{company} expects sales of {minor}, as analysts do",
            "{company} repeats its margin targets",
            "{company} still expects the year that it forecast in {quarter}",
            "Full-year forecast of {company} stays at {major}",
            "{ticker} sticks to its outlook",
        ),
    },
    lessons={
        "bullish": (
            "{company} is more optimistic about the year and ups its forecast",
            "Guidance up: {company} sees {more} a share, not {less}",
            "{ticker}: {quarter} outlook tops what the Street expects",
        ),
        "bearish": (
            "{company} is more pessimistic about the year and trims its forecast",
            "Guidance down: {company} sees {less} a share, not {more}",
            "{ticker}: {quarter} outlook falls short of what the Street expects",
        ),
        "neutral": (
            "{company} sticks with its forecast for the year",
            "Guidance confirmed: {company} sees {more} a share, as before",
            "{ticker}: {quarter} outlook is what the Street expects",
        ),
    },
)
