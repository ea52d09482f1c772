"""When an alert fires, says so again, and is over; and that the past plays as the tick does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.alerts.decisions import Event, State, limit_at, play
from monitoring.alerts.rules import Direction, Kind, News, Phase, Reading, Rule

START = datetime(2026, 11, 2, tzinfo=UTC)
STEP = timedelta(minutes=5)
FIVE_PERCENT = Rule(kind=Kind.THRESHOLD, limit=0.05)


def at(number: int) -> datetime:
    return START + STEP * number


def read(*values: float | None, first: int = 0, enough: bool = True) -> list[Reading]:
    """Return one reading for each value; None is a time with too few calls."""
    return [
        Reading(at(first + number), value, 100 if value is not None else 2, enough and value is not None)
        for number, value in enumerate(values)
    ]


def told(events: list[Event]) -> list[tuple[str, int]]:
    """Return what was sent and when, in steps."""
    return [(event.news, (event.at - START) // STEP) for event in events if event.is_sent]


def test_an_alert_fires_at_the_first_value_beyond_its_limit_and_once():
    state, events = play(FIVE_PERCENT, read(0.02, 0.05, 0.06, 0.07))

    assert told(events) == [("fired", 2)]
    assert (state.phase, state.incident) == (Phase.FIRING, 1)


def test_below_fires_the_other_way_round():
    rule = Rule(kind=Kind.THRESHOLD, direction=Direction.BELOW, limit=10)

    assert told(play(rule, read(12, 10, 9))[1]) == [("fired", 2)]


def test_what_must_last_fires_only_when_it_did_without_a_gap():
    rule = Rule(kind=Kind.THRESHOLD, limit=0.05, pending=STEP * 2)

    assert told(play(rule, read(0.1, 0.1, 0.01, 0.1, 0.1))[1]) == []
    assert told(play(rule, read(0.1, None, 0.1, 0.1))[1]) == []
    assert told(play(rule, read(0.1, 0.1, 0.1))[1]) == [("fired", 2)]


def test_it_is_over_after_good_values_for_long_enough():
    rule = Rule(kind=Kind.THRESHOLD, limit=0.05, recovery=STEP * 2)

    _, events = play(rule, read(0.1, 0.01, 0.1, 0.01, 0.01, 0.01))

    assert told(events) == [("fired", 0), ("recovered", 5)]


def test_too_few_calls_neither_fire_nor_end_it():
    state, events = play(FIVE_PERCENT, read(None, 0.1, None, None))

    assert told(events) == [("fired", 1)]
    assert state.phase == Phase.FIRING


def test_a_gap_between_good_values_does_not_put_off_the_end():
    rule = Rule(kind=Kind.THRESHOLD, limit=0.05, recovery=STEP * 2)

    assert told(play(rule, read(0.1, 0.01, None, 0.01))[1]) == [("fired", 0), ("recovered", 3)]


def test_what_nobody_can_judge_for_a_day_is_over():
    gap = [Reading(at(1) + timedelta(hours=hours), None, 1, is_enough=False) for hours in range(26)]

    _, events = play(FIVE_PERCENT, [*read(0.1), *gap])

    assert [event.news for event in events] == [News.FIRED, News.RECOVERED]
    assert events[1].at == at(1) + timedelta(hours=24)


def test_it_says_so_again_while_it_lasts():
    rule = Rule(kind=Kind.THRESHOLD, limit=0.05, remind=STEP * 3)

    assert told(play(rule, read(*[0.1] * 8))[1]) == [("fired", 0), ("reminded", 3), ("reminded", 6)]


def test_what_fires_in_quiet_hours_is_told_when_they_are_over():
    rule = Rule(kind=Kind.THRESHOLD, limit=0.05, quiet=(22, 1))

    state, events = play(rule, read(*[0.1] * 14))

    assert [event.is_sent for event in events] == [False, True]
    assert told(events) == [("reminded", 12)]
    assert state.is_told


def test_what_came_and_went_in_quiet_hours_is_never_told():
    rule = Rule(kind=Kind.THRESHOLD, limit=0.05, quiet=(0, 1))

    _, events = play(rule, read(*[0.1] * 3, *[0.01] * 12))

    assert told(events) == []
    assert [event.news for event in events] == [News.FIRED, News.RECOVERED]


def test_the_end_in_quiet_hours_is_told_afterwards_to_those_who_heard_of_the_beginning():
    rule = Rule(kind=Kind.THRESHOLD, limit=0.05, quiet=(1, 2))

    _, events = play(rule, read(*[0.1] * 13, *[0.01] * 12))

    assert told(events) == [("fired", 0), ("caught_up", 24)]


def test_quiet_hours_may_go_over_midnight():
    rule = Rule(kind=Kind.THRESHOLD, quiet=(22, 7))

    quiet = [hour for hour in range(24) if rule.is_quiet(START + timedelta(hours=hour))]

    assert quiet == [0, 1, 2, 3, 4, 5, 6, 22, 23]


def test_nobody_is_told_while_it_is_muted_and_somebody_when_it_lasts_longer():
    _, events = play(FIVE_PERCENT, read(*[0.1] * 5), muted_until=at(3))

    assert told(events) == [("reminded", 3)]


def test_a_change_is_measured_against_what_is_usual():
    rule = Rule(kind=Kind.CHANGE, direction=Direction.ABOVE, limit=0.5)
    half_more = [Reading(at(number), value, 100, usual=100.0) for number, value in enumerate((149.0, 150.0, 151.0))]

    assert told(play(rule, half_more)[1]) == [("fired", 2)]
    assert limit_at(Rule(kind=Kind.CHANGE, direction=Direction.BELOW, limit=0.5), half_more[0]) == 50.0


def test_without_past_weeks_a_change_is_never_told():
    assert play(Rule(kind=Kind.CHANGE, limit=0.5), [Reading(at(0), 900.0, 900, is_enough=False)])[1] == []


def test_silence_fires_without_a_call_and_ends_with_one():
    rule = Rule(kind=Kind.SILENCE)

    assert told(play(rule, read(1.0, 0.0, 0.0, 1.0))[1]) == [("fired", 1), ("recovered", 3)]


BUDGET = Rule(kind=Kind.BUDGET, limit=100.0, shares=(50, 80, 100))


def spent(*amounts: float, period: datetime = START, first: int = 0) -> list[Reading]:
    return [Reading(at(first + number), amount, period=period) for number, amount in enumerate(amounts)]


def test_a_budget_warns_once_at_each_part_and_names_only_the_highest_of_several():
    _, events = play(BUDGET, spent(10, 50, 60, 99, 101, 150))

    assert [(event.level, event.reading.value) for event in events] == [(1, 50), (2, 99), (3, 101)]
    assert [event.level for event in play(BUDGET, spent(10, 120))[1]] == [3]


def test_a_budget_begins_anew_with_its_period():
    _, events = play(BUDGET, [*spent(60), *spent(5, 55, period=at(1), first=1)])

    assert [(event.incident, event.level) for event in events] == [(1, 1), (2, 1)]


def test_a_budget_that_was_repriced_downwards_does_not_warn_again():
    assert len(play(BUDGET, spent(60, 40, 60))[1]) == 1


def test_what_a_budget_says_in_quiet_hours_is_told_afterwards():
    rule = Rule(kind=Kind.BUDGET, limit=100.0, shares=(50, 80), quiet=(0, 1))

    _, events = play(rule, spent(*[60] * 14))

    assert [(event.news, event.is_sent) for event in events] == [(News.FIRED, False), (News.REMINDED, True)]


# The preview and the tick

MINUTES = st.integers(0, 12).map(lambda number: STEP * number)
QUIET = st.none() | st.tuples(st.integers(0, 23), st.integers(0, 23))
RULES = st.builds(
    Rule,
    kind=st.sampled_from([Kind.THRESHOLD, Kind.CHANGE, Kind.SILENCE, Kind.BUDGET]),
    direction=st.sampled_from(Direction),
    limit=st.floats(0, 2),
    pending=MINUTES,
    recovery=MINUTES,
    remind=st.none() | MINUTES.filter(bool),
    quiet=QUIET,
    shares=st.just((50, 100)),
)
VALUES = st.lists(
    st.tuples(st.none() | st.floats(0, 4), st.booleans(), st.none() | st.floats(0, 2), st.integers(0, 2)), max_size=40
)


# Other work on the machine makes drawing slow, which says nothing about the draw.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rule=RULES, values=VALUES, cuts=st.lists(st.integers(0, 40), max_size=12))
def test_what_ticks_fire_is_what_the_preview_showed_wherever_they_stopped_between(rule, values, cuts):
    readings = [
        Reading(at(number * 3), value, 9, is_enough, usual, at(period * 100))
        for number, (value, is_enough, usual, period) in enumerate(values)
    ]
    _, previewed = play(rule, readings)

    stored, ticked = {}, []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(readings)], strict=True):
        state, events = play(rule, readings[start:end], state=State.from_json(stored))
        stored = json.loads(json.dumps(state.to_json()))
        ticked += events

    assert ticked == previewed


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rule=RULES, values=VALUES)
def test_no_two_events_of_an_alert_have_the_same_key(rule, values):
    readings = [
        Reading(at(number), value, 9, is_enough, usual) for number, (value, is_enough, usual, _) in enumerate(values)
    ]

    keys = [event.key for event in play(rule, readings)[1]]

    assert len(keys) == len(set(keys))
