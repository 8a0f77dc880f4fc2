"""Two numbers, or the sign of one, say whether the news is good."""

from ..families import Statements

PRICE_TARGETS = Statements(
    "price targets",
    evaluation={
        "bullish": (
            "{company} PT to {high} from {low} at {bank}",
            "{ticker}: {bank} moves price target to {high} from {low}",
            "{bank} now sees {company} at {high}, previously {low}",
            "{bank} takes {company} target from {low} to {high}",
            "{ticker} target {low} -> {high} ({bank})",
            "{company} price target raised to {high} at {bank}",
            "{company}: {bank} ups PT from {low} to {high}",
            "{bank} thinks {company} is worth {high} instead of {low}",
            "{ticker} PT {high} (was {low}) at {bank}",
            "Higher price target for {company} at {bank}: {high}",
        ),
        "bearish": (
            "{company} PT to {low} from {high} at {bank}",
            "{ticker}: {bank} moves price target to {low} from {high}",
            "{bank} now sees {company} at {low}, previously {high}",
            "{bank} takes {company} target from {high} to {low}",
            "{ticker} target {high} -> {low} ({bank})",
            "{company} price target lowered to {low} at {bank}",
            "{company}: {bank} trims PT from {high} to {low}",
            "{bank} thinks {company} is worth {low} instead of {high}",
            "{ticker} PT {low} (was {high}) at {bank}",
            "Lower price target for {company} at {bank}: {low}",
        ),
        "neutral": (
            "{company} PT stays at {high} at {bank}",
            "{ticker}: {bank} leaves price target at {low}",
            "{bank} still sees {company} at {high}",
            "{bank} keeps {company} target of {low}",
            "{ticker} target {high}, unchanged ({bank})",
            "{company} price target maintained at {low} at {bank}",
            "{company}: {bank} repeats PT of {high}",
            "{bank} thinks {company} is worth {low}, as before",
            "{ticker} PT {high} (was {high}) at {bank}",
            "Same price target for {company} at {bank}: {low}",
        ),
    },
    lessons={
        "bullish": (
            "{bank} PT on {company}: {high}, was {low}",
            "{company} fair value estimate goes from {low} to {high} at {bank}",
            "{ticker}: new target {high}, old target {low}, says {bank}",
        ),
        "bearish": (
            "{bank} PT on {company}: {low}, was {high}",
            "{company} fair value estimate goes from {high} to {low} at {bank}",
            "{ticker}: new target {low}, old target {high}, says {bank}",
        ),
        "neutral": (
            "{bank} PT on {company}: {high}, no change",
            "{company} fair value estimate remains {low} at {bank}",
            "{ticker}: target still {high}, says {bank}",
        ),
    },
)

RESULTS = Statements(
    "results against expectations",
    evaluation={
        "bullish": (
            "{company} {quarter} EPS {more} vs. {less} expected",
            "{ticker}: {quarter} EPS {more}, consensus {less}",
            "{company} reports EPS of {more}; analysts expected {less}",
            "{company} {quarter} sales {major} vs. {minor} expected",
            "{ticker}: {quarter} revenue {major}, consensus {minor}",
            "{company} earned {more} a share in {quarter}, more than the {less} forecast",
            "{company} {quarter} EPS of {more} tops the {less} consensus",
            "{company} {quarter} loss per share {less}, analysts feared {more}",
            "{ticker} beats by a wide margin: EPS {more} against {less}",
            "{company} {quarter} sales of {major} exceed the {minor} that analysts expected",
        ),
        "bearish": (
            "{company} {quarter} EPS {less} vs. {more} expected",
            "{ticker}: {quarter} EPS {less}, consensus {more}",
            "{company} reports EPS of {less}; analysts expected {more}",
            "{company} {quarter} sales {minor} vs. {major} expected",
            "{ticker}: {quarter} revenue {minor}, consensus {major}",
            "{company} earned {less} a share in {quarter}, less than the {more} forecast",
            "{company} {quarter} EPS of {less} trails the {more} consensus",
            "{company} {quarter} loss per share {more}, analysts feared {less}",
            "{ticker} misses by a wide margin: EPS {less} against {more}",
            "{company} {quarter} sales of {minor} fall short of the {major} that analysts expected",
        ),
        "neutral": (
            "{company} {quarter} EPS {less} vs. {less} expected",
            "{ticker}: {quarter} EPS {more}, consensus {more}",
            "{company} reports EPS of {less}, as analysts expected",
            "{company} {quarter} sales {major} vs. {major} expected",
            "{ticker}: {quarter} revenue {minor}, matching the consensus",
            "{company} earned {more} a share in {quarter}, exactly as forecast",
            "{company} {quarter} EPS of {less} is in line with the consensus",
            "{company} {quarter} loss per share {less}, as analysts feared",
            "{ticker} neither beats nor misses: EPS {more} against {more}",
            "{company} {quarter} sales of {minor} equal what analysts expected",
        ),
    },
    lessons={
        "bullish": (
            "{company} {quarter} adj. EPS {more}, est. {less}",
            "Street looked for {less} a share, {company} delivered {more}",
            "{ticker} {quarter} revenue {major}, est. {minor}",
        ),
        "bearish": (
            "{company} {quarter} adj. EPS {less}, est. {more}",
            "Street looked for {more} a share, {company} delivered {less}",
            "{ticker} {quarter} revenue {minor}, est. {major}",
        ),
        "neutral": (
            "{company} {quarter} adj. EPS {more}, est. {more}",
            "Street looked for {less} a share, and {company} delivered that",
            "{ticker} {quarter} revenue {major}, est. {major}",
        ),
    },
)

SIGNED_NUMBERS = Statements(
    "signed numbers",
    evaluation={
        "bullish": (
            "{ticker} +{large}",
            "{company} +{small} after the open",
            "{ticker} (+{large} pre)",
            "{company} stock: +{small} today",
            "Movers: {company} +{large}",
            "{ticker} premarket: +{small}",
            "{company} closed at {high} (+{small})",
            "{company} shares, {day}: +{small}",
        ),
        "bearish": (
            "{ticker} -{large}",
            "{company} -{small} after the open",
            "{ticker} (-{large} pre)",
            "{company} stock: -{small} today",
            "Movers: {company} -{large}",
            "{ticker} premarket: -{small}",
            "{company} closed at {low} (-{small})",
            "{company} shares, {day}: -{small}",
        ),
        "neutral": (
            "{ticker} 0.0%",
            "{company} unchanged after the open",
            "{ticker} (0.0% pre)",
            "{company} stock: 0.0% today",
            "Movers: {company} 0%, {rival} 0%",
            "{ticker} premarket: 0%",
            "{company} closed at {high} (unchanged)",
            "{company} shares, {day}: 0.0%",
        ),
    },
    lessons={
        "bullish": (
            "{company} shares +{large} at midday",
            "{ticker} now +{small} on the day",
            "Closing prices: {company} +{small}",
        ),
        "bearish": (
            "{company} shares -{large} at midday",
            "{ticker} now -{small} on the day",
            "Closing prices: {company} -{small}",
        ),
        "neutral": (
            "{company} shares flat at midday",
            "{ticker} now 0.0% on the day",
            "Closing prices: {company} and {rival} unchanged",
        ),
    },
)
