"""What is usual for a version before a rollout of the next one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import rollout_baselines, scores
from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis
from monitoring.models import Span
from monitoring.rollout_baselines import Wanted
from monitoring.rollout_events import Event
from monitoring.streams.scopes import Scope
from projects.models import Project
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

NOTHING_MORE = Wanted()


@pytest.fixture
def project() -> Project:
    return make_project()


def _of(project: Project, wanted: Wanted = NOTHING_MORE) -> rollout_baselines.Baselines:
    return rollout_baselines.of(project=project, prompt_name="refund", version=3, now=timezone.now(), wanted=wanted)


def _fill(project: Project, calls: int) -> list[str]:
    """Store calls of as many people, each a second slower than the last; return their traces."""
    at = timezone.now() - timedelta(days=2)
    ids = [new_trace_id() for _ in range(calls)]
    send(
        project,
        *(
            make_span(
                trace_id=trace, prompt="refund", version=3, user=f"u{n}", at=at + timedelta(seconds=n),
                took_ms=1000 + n, cost_usd=(n + 1) / 1e6, error="timeout" if n % 50 == 0 else "",
            )
            for n, trace in enumerate(ids)
        ),
    )  # fmt: skip
    return ids


def test_rates_are_shares_of_people_and_thresholds_those_that_few_calls_exceed(project):
    traces = _fill(project, 200)
    for trace in traces[:10]:
        rate(project, trace)

    found = {one.event: one for one in _of(project).events}

    assert found[Event.DISLIKED].rate == pytest.approx(10.5 / 225)
    assert found[Event.DISLIKED].events == 10
    assert found[Event.DISLIKED].first_calls == 7
    assert found[Event.ERROR].rate == pytest.approx(4.5 / 225)
    assert found[Event.SLOW].thresholds[""] == pytest.approx((1189e6,))
    assert found[Event.SLOW].rate == pytest.approx(0.05, abs=0.01)
    assert len(found[Event.DEAR].thresholds[""]) == 3
    assert found[Event.DEAR].rate == pytest.approx(0.1, abs=0.01)


def test_with_little_traffic_nothing_is_said_about_slow_or_dear(project):
    _fill(project, 20)

    assert {one.event for one in _of(project).events} == {Event.DISLIKED, Event.ERROR}


def test_people_are_counted_by_the_day(project):
    _fill(project, 100)

    baselines = _of(project)

    assert baselines.calls == 100
    assert baselines.units_a_day == pytest.approx(50, rel=0.05)


def test_other_versions_and_old_calls_say_nothing(project):
    make_trace(project, prompt="refund", version=2)
    make_trace(project, prompt="refund", version=3, at=timezone.now() - timedelta(days=29))

    assert _of(project).calls == 0


def test_calls_count_whatever_else_their_trace_did_last(project):
    at = timezone.now() - timedelta(days=2)
    for number in range(3):
        trace = new_trace_id()
        first = make_span(trace_id=trace, prompt="refund", version=3, user=f"u{number}", at=at)
        send(project, first, make_span(trace_id=trace, prompt="other", version=1, at=at + timedelta(seconds=9)))

    assert _of(project).calls == 3


def _analyse(project: Project, traces: list[str], flags: int) -> None:
    """Let the detectors have found this in the calls of these traces, and nothing in the others."""
    for span in Span.objects.filter(project=project):
        CallAnalysis.objects.create(
            project=project, start_day=span.start_day, trace_id=span.trace_id, span_id=span.span_id,
            call_at=span.sort_at, draw=0, detectors_version="1", flags=flags if span.trace_id.hex in traces else 0,
        )  # fmt: skip


def test_what_detectors_usually_find_is_a_share_of_people(project):
    traces = _fill(project, 200)
    _analyse(project, traces[:10], Flag.REFUSED)

    found = {one.event: one for one in _of(project).events}

    assert found[Event.REFUSED].events == 10
    assert found[Event.REFUSED].rate == pytest.approx(10.5 / 225)
    assert found[Event.UNSUPPORTED].events == 0


def test_what_nobody_looked_at_is_not_watched(project):
    _fill(project, 200)

    assert Event.REFUSED not in {one.event for one in _of(project).events}


def test_the_worst_tenth_of_an_evaluators_verdicts_is_bad(project):
    for number, trace in enumerate(_fill(project, 120)):
        item = {"trace_id": trace, "name": "Polite", "data_type": "number", "value": number / 120, "source": "api"}
        scores.record(
            project_id=project.pk, scores=[replace(scores.checked(item, now=timezone.now()), source="evaluator")]
        )

    wanted = Wanted(scores=["Polite", "Never asked"])
    [found] = [one for one in _of(project, wanted).events if one.event == Event.JUDGED_BAD]

    assert (found.subject, found.events, found.coverage) == ("Polite", 12, 1.0)
    assert found.rate == pytest.approx(12.5 / 145)


def test_how_many_usually_meet_an_issue_is_known(project):
    traces = _fill(project, 200)
    _analyse(project, traces[:20], Flag.REFUSED)

    wanted = Wanted(issues={"#1 Refunds": [Scope("refused")]})
    [found] = [one for one in _of(project, wanted).events if one.event == Event.ISSUE]

    assert (found.subject, found.events, found.scopes) == ("#1 Refunds", 20, (Scope("refused"),))


def test_a_version_on_another_model_is_held_against_what_was_usual_before(project):
    _fill(project, 200)

    [slow] = [one for one in _of(project, Wanted(by_model=False)).events if one.event == Event.SLOW]

    assert set(slow.thresholds) == {""}


def test_only_the_environments_that_it_is_about_say_what_is_usual(project):
    make_trace(project, prompt="refund", version=3, environment="staging")
    make_trace(project, prompt="refund", version=3, environment="production")

    assert _of(project, Wanted(environments=("staging",))).calls == 1
