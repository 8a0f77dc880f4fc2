"""Announcements without good or bad news, and questions with and without."""

from ..families import Statements

ANNOUNCEMENTS = Statements(
    "neutral announcements",
    evaluation={
        "neutral": (
            "{company} to report {quarter} results on {date}",
            "{company} will hold its annual meeting on {date}",
            "{company} names {person} as chief marketing officer",
            "{company} schedules {quarter} conference call for {day}",
            "{person} joins the board of {company}",
            "{ticker}: {company} to webcast its {quarter} earnings call on {date}",
            "{company} CEO {person} to speak at a forum in {city}",
            "{company} changes its ticker symbol on {date}",
            "{company} appoints {person} to lead its {city} office",
            "{company} sets {date} as the record date for its annual meeting",
            "Replay of the {company} investor day is now available",
            "{company} releases its {quarter} slides",
            "{company} renames its investor relations website",
            "{person} of {company} talks about leadership with students in {city}",
            "The {company} earnings call begins at 4:30 p.m. on {day}",
        ),
    },
    lessons={
        "neutral": (
            "{company} confirms {date} for its {quarter} report",
            "{company} picks {person} as general counsel",
            "{ticker}: {company} invites shareholders to {city}",
            "{company} elects {person} as lead director",
            "{company} postpones its investor day by a week, to {date}",
            "Interview with {person}, who runs human resources at {company}",
            "{company} mails its proxy statement",
            "{company} introduces a new logo",
        ),
    },
)

QUESTIONS = Statements(
    "questions",
    evaluation={
        "bullish": (
            "Why did {company} stock jump {large} today?",
            "How high can {company} go after its record quarter?",
            "What sent {ticker} soaring this morning?",
            "Can anything stop the {company} rally?",
            "Who is buying {company} as it climbs to a new high?",
            "Did you see how {company} crushed estimates?",
            "{company} up {large}: what happened?",
            "Why is {company} stock so strong this week?",
            "How did {company} manage to double its profit?",
            "Why is everybody so bullish on {ticker}?",
        ),
        "bearish": (
            "Why did {company} stock plunge {large} today?",
            "How low can {company} go after its dismal quarter?",
            "What sent {ticker} tumbling this morning?",
            "Can anything stop the {company} selloff?",
            "Who is selling {company} as it sinks to a new low?",
            "Did you see how {company} missed estimates?",
            "{company} down {large}: what happened?",
            "Why is {company} stock so weak this week?",
            "How did {company} manage to lose so much money?",
            "Why is everybody so bearish on {ticker}?",
        ),
        "neutral": (
            "Is {company} a buy or a sell?",
            "What is {company} worth?",
            "Will {ticker} rise or fall on {day}?",
            "When does {company} report earnings?",
            "Who owns {company} stock?",
            "How does {company} make money?",
            "{company} or {rival}: which stock do you own?",
            "Is it time to look at {company}?",
            "How did {company} get its name?",
            "Who runs {ticker}?",
        ),
    },
    lessons={
        "bullish": (
            "What is behind the surge of {company} shares?",
            "Guess which stock gained {large}? {company}",
            "Isn't {ticker} having a great week?",
        ),
        "bearish": (
            "What is behind the slump of {company} shares?",
            "Guess which stock lost {large}? {company}",
            "Isn't {ticker} having a terrible week?",
        ),
        "neutral": (
            "What should investors ask {company}?",
            "Where will {ticker} be in five years?",
            "Which is larger, {company} or {rival}?",
        ),
    },
)
