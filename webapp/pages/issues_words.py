"""What the numbers of an issue mean, in plain English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from monitoring.issues.models import Issue, IssueState, Signal
from monitoring.issues.titles import language_name
from webapp import formats
from webapp.pages.issues_view import LANGUAGE, PROMPT_VERSION, Detail, Rate, version_words

_HAPPENS = {
    Signal.DISLIKED: "got a thumbs down", Signal.DEAR: "cost more than is usual", Signal.REFUSED: "were refused or dodged",
    Signal.UNSUPPORTED: "say something that nothing supports", Signal.INJECTION: "try to take over the model",
    Signal.TOXIC: "are hateful or insulting", Signal.LONG_WINDED: "got a long-winded answer",
    Signal.REPEATED: "got an answer that repeats itself", Signal.SLOW: "took longer than is usual",
    Signal.LATE_START: "waited too long for the first word", Signal.FAILED: "failed", Signal.EMPTY: "got an empty answer",
    Signal.CUT_OFF: "got an answer that is cut off", Signal.WRONG_LANGUAGE: "got an answer in the wrong language",
    Signal.BAD_FORMAT: "got an answer of the wrong form", Signal.LEAKED_DATA: "gave personal data away",
    Signal.FRUSTRATED: "left the user frustrated", Signal.ASKED_AGAIN: "were asked again",
    Signal.CONTRADICTED: "contradict what was expected", Signal.HIDDEN_INSTRUCTION: "carry hidden instructions",
}  # fmt: skip
_MOST_SIGNALS = 3
FEWEST_CALLS = 20
_PLACES = {
    "model": "with {}", "environment": "in {}", "release": "since release {}", "app": "in the app {}",
    "user segment": "for {}", "hour of day": "at {}", "arm": "in the {} arm of a rollout",
    "retrieval": "when {}", "prompt": "of the prompt {}",
}  # fmt: skip
_ENDINGS = {
    IssueState.VERIFIED: "Proved gone.", IssueState.RESOLVED: "It has gone quiet.", IssueState.MUTED: "It is muted.",
    IssueState.REGRESSED: "It came back.", IssueState.NOT_CONFIRMED: "The fix is not confirmed.",
}  # fmt: skip


def verdict(issue: Issue, signals: Sequence[str], found: Detail) -> str:
    """Return the one sentence of the page: how many, how sure, against what is usual, and since when."""
    happens = ", or ".join(_HAPPENS[Signal(signal)] for signal in signals[:_MOST_SIGNALS]) or "have this problem"
    if not found.now.calls:
        return "No call that could have this problem came in lately."
    begin = f"{formats.percent(found.now.share)} of {_calls(found.now.calls)} {happens}{_against(found)}."
    return " ".join(part for part in (begin, _since(issue), _ENDINGS.get(IssueState(issue.state), "")) if part)


def certainty(found: Detail) -> str:
    """Return how exact the share is, and how many people met it."""
    persons = f"{formats.full_count(found.people)} {'person' if found.people == 1 else 'people'}"
    people = f"In the last 7 days it was found in {_calls(found.bad_calls)} of {persons}."
    if found.now.calls < FEWEST_CALLS:
        return f"Too few calls to say more exactly (need about {FEWEST_CALLS - found.now.calls} more). {people}"
    low, high = found.now.interval.low, found.now.interval.high
    return (
        f"The true share lies between {formats.percent(low)} and {formats.percent(high)}, with 95 % certainty. {people}"
    )


def place(dimension: str, value: str) -> str:
    """Return one value of a dimension as it stands in a sentence, such as «with gpt-5» or «since v11»."""
    if dimension == PROMPT_VERSION:
        return f"since {version_words(value)}"
    if dimension == LANGUAGE:
        return f"in {language_name(value)}"
    before, _, after = _PLACES.get(dimension, "in {}").partition("{}")
    return f"{before}{value}{after}"


def moment(at: datetime) -> str:
    """Return a moment as people tell it: `Tuesday 14:10`, with the date when it is more than six days ago."""
    local = timezone.localtime(at)
    days = (timezone.localtime().date() - local.date()).days
    return f"{local:%A %H:%M}" if 0 <= days < 7 else f"{local:%-d %b, %H:%M}"


def _against(found: Detail) -> str:
    share, usual = found.now.share or 0.0, found.usual_rate
    if not usual or share <= usual:
        return f"; usual is {formats.percent(usual)}" if usual else ""
    times = share / usual
    return (
        f", {times:.1f} times the usual {formats.percent(usual)}"
        if times < 50
        else f"; usual is {formats.percent(usual)}"
    )


def _since(issue: Issue) -> str:
    cause = place(issue.cause_dimension, issue.cause_value) if issue.cause_dimension and issue.cause_value else ""
    began = f"It began on {moment(issue.began_at)}" if issue.began_at else ""
    if cause and began:
        return f"{began}, {cause.replace('since ', 'with ', 1)}."
    if cause:
        return f"It is most common {cause}." if not cause.startswith("since") else f"It is there {cause}."
    return f"{began}." if began else ""


def _calls(count: int) -> str:
    return f"{formats.full_count(count)} {'call' if count == 1 else 'calls'}"


def rate_words(rate: Rate) -> str:
    """Return a share with the counts behind it: `6.2% (50 of 812)`."""
    return f"{formats.percent(rate.share)} ({formats.full_count(rate.bad)} of {formats.full_count(rate.calls)})"
