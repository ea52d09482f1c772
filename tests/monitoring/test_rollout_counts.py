"""What is counted of a rollout: units once, their first calls only, at the step of the call, and in their own arm."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring import rollout_counts, scores
from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis
from monitoring.models import Span
from monitoring.rollout_counts import Event, Watch
from monitoring.streams.scopes import Scope
from projects.models import Project
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

ROLLOUT = uuid.uuid4()
# One in a hundred, then one in four.
SHARES = (10_000, 250_000)
CANDIDATE, LATER, NEVER = 2**48 // 1000, 2**48 // 10, 2**48 // 2
SECOND = 1_000_000_000
WATCHES = (
    Watch(Event.DISLIKED, 8),
    Watch(Event.ERROR, 2),
    Watch(Event.SLOW, 8, {"": (2 * SECOND,), "fast": (SECOND,)}, allowance=0.1),
    Watch(Event.DEAR, 8, {"": (1_000_000, 5_000_000)}, allowance=0.1),
)


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def began() -> list[datetime]:
    now = timezone.now()
    return [now - timedelta(hours=4), now - timedelta(hours=2)]


def _call(project: Project, bucket: int | None, at: datetime, *, arm: str = "", step: int = 0, **fields: Any) -> str:
    is_candidate = bucket is not None and bucket < rollout_counts.limit(SHARES[step])
    sent: dict[str, Any] = {
        "callboard.rollout.id": str(ROLLOUT),
        "callboard.rollout.arm": arm or ("candidate" if is_candidate else "control"),
    }
    if bucket is not None:
        sent["callboard.rollout.bucket"] = bucket
    return make_trace(project, at=at, attributes=sent, **{"prompt": "p", "version": 1} | fields)


def _counts(project: Project, began: list[datetime]) -> rollout_counts.Counts:
    return rollout_counts.of(
        project_id=project.pk, rollout_id=ROLLOUT, began=began, shares_ppm=SHARES[: len(began)], watches=WATCHES
    )


def test_a_unit_counts_once_however_often_it_calls(project, began):
    at = began[0] + timedelta(minutes=5)
    for minute in range(3):
        _call(project, CANDIDATE, at + timedelta(minutes=minute), error="timeout")
    _call(project, NEVER, at)

    counts = _counts(project, began[:1])

    assert (counts.candidate[0].units, counts.candidate[0].calls) == (1, 3)
    assert (counts.control[0].units, counts.control[0].calls) == (1, 1)
    assert counts.candidate[0].events[1] == 1


def test_only_the_first_calls_of_a_unit_can_be_an_event(project, began):
    at = began[0] + timedelta(minutes=5)
    for minute, error in enumerate(["", "", "timeout"]):
        _call(project, NEVER, at + timedelta(minutes=minute), error=error)

    assert _counts(project, began[:1]).control[0].events[1] == 0


def test_who_had_the_candidate_at_an_earlier_step_is_not_counted_again(project, began):
    _call(project, CANDIDATE, began[1] + timedelta(minutes=5), step=1)
    _call(project, LATER, began[1] + timedelta(minutes=5), step=1)
    _call(project, NEVER, began[1] + timedelta(minutes=5), step=1)

    counts = _counts(project, began)

    assert [step.units for step in counts.candidate] == [0, 1]
    assert [step.units for step in counts.control] == [0, 1]


def test_late_feedback_is_booked_to_the_step_of_its_call(project, began):
    trace = _call(project, NEVER, began[0] + timedelta(minutes=5))
    rate(project, trace)

    counts = _counts(project, began)

    assert counts.control[0].events[0] == 1
    assert counts.control[1].events[0] == 0


def test_calls_before_the_rollout_never_count(project, began):
    _call(project, NEVER, began[0] - timedelta(minutes=1))

    assert _counts(project, began).control[0].units == 0


def test_a_call_in_the_wrong_arm_or_without_a_unit_strays(project, began):
    at = began[0] + timedelta(minutes=5)
    _call(project, NEVER, at, arm="candidate")
    _call(project, None, at)

    counts = _counts(project, began[:1])

    assert counts.strayed_calls == 2
    assert (counts.candidate[0].units, counts.control[0].units) == (0, 0)


def test_the_candidate_may_be_a_tenth_slower_than_the_control(project, began):
    at = began[0] + timedelta(minutes=5)
    _call(project, CANDIDATE, at, took_ms=2_100)
    _call(project, NEVER, at, took_ms=2_100)
    _call(project, NEVER - 1, at, took_ms=1_500, model="fast")

    counts = _counts(project, began[:1])

    assert counts.candidate[0].events[2] == 0
    assert counts.control[0].events[2] == 2


def test_each_price_is_counted_apart(project, began):
    at = began[0] + timedelta(minutes=5)
    _call(project, NEVER, at, cost_usd=0.003)
    _call(project, NEVER - 1, at, cost_usd=0.01)

    assert _counts(project, began[:1]).control[0].events[3:] == (2, 1)


def test_other_rollouts_projects_and_kinds_of_spans_are_left_out(project, began):
    from monitoring.kinds import Kind

    at = began[0] + timedelta(minutes=5)
    _call(make_project(), NEVER, at)
    _call(project, NEVER, at, kind=Kind.CHAIN)
    make_trace(project, at=at)

    assert _counts(project, began).control[0].units == 0


def test_the_limit_of_a_share_agrees_with_the_assignment():
    from prompt_registry.rollouts import assignment

    for share in (1, 10_000, 250_000, 333_333, 999_999, 1_000_000):
        limit = rollout_counts.limit(share)
        assert assignment.is_candidate(limit - 1, share)
        assert not assignment.is_candidate(limit, share)


def test_until_applications_have_heard_of_a_new_share_calls_belong_to_the_one_before(project, began):
    _call(project, LATER, began[1] + timedelta(seconds=20), step=0)

    counts = _counts(project, began)

    assert [step.units for step in counts.control] == [1, 0]


def test_what_a_cold_cache_makes_slow_does_not_count_at_first(project, began):
    watch = Watch(Event.SLOW, 8, {"": (2 * SECOND,)}, not_before=[timedelta(minutes=30)])
    for minutes in (5, 40):
        _call(project, NEVER - minutes, began[0] + timedelta(minutes=minutes), took_ms=3_000)

    counts = rollout_counts.of(
        project_id=project.pk, rollout_id=ROLLOUT, began=began[:1], shares_ppm=SHARES[:1], watches=[watch]
    )

    assert counts.control[0].events == (1,)


def test_calls_after_the_end_change_nothing(project, began):
    _call(project, NEVER, began[0] + timedelta(minutes=50))

    counts = rollout_counts.of(
        project_id=project.pk, rollout_id=ROLLOUT, began=began[:1], shares_ppm=SHARES[:1], watches=WATCHES,
        until=began[0] + timedelta(minutes=45),
    )  # fmt: skip

    assert counts.control[0].units == 0


def _analysed(project: Project, flags: int, *, version: str = "1", **fields: Any) -> None:
    """Let the detectors have found this in all calls that nobody looked at yet."""
    for span in Span.objects.filter(project=project):
        CallAnalysis.objects.get_or_create(
            project=project, start_day=span.start_day, trace_id=span.trace_id, span_id=span.span_id,
            defaults={
                "call_at": span.sort_at, "draw": 0, "flags": flags, "detectors_version": version,
                "prompt_name": span.prompt_name, "rollout_id": span.rollout_id, "unit_bucket": span.unit_bucket,
                "arm": span.arm, **fields,
            },
        )  # fmt: skip


def _watched(project: Project, began: list[datetime], *watches: Watch) -> rollout_counts.Counts:
    return rollout_counts.of(
        project_id=project.pk, rollout_id=ROLLOUT, began=began, shares_ppm=SHARES[: len(began)], watches=watches
    )


def test_what_detectors_find_is_counted_of_units_in_their_own_arm(project, began):
    at = began[0] + timedelta(minutes=5)
    for bucket in (CANDIDATE, CANDIDATE, NEVER):
        _call(project, bucket, at)
    _analysed(project, Flag.REFUSED | Flag.LONG_WINDED)
    _call(project, NEVER - 1, at)

    counts = _watched(
        project, began[:1], Watch(Event.REFUSED, 8), Watch(Event.UNSUPPORTED, 8), Watch(Event.LONG_WINDED, 1)
    )

    assert counts.candidate[0].events == (1, 0, 1)
    assert (counts.control[0].units, counts.control[0].events) == (2, (1, 0, 1))


def test_a_late_finding_is_booked_to_the_step_of_its_call(project, began):
    _call(project, NEVER, began[0] + timedelta(minutes=5))
    _call(project, NEVER, began[1] + timedelta(minutes=5), step=1)
    before = _watched(project, began, Watch(Event.REFUSED, 8))
    first = Span.objects.filter(project=project).order_by("start_ns")[0]
    _analysed(project, 0)
    CallAnalysis.objects.filter(trace_id=first.trace_id).update(flags=Flag.REFUSED)

    after = _watched(project, began, Watch(Event.REFUSED, 8))

    assert [step.events for step in before.control] == [(0,), (0,)]
    assert [step.events for step in after.control] == [(1,), (0,)]


def _judge(project: Project, trace: str, value: float, *, name: str = "Polite", source: str = "evaluator") -> None:
    item = {"trace_id": trace, "name": name, "data_type": "number", "value": value, "source": source}
    scores.record(project_id=project.pk, scores=[replace(scores.checked(item, now=timezone.now()), source=source)])


def test_a_verdict_below_its_limit_is_an_event(project, began):
    at = began[0] + timedelta(minutes=5)
    bad, good, other = (_call(project, NEVER - number, at) for number in range(3))
    _judge(project, bad, 0.2)
    _judge(project, good, 0.5)
    _judge(project, other, 0.1, name="Short")
    _judge(project, other, 0.1, source="api")

    counts = _watched(project, began[:1], Watch(Event.JUDGED_BAD, 8, {"": (0.5,)}, subject="Polite"))

    assert counts.control[0].events == (1,)


def test_a_call_of_an_issue_is_an_event(project, began):
    at = began[0] + timedelta(minutes=5)
    for number, model in enumerate(("fast", "slow")):
        _call(project, NEVER - number, at, model=model)
    _analysed(project, Flag.REFUSED, model="fast")
    CallAnalysis.objects.filter(unit_bucket=NEVER - 1).update(model="slow")
    rate(project, _call(project, NEVER - 2, at))
    _analysed(project, 0, model="any")
    scopes = [Scope("refused", model="fast"), Scope("disliked", prompt_name="p")]

    counts = _watched(project, began[:1], Watch(Event.ISSUE, 8, subject="#1 Refunds", scopes=scopes))

    assert (counts.control[0].units, counts.control[0].events) == (3, (2,))


def test_how_far_detectors_and_judges_came_is_told_of_calls_that_are_old_enough(project, began):
    now = timezone.now()
    old = [_call(project, NEVER - number, now - timedelta(minutes=30), step=1) for number in range(3)]
    _analysed(project, 0)
    _judge(project, old[0], 1.0)
    _call(project, NEVER - 3, now - timedelta(minutes=30), step=1)
    _call(project, NEVER - 4, now - timedelta(minutes=2), step=1)

    found = rollout_counts.coverage(
        project_id=project.pk, rollout_id=ROLLOUT, began=began, shares_ppm=SHARES,
        watches=[Watch(Event.JUDGED_BAD, 8, {"": (0.5,)}, subject="Polite")], now=now,
    )  # fmt: skip

    assert (found.calls, found.analysed_calls, found.judged_calls) == (4, 3, {"Polite": 1})
    assert found.detector_versions == ("1",)


def test_calls_of_a_conversation_that_began_before_the_step_are_not_counted(project, began):
    _call(project, NEVER, began[0] + timedelta(minutes=5), session="long talk")
    _call(project, NEVER, began[1] + timedelta(minutes=5), step=1, session="long talk")
    _call(project, NEVER - 1, began[1] + timedelta(minutes=5), step=1, session="new talk")

    counts = _counts(project, began)

    assert [step.units for step in counts.control] == [1, 1]
    assert counts.earlier_calls == 1


def test_steps_may_be_counted_from_one_on(project, began):
    _call(project, NEVER, began[0] + timedelta(minutes=5), error="timeout")
    _call(project, NEVER, began[1] + timedelta(minutes=5), step=1, error="timeout")

    both = _counts(project, began)
    later = rollout_counts.of(
        project_id=project.pk, rollout_id=ROLLOUT, began=began, shares_ppm=SHARES, watches=WATCHES, since_step=1
    )

    assert later.control == both.control[1:]
    assert later.candidate == both.candidate[1:]


def test_every_call_that_was_logged_stands_beside_those_that_are_compared(project, began):
    at = began[1] + timedelta(minutes=5)
    _call(project, CANDIDATE, at, step=1)
    _call(project, LATER, at, step=1)
    _call(project, NEVER, at, step=1, arm="candidate")

    counts = _counts(project, began)

    assert (counts.candidate[1].calls, counts.candidate[1].all_calls) == (1, 3)
