"""Streams are watched hour by hour, and an alarm is told as long as it stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitoring.analysis.flags import BITS, bit_of
from monitoring.models import FlagHour, WatchedStream
from monitoring.streams import watching
from monitoring.streams.scopes import SIGNALS, Scope
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 1, tzinfo=UTC)
RISE = 14 * 24 + 9


@pytest.fixture
def project():
    return make_project()


def count(
    project, *, until: int, raised: float = 0.02, calls: int = 100, prompt: str = "answer", begin: int = 0
) -> None:
    random = np.random.default_rng(4)
    rows = []
    for hour in range(until):
        flags = [0] * BITS
        refused = int(random.binomial(calls, raised if hour >= RISE else 0.02))
        flags[bit_of("refused").bit_length() - 1] = refused
        if hour >= begin:
            rows.append(
                FlagHour(
                    project=project, at=START + timedelta(hours=hour), prompt_name=prompt, prompt_version=1, model="fast",
                    environment="live", cluster_id=0, call_count=calls, disliked_count=0, flag_counts=flags,
                )
            )  # fmt: skip
    FlagHour.objects.bulk_create(rows)


def look(project, hour: int) -> list[watching.Alarm]:
    return watching.look(project_id=project.pk, now=START + timedelta(hours=hour, minutes=20))


def test_a_rate_that_stays_gives_no_alarm(project):
    count(project, until=RISE + 24)

    assert look(project, RISE + 24) == []
    assert WatchedStream.objects.filter(project=project).count() == len(SIGNALS)


def test_a_raised_rate_gives_an_alarm_that_is_new_once(project):
    count(project, until=RISE + 30, raised=0.08)

    (first,) = look(project, RISE + 29)
    (second,) = look(project, RISE + 30)

    assert first.scope == Scope("refused", prompt_name="answer", model="fast")
    assert timedelta(0) <= first.raised_at - (START + timedelta(hours=RISE)) < timedelta(hours=12)
    assert first.bad / first.calls > 2 * first.usual_rate
    assert (first.is_new, second.is_new) == (True, False)
    stored = WatchedStream.objects.get(project=project, signal="refused")
    assert stored.alarmed_at == first.raised_at


def test_looking_each_hour_gives_the_alarm_of_looking_once(project):
    count(project, until=RISE + 60, raised=0.08)
    for hour in range(RISE - 5, RISE + 60, 7):
        look(project, hour)

    step_by_step = look(project, RISE + 60)
    WatchedStream.objects.all().delete()
    at_once = look(project, RISE + 60)

    assert [alarm.raised_at for alarm in step_by_step] == [alarm.raised_at for alarm in at_once]


def test_counts_that_come_late_still_give_the_alarm(project):
    count(project, until=RISE + 30)
    assert look(project, RISE + 30) == []
    FlagHour.objects.all().delete()
    count(project, until=RISE + 30, raised=0.08)

    assert len(look(project, RISE + 30)) == 1


def test_an_alarm_ends_when_the_rate_went_down_again(project):
    count(project, until=RISE + 12, raised=0.08)
    assert len(look(project, RISE + 12)) == 1
    FlagHour.objects.filter(at__gte=START + timedelta(hours=RISE + 12)).delete()
    flags = [0] * BITS
    FlagHour.objects.bulk_create(
        FlagHour(
            project=project, at=START + timedelta(hours=hour), prompt_name="answer", prompt_version=1, model="fast",
            environment="live", cluster_id=0, call_count=100, disliked_count=0, flag_counts=flags,
        )
        for hour in range(RISE + 12, RISE + 90)
    )  # fmt: skip

    assert look(project, RISE + 90) == []
    assert WatchedStream.objects.get(project=project, signal="refused").alarmed_at is None


def test_streams_with_few_calls_are_not_watched(project):
    count(project, until=RISE, calls=1)

    assert look(project, RISE) == []
    assert not WatchedStream.objects.filter(project=project).exists()


def test_a_stream_that_has_hardly_any_calls_left_is_no_longer_watched(project):
    count(project, until=10 * 24)
    look(project, 10 * 24)

    look(project, 60 * 24)

    assert not WatchedStream.objects.filter(project=project).exists()
