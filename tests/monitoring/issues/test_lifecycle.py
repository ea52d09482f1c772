"""The rules by which issues change, on made-up hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.issues import lifecycle
from monitoring.issues.lifecycle import Level, Standing
from monitoring.issues.models import Happening, IssueState, Trend
from monitoring.streams.rates import Hour

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OPENED = NOW - 5 * DAY
STANDING = Standing(
    state=IssueState.OPEN, state_at=OPENED, opened_at=OPENED, began_at=OPENED - DAY, usual_rate=0.01,
    rate_level=Level(0.1, OPENED), share_level=Level(0.5, OPENED), last_bad_at=NOW,
)  # fmt: skip


def hours(*stretches: tuple[int, int, int], until: datetime = NOW) -> list[Hour]:
    """Return stretches of (hours, calls an hour, bad calls of every ten hours) that end at a moment."""
    found: list[Hour] = []
    length = sum(stretch[0] for stretch in stretches)
    for count, calls, bad in stretches:
        for place in range(count):
            at = until - timedelta(hours=length - len(found))
            found.append(Hour(at, calls, (place + 1) * bad // 10 - place * bad // 10))
    return found


def decide(standing: Standing, own: Sequence[Hour], share: Sequence[Hour] = (), *, now: datetime = NOW):
    return lifecycle.decide(standing, own, share, now=now)


def test_an_issue_that_goes_on_as_it_was_stays_open_and_is_new_for_a_week():
    own = hours((144, 20, 20))

    assert decide(STANDING, own) == lifecycle.Step(IssueState.OPEN, Trend.NEW)
    assert decide(replace(STANDING, opened_at=NOW - 8 * DAY), own).trend == Trend.ONGOING


def test_a_day_at_the_usual_rate_is_quiet_and_two_are_resolved():
    # Two bad calls of twenty an hour, then none.
    assert decide(STANDING, hours((120, 20, 20), (24, 20, 0))).trend == Trend.QUIET

    step = decide(STANDING, hours((96, 20, 20), (48, 20, 0)))

    assert step.state == IssueState.RESOLVED
    assert step.happened[Happening.RESOLVED]["calls"] == 960


def test_silence_proves_nothing_where_nobody_asks():
    assert decide(STANDING, hours((96, 20, 20))[:90]).state == IssueState.OPEN


def test_an_issue_that_was_opened_again_is_not_resolved_by_what_was_before():
    own = hours((96, 20, 20), (48, 20, 0))

    assert decide(replace(STANDING, state_at=NOW - DAY), own).state == IssueState.OPEN


def test_an_issue_without_a_bad_call_for_two_weeks_is_resolved():
    long_ago = replace(STANDING, state_at=NOW - 30 * DAY, last_bad_at=NOW - 14 * DAY)

    assert decide(long_ago, []).state == IssueState.RESOLVED


@pytest.mark.parametrize("state", [IssueState.IN_FIX, IssueState.ROLLING_OUT, IssueState.MUTED])
def test_what_people_work_on_or_muted_is_never_resolved_by_rule(state):
    own = hours((96, 20, 20), (48, 20, 0))

    assert decide(replace(STANDING, state=state), own).state == state


def test_a_rate_that_doubles_escalates_once_and_sets_a_new_level():
    own = hours((48, 20, 20), (96, 20, 50))

    step = decide(STANDING, own)

    assert (step.trend, step.state) == (Trend.ESCALATING, IssueState.OPEN)
    assert step.rate_level is not None
    assert step.rate_level.rate >= 0.25
    after = replace(STANDING, rate_level=step.rate_level, escalated_at=NOW)
    again = decide(after, own, now=NOW + timedelta(hours=1))
    assert (again.trend, dict(again.happened)) == (Trend.ESCALATING, {})


def test_what_escalated_days_ago_no_longer_shows_it():
    after = replace(STANDING, rate_level=Level(0.4, NOW - 4 * DAY), escalated_at=NOW - 4 * DAY)

    assert decide(after, hours((144, 20, 50))).trend == Trend.NEW


def test_a_growing_share_of_the_calls_is_growing():
    share = hours((48, 100, 500), (96, 100, 750))

    step = decide(STANDING, hours((144, 20, 20)), share)

    assert step.trend == Trend.GROWING
    assert Happening.GREW in step.happened


def test_a_closed_issue_comes_back_when_its_rate_is_higher_again():
    closed = replace(STANDING, state=IssueState.VERIFIED, closed_level=Level(0.02, NOW - 3 * DAY))

    assert decide(closed, hours((72, 20, 4))).state == IssueState.VERIFIED
    step = decide(closed, hours((48, 20, 4), (24, 20, 20)))
    assert (step.state, step.trend) == (IssueState.REGRESSED, Trend.NEW)
    assert step.happened[Happening.REGRESSED]["evidence"] >= 20


def test_what_was_before_closing_brings_nothing_back():
    closed = replace(STANDING, state=IssueState.RESOLVED, closed_level=Level(0.02, NOW - DAY))

    assert decide(closed, hours((72, 20, 20), (24, 20, 2))).state == IssueState.RESOLVED


def test_a_mute_ends_on_its_day():
    muted = replace(STANDING, state=IssueState.MUTED, muted_until=NOW, unmuted_state=IssueState.IN_FIX)

    assert decide(muted, hours((144, 20, 20)), now=NOW - timedelta(minutes=1)).state == IssueState.MUTED
    step = decide(muted, hours((144, 20, 20)))
    assert (step.state, list(step.happened)) == (IssueState.IN_FIX, [Happening.UNMUTED])


def test_a_mute_with_a_day_outlasts_an_escalation_and_one_without_does_not():
    worse = hours((48, 20, 20), (96, 20, 50))
    muted = replace(STANDING, state=IssueState.MUTED)

    assert decide(replace(muted, muted_until=NOW + DAY), worse).state == IssueState.MUTED
    assert decide(muted, worse).state == IssueState.OPEN
    assert decide(muted, hours((144, 20, 20))).state == IssueState.MUTED
