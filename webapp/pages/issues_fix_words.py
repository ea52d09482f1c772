"""What a fix showed, and what was expected of it, in plain English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.issues.fix_following import AT_ONCE, TAKEN_BACK
from monitoring.issues.fix_models import FixState, IssueFix
from prompt_registry.rollouts.benefits import Effect, Finding
from webapp import formats

_OF_SHARE = "share of all calls"


def proof_of(fix: IssueFix) -> str:
    """Return the verdict on a fix that is over, as a sentence; nothing before."""
    return verdict_of(fix.state, fix.verdict or {})


def verdict_of(state: str, found: Mapping[str, Any]) -> str:
    """Return what a state of a fix means with these numbers."""
    version = f"v{found.get('version', '?')}"
    if state == FixState.VERIFIED:
        return (
            f"Fell from {_percent(found, 'before')} to {_percent(found, 'after')} of people: {_between(found)}, "
            f"caused by {version}."
        )
    if state == FixState.GIVEN_UP:
        return "Given up."
    if state != FixState.NOT_CONFIRMED:
        return ""
    if found.get("why") == AT_ONCE:
        return f"Not confirmed: {version} was published to everybody at once, so there is nobody to compare with."
    if found.get("why") == TAKEN_BACK:
        return f"Not confirmed: {version} was taken back. {_met(found)}"
    return f"Not confirmed: {_met(found)} {_unknown(found)}"


def basis_of(fix: IssueFix) -> str:
    """Return on how many people the verdict rests."""
    found = fix.verdict or {}
    if "new_people" not in found:
        return ""
    return (
        f"{_people(found, 'new')} had v{found['version']} and {_people(found, 'old')} v{found['old_version']} at the same time; "
        "the lot alone decided who got which. The interval holds with 95 % certainty, however often it is looked at."
    )


def so_far(effect: Effect, *, version: int) -> str:
    """Return what the people of a rollout that goes on showed until now."""
    if not effect.new_people or not effect.old_people:
        return "Nobody had both versions to compare yet."
    rates = f"{formats.percent(effect.before)} of people until now, {formats.percent(effect.after)} with v{version}"
    if effect.finding == Finding.RARER:
        return f"Rarer so far: {rates}."
    if effect.finding == Finding.MORE_FREQUENT:
        return f"More frequent so far: {rates}."
    return f"Not known yet: {rates}."


def expected_of(prediction: Mapping[str, Any] | None, *, base_rate: float = 0.0) -> str:
    """Return what the test lets us expect; in people where it is known how many of them meet the issue now."""
    if not prediction:
        return ""
    rate, of_what = (base_rate, "people") if base_rate else (prediction["rate"], "such calls")
    expected, low, high = (
        min(1.0, rate * prediction[name]) for name in ("times", "times_low", "times_high")
    )  # fmt: skip
    change = f"From {formats.percent(rate)} to about {formats.percent(expected)} of {of_what} "
    change += f"(between {formats.percent(low)} and {formats.percent(high)})."
    if prediction["times"] > 1:
        return f"More of them would meet it, not fewer. {change}"
    return f"{change} It may also get no rarer." if prediction["times_high"] > 1 else change


def is_expected_worse(prediction: Mapping[str, Any] | None) -> bool:
    """Tell whether the test lets us expect that more people meet the issue than now."""
    return bool(prediction["times"] > 1) if prediction else False


def rests_on(prediction: Mapping[str, Any]) -> str:
    """Return on what an expectation rests."""
    known = formats.percent(prediction["known"])
    return (
        f"From {formats.full_count(prediction['items'])} tested calls, each counted as often as its kind of question is asked now; "
        f"they know {known} of the questions that have the problem."
    )


def recurrence(changed: Mapping[str, Any]) -> str:
    """Return one thing that changed since an issue was closed."""
    before, after = formats.percent(changed["before"]), formats.percent(changed["after"])
    if changed["what"] == _OF_SHARE:
        return f"Such questions are {after} of all calls, before {before}."
    if not changed["after"]:
        return f"{changed['what'].capitalize()} {changed['value']} is gone; it had {before} of these calls."
    return f"{changed['what'].capitalize()} {changed['value']} has {after} of these calls, before {before}."


def _percent(found: Mapping[str, Any], name: str) -> str:
    return formats.percent(found[name])


def _between(found: Mapping[str, Any]) -> str:
    return f"between {_points(found['less_low'])} and {_points(found['less_high'])} points less"


def _points(share: float) -> str:
    return f"{abs(share) * 100:.1f}"


def _met(found: Mapping[str, Any]) -> str:
    if not found.get("new_people") or not found.get("old_people"):
        return "Nobody had both versions to compare."
    return (
        f"{_percent(found, 'before')} of people met it with v{found['old_version']} and {_percent(found, 'after')} "
        f"with v{found['version']}."
    )


def _unknown(found: Mapping[str, Any]) -> str:
    low, high = found["less_low"], found["less_high"]
    if low < 0 < high:
        return f"The truth lies between {_points(high)} points less and {_points(low)} points more."
    return ""


def _people(found: Mapping[str, Any], arm: str) -> str:
    count = found[f"{arm}_people"]
    return f"{formats.full_count(count)} {'person' if count == 1 else 'people'}"
