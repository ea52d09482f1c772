"""What the pages of issues show, as plain values; issues_reading.py fills them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.safestring import SafeString

from evals.statistics.intervals import Interval, wilson
from monitoring.issues.feedback import Theme
from monitoring.issues.models import NEEDS_ATTENTION, Issue, IssueEvent, IssueState, Trend
from monitoring.issues.queries import Beside, IssueRow
from monitoring.issues.similar import Similar
from webapp import charts, formats
from webapp.pages.issues_texts import Piece

_STATE_KINDS = {
    IssueState.OPEN: "warn", IssueState.NOT_CONFIRMED: "warn", IssueState.REGRESSED: "bad", IssueState.IN_FIX: "info",
    IssueState.ROLLING_OUT: "info", IssueState.VERIFIED: "good",
}  # fmt: skip
_TREND_KINDS = {Trend.ESCALATING: "bad", Trend.GROWING: "warn", Trend.NEW: "info"}
PROMPT_VERSION, LANGUAGE = "prompt version", "language"


@dataclass(frozen=True, slots=True)
class Day:
    """Calls of a day, or an hour, that could have the problem, and how many have it."""

    at: datetime
    calls: int
    bad: int

    @property
    def share(self) -> float | None:
        return self.bad / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Line:
    """An issue as a row of a list."""

    row: IssueRow

    @property
    def what(self) -> str:
        """What is wrong, in words."""
        return "; ".join(self.row.signals)

    @property
    def sparkline(self) -> SafeString:
        shares = [day.bad / day.calls if day.calls else None for day in self.row.days]
        words = ", ".join(formats.percent(share) for share in shares)
        return charts.sparkline(shares, f"Share with the problem, day by day: {words}", "s-bad")

    @property
    def since(self) -> str:
        """Since which version, or else which day, it is there."""
        cause = self.row.cause
        if cause.dimension == PROMPT_VERSION and cause.value:
            return version_words(cause.value)
        if self.row.began_at:
            return f"{timezone.localtime(self.row.began_at):%-d %b, %H:%M}"
        return "always"

    @property
    def is_since_version(self) -> bool:
        return self.row.cause.dimension == PROMPT_VERSION

    @property
    def state_kind(self) -> str:
        return _STATE_KINDS.get(IssueState(self.row.state), "")

    @property
    def trend_kind(self) -> str:
        return _TREND_KINDS.get(Trend(self.row.trend), "")

    @property
    def shows_trend(self) -> bool:
        """Tell whether the trend says more than the state does."""
        return self.row.trend in (Trend.ESCALATING, Trend.GROWING, Trend.NEW) and self.row.state in NEEDS_ATTENTION


@dataclass(frozen=True, slots=True)
class Rate:
    """How many calls of some have the problem."""

    calls: int
    bad: int

    @property
    def share(self) -> float | None:
        return self.bad / self.calls if self.calls else None

    @property
    def interval(self) -> Interval:
        return wilson(self.bad, self.calls)


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of a dimension that has the problem more often than the rest; the true share lies from `low` to `high`."""

    dimension: str
    value: str
    calls: int
    bad: int
    rate: float
    rest_rate: float
    low: float
    high: float
    bar: SafeString = field(default_factory=SafeString)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One call of an issue, or a good one beside it: what was asked, what was answered, and the words that tell."""

    url: str
    at: datetime
    asked: Sequence[Piece]
    answered: Sequence[Piece]
    given: Sequence[Piece] = ()
    error: Sequence[Piece] = ()
    whys: Sequence[str] = ()
    prompt_version: int = 0
    model: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A user who met the problem, how often, when last, and their calls."""

    name: str
    bad: int
    last_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Family:
    """One step of the history of a group of questions: what it was split from or merged with."""

    sentence: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything the page of an issue shows besides its row."""

    now: Rate
    usual_rate: float
    bad_calls: int
    people: int
    is_shown: bool = True
    days: Sequence[Day] = ()
    differences: Sequence[Difference] = ()
    bad_examples: Sequence[Example] = ()
    good_examples: Sequence[Example] = ()
    beside: Sequence[Beside] = ()
    themes: Sequence[Theme] = ()
    persons: Sequence[Person] = ()
    similar: Sequence[Similar] = ()
    lineage: Sequence[Family] = ()
    history: Sequence[IssueEvent] = ()
    merged: Sequence[Issue] = ()


def version_words(value: str) -> str:
    """Return a version as people write it: `v11`, or `refund-answer v11` when the value names the prompt."""
    name, _, number = value.rpartition(" ")
    return f"{name} v{number}".strip() if number.isdecimal() else value
