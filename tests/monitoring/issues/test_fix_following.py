"""The state of a fix, and of its issue, follows from its rollout."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis
from monitoring.issues import changes, fix_following, fixes
from monitoring.issues.fix_models import FixState, IssueFix
from monitoring.issues.models import Happening, Issue, IssueEvent, IssueState
from monitoring.models import Span
from projects.models import Notification
from projects.roles import Role
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes as rollouts
from prompt_registry.rollouts.guardrails import ISSUE, Guardrail
from prompt_registry.rollouts.models import RolloutState
from prompt_registry.rollouts.plans import Step
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.monitoring.issue_factories import make_issue
from tests.projects.factories import make_member
from tests.prompt_registry.factories import make_version
from tests.prompt_registry.rollouts.factories import make_live_prompt, make_plan, make_rollout

pytestmark = pytest.mark.django_db
HALF = 2**47


@pytest.fixture
def prompt():
    return make_live_prompt()


@pytest.fixture
def editor(prompt):
    return make_member(project=prompt.project, role=Role.EDITOR)


@pytest.fixture
def issue(prompt, editor) -> Issue:
    made = make_issue(prompt.project, prompt_name=prompt.name)
    changes.start_fix(issue=made, by=editor)
    made.refresh_from_db()
    return made


def roll_out(prompt, issue: Issue, *, hours: float = 2.0) -> Rollout:
    """Begin a rollout of a version that was saved after the fix began; half of the people get it."""
    scope = {"signal": "refused", "cluster_id": None, "prompt_name": prompt.name, "model": "", "environment": ""}
    watched = Guardrail(ISSUE, 0.06, 5, subject=f"#{issue.number} {issue.title}", scopes=(scope,), is_benefit=True)
    rollout = make_rollout(
        prompt, candidate=make_version(prompt), plan=make_plan(steps=(Step(0.5),), guardrails=(watched,))
    )
    began = timezone.now() - timedelta(hours=hours)
    IssueFix.objects.filter(issue=issue).update(started_at=began - timedelta(hours=1))
    Rollout.objects.filter(pk=rollout.pk).update(step_began=[began.isoformat()], started_at=began)
    return Rollout.objects.get(pk=rollout.pk)


def people(rollout: Rollout, *, new: tuple[int, int], old: tuple[int, int], is_analysed: bool = True) -> None:
    """Record one call of each of so many people of both arms, the first of which met the issue."""
    spans, met = [], []
    at = timezone.now() - timedelta(hours=1)
    for arm, (count, bad), start in (("candidate", new, 0), ("control", old, HALF)):
        for number in range(count):
            trace_id = new_trace_id()
            sent = {
                "callboard.rollout.id": str(rollout.pk), "callboard.rollout.arm": arm,
                "callboard.rollout.bucket": start + (HALF // max(1, count)) * number,
            }  # fmt: skip
            version = 3 if arm == "candidate" else 1
            spans.append(
                make_span(trace_id=trace_id, at=at, prompt=rollout.prompt.name, version=version, attributes=sent)
            )
            met += [trace_id] if number < bad else []
    for start in range(0, len(spans), 500):
        send(rollout.project, *spans[start : start + 500])
    CallAnalysis.objects.bulk_create(
        CallAnalysis(
            project=rollout.project, start_day=span.start_day, trace_id=span.trace_id, span_id=span.span_id,
            call_at=span.sort_at, draw=0, detectors_version="1", prompt_name=span.prompt_name, arm=span.arm,
            prompt_version=span.prompt_version, rollout_id=span.rollout_id,
            flags=int(Flag.REFUSED) if span.trace_id.hex in met else 0,
        )
        for span in Span.objects.filter(rollout_id=rollout.pk)
    )  # fmt: skip


def end(rollout: Rollout, state: str, *, hours_ago: float = 0.0) -> None:
    Rollout.objects.filter(pk=rollout.pk).update(
        state=state, ended_at=timezone.now() - timedelta(hours=hours_ago), reason="Over."
    )


def follow(issue: Issue) -> IssueFix:
    fix_following.follow(now=timezone.now(), project_id=issue.project_id)
    issue.refresh_from_db()
    return IssueFix.objects.get(issue=issue)


def happened(issue: Issue) -> list[str]:
    return list(IssueEvent.objects.filter(issue=issue).order_by("at", "pk").values_list("kind", flat=True))


def test_starting_a_fix_makes_its_row(issue, prompt, editor):
    fix = fixes.current(issue)

    assert fix is not None
    assert (fix.number, fix.state, fix.prompt, fix.started_by) == (1, FixState.WORKING, prompt, editor)


def test_a_rollout_of_its_new_version_takes_the_issue_along(issue, prompt):
    rollout = roll_out(prompt, issue)

    fix = follow(issue)

    assert (fix.state, fix.rollout, fix.version) == (FixState.ROLLING_OUT, rollout, rollout.candidate)
    assert issue.state == IssueState.ROLLING_OUT
    assert happened(issue)[-1] == Happening.FIX_ROLLING_OUT
    assert fix.definition["first_calls"] == 5


def test_a_rollout_of_an_older_version_is_not_meant_for_it(issue, prompt):
    make_rollout(prompt)
    IssueFix.objects.filter(issue=issue).update(started_at=timezone.now() - timedelta(seconds=1))
    prompt.versions.update(created_at=timezone.now() - timedelta(days=3))

    assert follow(issue).state == FixState.WORKING


def test_a_fall_among_the_people_of_the_rollout_proves_it(issue, prompt, editor):
    rollout = roll_out(prompt, issue)
    people(rollout, new=(400, 8), old=(400, 60))
    follow(issue)
    end(rollout, RolloutState.COMPLETED)

    fix = follow(issue)

    assert (fix.state, issue.state) == (FixState.VERIFIED, IssueState.VERIFIED)
    assert fix.verdict["before"] == pytest.approx(0.15)
    assert fix.verdict["after"] == pytest.approx(0.02)
    assert 0 < fix.verdict["less_low"] < 0.13 < fix.verdict["less_high"]
    assert 0.02 < issue.closed_level["rate"] < 0.05
    assert happened(issue)[-1] == Happening.VERIFIED
    assert Notification.objects.filter(user=editor, kind="issue.verified").exists()


def test_a_placebo_is_not_confirmed_once_late_opinions_have_come(issue, prompt):
    rollout = roll_out(prompt, issue)
    people(rollout, new=(400, 60), old=(400, 60))
    end(rollout, RolloutState.COMPLETED, hours_ago=0.5)

    assert follow(issue).state == FixState.ROLLING_OUT

    end(rollout, RolloutState.COMPLETED, hours_ago=1.5)
    fix = follow(issue)

    assert (fix.state, issue.state) == (FixState.NOT_CONFIRMED, IssueState.NOT_CONFIRMED)
    assert fix.verdict["why"] == fix_following.NO_FALL
    assert happened(issue)[-1] == Happening.NOT_CONFIRMED


def test_a_version_that_was_taken_back_is_not_confirmed(issue, prompt):
    rollout = roll_out(prompt, issue)
    rollouts.roll_back(rollout=rollout, by=rollout.started_by, reason="It lies.")

    fix = follow(issue)

    assert (fix.state, fix.verdict["why"]) == (FixState.NOT_CONFIRMED, fix_following.TAKEN_BACK)


def test_following_again_changes_nothing(issue, prompt):
    rollout = roll_out(prompt, issue)
    people(rollout, new=(400, 8), old=(400, 60))
    end(rollout, RolloutState.COMPLETED)
    before = follow(issue).ended_at

    assert follow(issue).ended_at == before
    assert happened(issue).count(Happening.VERIFIED) == 1


def test_an_issue_that_somebody_closes_gives_its_fix_up(issue, editor):
    changes.resolve(issue=issue, reason="Nobody asks for it any more.", by=editor)

    assert follow(issue).state == FixState.GIVEN_UP


def test_another_fix_after_one_that_failed_is_another_row(issue, prompt, editor):
    rollout = roll_out(prompt, issue)
    rollouts.roll_back(rollout=rollout, by=rollout.started_by, reason="It lies.")
    follow_all = IssueFix.objects.filter(issue=issue)
    follow(issue)

    changes.start_fix(issue=issue, by=editor)

    assert list(follow_all.order_by("number").values_list("number", "state")) == [
        (1, FixState.NOT_CONFIRMED), (2, FixState.WORKING),
    ]  # fmt: skip


def test_a_muted_issue_stays_out_of_sight_while_its_fix_is_proved(issue, prompt, editor):
    rollout = roll_out(prompt, issue)
    people(rollout, new=(400, 8), old=(400, 60))
    changes.mute(issue=issue, until=None, by=editor)
    end(rollout, RolloutState.COMPLETED)

    fix = follow(issue)

    assert (fix.state, issue.state) == (FixState.VERIFIED, IssueState.MUTED)
    assert issue.evidence["unmuted_state"] == IssueState.VERIFIED


def test_what_was_being_fixed_before_fixes_had_rows_gets_one(issue):
    IssueFix.objects.all().delete()

    assert follow(issue).state == FixState.WORKING
