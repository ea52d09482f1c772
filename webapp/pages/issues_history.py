"""What happened to an issue, one line for each event, in plain English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.issues.follow_ups import DATASET_MADE
from monitoring.issues.models import IssueEvent, IssueState
from webapp import formats
from webapp.pages import issues_fix_words

_KNOWN = {
    "opened": "Found", "escalated": "Got worse", "grew": "Hits more calls", "resolved": "Closed",
    "regressed": "Came back", "muted": "Muted", "unmuted": "No longer muted", "reopened": "Opened again",
    "assigned": "Given to {new}", "noted": "Note", "renamed": "Renamed to «{new}»", "fix_started": "Fix started",
    "fix_rolling_out": "Fix is rolling out", "verified": "Proved gone", "not_confirmed": "Fix not confirmed",
    "merged": "Merged into {new}", "took_in": "Took in {new}", "unmerged": "Taken out of {old} again",
    "gave_back": "Gave back {new}", "split": "Split off from {old}", "gave_up": "{new} was split off",
    DATASET_MADE: "Calls put into the dataset {new}",
}  # fmt: skip
_STATES = {state.value: str(state.label) for state in IssueState}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the history."""

    at: datetime
    what: str
    note: str
    numbers: str
    by: str


def told(event: IssueEvent) -> Told:
    """Return one event as a line."""
    return Told(event.at, _what(event), event.note, _fix(event) or _numbers(event.numbers), _by(event))


def _what(event: IssueEvent) -> str:
    pattern = _KNOWN.get(event.kind, event.kind.replace("_", " ").capitalize())
    if event.kind == "assigned" and not event.new:
        return "Given back: nobody has it"
    before, name, after = pattern.partition("{new}") if "{new}" in pattern else pattern.partition("{old}")
    value = {"{new}": event.new, "{old}": event.old}.get(name, "")
    return f"{before}{_STATES.get(value, value)}{after}".strip()


def _fix(event: IssueEvent) -> str:
    """Return what a fix showed, of the events that tell of one."""
    if event.kind == "fix_rolling_out":
        return f"With v{event.numbers.get('version', '?')}"
    return issues_fix_words.verdict_of(event.kind, event.numbers)


def _numbers(numbers: dict[str, Any]) -> str:
    """Return the counts that an event rests on, as far as it has any."""
    calls, bad = numbers.get("calls"), numbers.get("bad")
    if not isinstance(calls, int) or not isinstance(bad, int) or not calls:
        return ""
    text = f"{formats.percent(bad / calls)} ({formats.full_count(bad)} of {formats.full_count(calls)} calls)"
    level = numbers.get("level", numbers.get("usual_rate"))
    return f"{text}, against {formats.percent(level)}" if isinstance(level, float) else text


def _by(event: IssueEvent) -> str:
    return event.by.display_name if event.by else "by the numbers"
