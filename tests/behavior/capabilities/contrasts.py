"""Pairs: hedged news beside its opposite and beside the fact, and two firms compared."""

from ..families import Pairs

_CLEARLY_MORE = 0.1
_NOT_CLEARLY_LESS = -0.1

HEDGES = Pairs(
    "hedging",
    evaluation={
        _CLEARLY_MORE: (
            ("{company} may raise its forecast", "{company} may cut its forecast"),
            ("{company} could beat estimates", "{company} could miss estimates"),
            ("{bank} might upgrade {company}", "{bank} might downgrade {company}"),
            (
                "{ticker}: {company} is said to be close to winning a {major} contract",
                "{ticker}: {company} is said to be close to losing a {major} contract",
            ),
            (
                "{company} is likely to grow in {quarter}",
                "{company} is likely to shrink in {quarter}",
            ),
            (
                "Traders hope that {company} will rally",
                "Traders fear that {company} will tumble",
            ),
            (
                "{company} would consider a larger buyback, sources say",
                "{company} would consider bankruptcy, sources say",
            ),
            ("{company} profit seems set to rise", "{company} profit seems set to fall"),
        ),
        _NOT_CLEARLY_LESS: (
            ("{company} raises its forecast", "{company} may raise its forecast"),
            ("{company} may cut its forecast", "{company} cuts its forecast"),
            ("{bank} upgrades {company}", "{bank} might upgrade {company}"),
            ("{bank} might downgrade {company}", "{bank} downgrades {company}"),
            ("{company} shares surge {large}", "{company} shares could surge {large}"),
            ("{company} shares could plunge {large}", "{company} shares plunge {large}"),
            ("{company} wins a {major} contract", "{company} hopes to win a {major} contract"),
            ("{company} fears losing a {major} contract", "{company} loses a {major} contract"),
        ),
    },
    lessons={
        _CLEARLY_MORE: (
            ("{company} perhaps has room to run", "{company} perhaps has room to fall"),
            ("Chances are that {company} recovers", "Chances are that {company} stumbles"),
            ("{ticker} appears undervalued", "{ticker} appears overvalued"),
            (
                "{company} possibly turns profitable in {quarter}",
                "{company} possibly turns unprofitable in {quarter}",
            ),
        ),
        _NOT_CLEARLY_LESS: (
            ("{company} recovers", "{company} possibly recovers"),
            ("{company} possibly stumbles", "{company} stumbles"),
            ("{company} jumps {large}", "{company} would jump {large} on a deal"),
            ("{company} would drop {large} without a deal", "{company} drops {large}"),
        ),
    },
)

TWO_COMPANIES = Pairs(
    "two companies",
    evaluation={
        _CLEARLY_MORE: (
            (
                "{ticker}: {company} takes market share from {rival}",
                "{ticker}: {company} loses market share to {rival}",
            ),
            (
                "{ticker} - {company} grows faster than {rival}",
                "{ticker} - {company} grows more slowly than {rival}",
            ),
            (
                "{ticker}: {company} outperforms its peer {rival}",
                "{ticker}: {company} underperforms its peer {rival}",
            ),
            (
                "{ticker}: {company} pulls ahead of {rival}",
                "{ticker}: {company} drops behind {rival}",
            ),
            (
                "{bank} prefers {company} over {rival}, buy {ticker}",
                "{bank} prefers {rival} over {company}, sell {ticker}",
            ),
            (
                "{ticker}: {company} jumps while {rival} slides",
                "{ticker}: {company} slides while {rival} jumps",
            ),
            (
                "{ticker}: {company} beats {rival} to a {major} contract",
                "{ticker}: {company} is beaten by {rival} to a {major} contract",
            ),
            (
                "{ticker}: unlike {rival}, {company} raised its dividend",
                "{ticker}: unlike {rival}, {company} cut its dividend",
            ),
            (
                "{ticker}: {company} is cheaper and better run than {rival}",
                "{ticker}: {company} is dearer and worse run than {rival}",
            ),
            (
                "{ticker}: customers leave {rival} for {company}",
                "{ticker}: customers leave {company} for {rival}",
            ),
        ),
    },
    lessons={
        _CLEARLY_MORE: (
            ("{ticker}: {company} outsells {rival}", "{ticker}: {company} is outsold by {rival}"),
            (
                "{ticker}: {company} widens its lead over {rival}",
                "{ticker}: {company} falls further behind {rival}",
            ),
            (
                "{ticker}: {company} has better margins than {rival}",
                "{ticker}: {company} has worse margins than {rival}",
            ),
            (
                "{ticker}: {company} wins the patent suit against {rival}",
                "{ticker}: {company} loses the patent suit against {rival}",
            ),
            (
                "{ticker}: up {small}, {rival} down {large}",
                "{ticker}: down {large}, {rival} up {small}",
            ),
        ),
    },
)
