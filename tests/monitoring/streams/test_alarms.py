"""Alarms follow from counts alone, rise with the rate, and can be gone on with at any hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitoring.streams import alarms
from monitoring.streams.alarms import Standing
from monitoring.streams.rates import Hour

MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 20
RISE = 15 * 24 + 9


def counts(*, rate: float = 0.02, raised: float | None = None, calls: int = 200, streams: int = 1):
    random = np.random.default_rng(3)
    made = random.poisson(calls, (streams, DAYS * 24))
    rates = np.full(DAYS * 24, rate)
    if raised is not None:
        rates[RISE:] = raised
    return made, random.binomial(made, rates)


def watch(calls, bad, *, evidence=None, first: int = 0, kept: int = DAYS * 24):
    streams = len(calls)
    return alarms.watched(
        alarms.no_evidence(streams) if evidence is None else evidence, calls, bad, kept=kept,
        first=np.full(streams, first), limits=np.full(streams, alarms.limit(200, 1)),
    )  # fmt: skip


def test_a_rate_that_stays_gives_hardly_any_alarm_even_when_little_is_known_yet():
    assert watch(*counts(streams=100)).alarms.sum() <= 12


def test_a_doubled_rate_gives_an_alarm_within_a_day_and_none_before():
    (given,) = watch(*counts(raised=0.04)).alarms

    assert not given[:RISE].any()
    assert given[RISE : RISE + 24].any()


def test_a_falling_rate_gives_no_alarm():
    assert not watch(*counts(rate=0.1, raised=0.02)).alarms.any()


def test_hours_without_calls_change_nothing():
    calls, bad = counts(raised=0.04)
    calls[:, RISE + 2 : RISE + 50], bad[:, RISE + 2 : RISE + 50] = 0, 0

    found = watch(calls, bad, kept=RISE + 2)
    later = watch(calls, bad, kept=RISE + 50)

    assert (found.evidence == later.evidence).all()


def test_nothing_is_usual_in_the_first_three_days():
    calls, bad = counts()
    bad[:, : 2 * 24] = calls[:, : 2 * 24]

    found = watch(calls, bad)

    assert np.isnan(found.usual[0, : 3 * 24]).all()
    assert not found.alarms[0, : 3 * 24].any()


def test_going_on_from_a_stored_state_gives_the_same_as_one_go():
    calls, bad = counts(raised=0.03, streams=3)
    whole = watch(calls, bad, kept=RISE + 30)

    until = RISE + 5
    part = watch(calls, bad, kept=until)
    states = [alarms.as_state(one, None) for one in part.evidence]
    evidence = np.array([alarms.of_state(state)[0] for state in states])
    rest = watch(calls, bad, evidence=evidence, first=until, kept=RISE + 30)

    assert (rest.alarms[:, until:] == whole.alarms[:, until:]).all()
    assert (rest.evidence == whole.evidence).all()


def test_the_evidence_of_an_hour_without_bad_calls_is_the_closed_form_of_its_run():
    usual, n = 0.02, 7
    (found,) = alarms.after_hour(np.full((1, 5), 3.0), np.array([n]), np.array([0]), np.array([usual]))

    evidence = np.full(5, 3.0)
    tolerated = alarms.TOLERANCE * usual
    for _ in range(n):
        evidence = (1 + evidence) * (1 - alarms.TIMES * tolerated) / (1 - tolerated)
    assert found == pytest.approx(evidence)


def test_the_evidence_of_a_mixed_hour_is_at_most_the_mean_over_all_orders():
    usual, n, y = 0.05, 40, 6
    (found,) = alarms.after_hour(alarms.no_evidence(1), np.array([n]), np.array([y]), np.array([usual]))

    tolerated = alarms.TOLERANCE * usual
    raised = alarms.TIMES * tolerated
    random, every = np.random.default_rng(1), []
    for _ in range(300):
        evidence = np.zeros(5)
        for is_bad in random.permutation([True] * y + [False] * (n - y)):
            evidence = (1 + evidence) * (raised / tolerated if is_bad else (1 - raised) / (1 - tolerated))
        every.append(evidence)
    assert (found <= np.mean(every, axis=0) * 1.02).all()


def test_more_streams_make_an_alarm_harder():
    assert alarms.limit(200, 400) == pytest.approx(20 * alarms.limit(200, 1))


def test_alarms_near_to_one_another_are_one():
    first = MIDNIGHT + timedelta(hours=5)

    found = alarms.standing([first, first + timedelta(hours=40), first + timedelta(hours=80)])

    assert found == Standing(first, first + timedelta(hours=80))
    assert not alarms.is_over(found, now=first + timedelta(hours=100))
    assert alarms.is_over(found, now=first + timedelta(hours=130))


def test_an_alarm_after_a_quiet_time_is_another():
    late = MIDNIGHT + timedelta(days=9)

    assert alarms.standing([late], before=Standing(MIDNIGHT, MIDNIGHT)) == Standing(late, late)


def test_a_state_survives_being_stored():
    alarm = Standing(MIDNIGHT, MIDNIGHT + timedelta(hours=3))

    evidence, found = alarms.of_state(alarms.as_state(np.array([0.1, 2.0, 3e9, 0.0, 1.0]), alarm))

    assert (evidence == [0.1, 2.0, 3e9, 0.0, 1.0]).all()
    assert found == alarm


def test_a_state_of_another_kind_begins_anew():
    evidence, alarm = alarms.of_state({"evidence": [1.0]})

    assert (evidence == 0).all()
    assert alarm is None


def test_one_series_tells_of_its_alarm():
    calls, bad = counts(raised=0.06)
    hours = [Hour(MIDNIGHT + timedelta(hours=n), int(calls[0, n]), int(bad[0, n])) for n in range(RISE + 30)]

    found = alarms.of_series(hours, until=MIDNIGHT + timedelta(hours=RISE + 30))

    assert found is not None
    assert 0 <= (found.raised_at - MIDNIGHT) / timedelta(hours=1) - RISE < 12


def test_a_quiet_series_tells_nothing():
    calls, bad = counts()
    hours = [Hour(MIDNIGHT + timedelta(hours=n), int(calls[0, n]), int(bad[0, n])) for n in range(RISE)]

    assert alarms.of_series(hours, until=MIDNIGHT + timedelta(hours=RISE)) is None
    assert alarms.of_series([], until=MIDNIGHT) is None
