"""The controller counts, decides by the rule, and does what was decided."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from monitoring import rollout_counts
from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis, DetectorSetting
from monitoring.kinds import Arm
from monitoring.models import Span
from projects.models import Notification
from prompt_registry.models import Prompt, Rollout
from prompt_registry.rollouts import changes, records
from prompt_registry.rollouts.decisions import Action, decide
from prompt_registry.rollouts.guardrails import DEAR, JUDGED_BAD, REFUSED, Guardrail
from prompt_registry.rollouts.models import RolloutState
from prompt_registry.rollouts.plans import Step
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.prompt_registry.rollouts.factories import make_plan, make_rollout
from workers import rollout_control, rollout_counting

pytestmark = pytest.mark.django_db


def _since(rollout: Rollout, hours: float) -> Rollout:
    """Let the rollout have begun some hours ago."""
    began = timezone.now() - timedelta(hours=hours)
    Rollout.objects.filter(pk=rollout.pk).update(step_began=[began.isoformat()], started_at=began)
    return Rollout.objects.select_related("project", "prompt", "control", "candidate").get(pk=rollout.pk)


def _calls(rollout: Rollout, *, candidates: int, controls: int, **of_candidates: Any) -> None:
    """Record one call of each of so many people, spread over the two arms as their buckets say."""
    limit = rollout_counts.limit(rollout.share_ppm)
    at = timezone.now() - timedelta(minutes=10)
    buckets = [limit * n // max(1, candidates) for n in range(candidates)]
    buckets += [limit + (2**48 - limit) * n // max(1, controls) for n in range(controls)]
    spans = []
    for bucket in buckets:
        arm = "candidate" if bucket < limit else "control"
        sent = {
            "callboard.rollout.id": str(rollout.pk),
            "callboard.rollout.arm": arm,
            "callboard.rollout.bucket": bucket,
        }
        fields = of_candidates if arm == "candidate" else {}
        spans.append(
            make_span(trace_id=new_trace_id(), at=at, prompt=rollout.prompt.name, version=1, attributes=sent, **fields)
        )
    send(rollout.project, *spans)


def test_a_candidate_that_fails_is_rolled_back_by_itself():
    rollout = _since(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)))), 1)
    _calls(rollout, candidates=20, controls=60, error="timeout")

    assert rollout_control.look_at(rollout, now=timezone.now()) == Action.ROLL_BACK

    after = Rollout.objects.get(pk=rollout.pk)
    assert (after.state, after.share_ppm) == (RolloutState.ROLLED_BACK, 0)
    assert "Errors" in after.reason


def test_without_calls_nothing_is_promoted_however_much_time_passes():
    rollout = _since(make_rollout(), 200)

    assert rollout_control.look_at(rollout, now=timezone.now()) == Action.FREEZE
    assert Rollout.objects.get(pk=rollout.pk).step == 0


def test_silence_freezes_a_rollout_that_had_enough_to_go_on():
    rollout = _since(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)))), 3)
    _calls(rollout, candidates=500, controls=1500)

    action = rollout_control.look_at(rollout, now=timezone.now() + timedelta(hours=1))

    assert action == Action.FREEZE
    assert rollout.decisions.get(action="freeze").reason == "No calls arrive."


def test_a_kept_decision_is_taken_again_from_its_numbers():
    rollout = _since(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)))), 3)
    _calls(rollout, candidates=30, controls=90)
    rollout_control.look_at(rollout, now=timezone.now())

    kept = rollout.decisions.exclude(situation={}).get()
    again = records.decision_to_json(decide(records.situation_from_json(kept.situation)))

    assert again["action"] == kept.action
    assert again["harm"] == pytest.approx(kept.evidence["harm"])


def test_one_rollout_that_cannot_be_looked_at_does_not_stop_the_others(monkeypatch):
    broken, fine = _since(make_rollout(), 1), _since(make_rollout(), 1)
    looked = []

    def look_at(rollout: Rollout, *, now: Any) -> Action:
        looked.append(rollout.pk)
        if rollout.pk == broken.pk:
            raise ZeroDivisionError
        return Action.WAIT

    monkeypatch.setattr(rollout_control, "look_at", look_at)
    rollout_control.look_at_all()

    assert set(looked) == {broken.pk, fine.pk}


@pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
def test_a_rollout_that_somebody_is_in_the_middle_of_changing_keeps_no_other_one_waiting():
    held, fine = _since(make_rollout(), 1), _since(make_rollout(), 1)
    is_held, is_done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Prompt.objects.select_for_update().get(pk=held.prompt_id)
                Rollout.objects.select_for_update().get(pk=held.pk)
                is_held.set()
                is_done.wait(20)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert is_held.wait(10)
    rollout_control.look_at_all()
    is_done.set()
    holder.join()

    assert fine.decisions.exclude(situation={}).exists()
    assert not held.decisions.exclude(situation={}).exists()
    assert Rollout.objects.get(pk=held.pk).looked_at is None


def test_a_paused_rollout_is_still_taken_back_and_never_moved_on():
    steps = (Step(0.25, at_least=1.0), Step(0.95))
    fine, bad = (_since(make_rollout(plan=make_plan(steps=steps)), 3) for _ in range(2))
    _calls(fine, candidates=700, controls=2_100)
    _calls(bad, candidates=20, controls=60, error="timeout")
    for rollout in (fine, bad):
        changes.pause(rollout=rollout, by=rollout.started_by, reason="Weekend.")
    Rollout.objects.update(looked_at=None)
    rollout_control.look_at_all()

    assert Rollout.objects.get(pk=fine.pk).step == 0
    assert Rollout.objects.get(pk=bad.pk).state == RolloutState.ROLLED_BACK


def test_time_spent_paused_does_not_count_at_a_step():
    rollout = _since(make_rollout(), 3)
    Rollout.objects.filter(pk=rollout.pk).update(paused_seconds=7_200.0)
    rollout = Rollout.objects.get(pk=rollout.pk)
    plan = changes.plan_of(rollout)

    situation = rollout_control.situation_of(rollout, plan, rollout_counting.counts_of(rollout, plan), timezone.now())

    assert situation.seconds_at_step == pytest.approx(3_600, abs=30)


def test_a_measure_that_the_new_version_lacks_never_passes_for_good():
    dear = Guardrail(DEAR, 0.1, 3, {"": (1e6, 2e6, 3e6)}, allowance=0.1)
    rollout = _since(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)), guardrails=(dear,))), 3)
    _calls(rollout, candidates=40, controls=120, model="a-model-without-a-price")

    assert rollout_control.look_at(rollout, now=timezone.now()) == Action.FREEZE
    assert "no known price" in rollout.decisions.get(action="freeze").reason


def test_the_counts_are_those_of_this_rollout_alone():
    rollout = _since(make_rollout(), 1)
    _calls(rollout, candidates=2, controls=5)
    other = Rollout(pk=uuid.uuid4(), project=rollout.project, prompt=rollout.prompt, step_began=rollout.step_began)

    assert rollout_counting.counts_of(other, changes.plan_of(rollout)).control[0].units == 0


REFUSALS = Guardrail(REFUSED, 0.01, 30, weight=2.0)


def _looked_at(rollout: Rollout, share: float, *, versions: tuple[str, ...] = ("1",)) -> None:
    """Let detectors have looked at this share of the rollout's calls, in turn with each version."""
    spans = list(Span.objects.filter(rollout_id=rollout.pk))
    for number, span in enumerate(spans[: round(len(spans) * share)]):
        CallAnalysis.objects.create(
            project=rollout.project, start_day=span.start_day, trace_id=span.trace_id, span_id=span.span_id,
            call_at=span.sort_at, draw=0, detectors_version=versions[number % len(versions)], rollout_id=rollout.pk,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("share", "versions", "reason"),
    [(0.2, ("1",), "looked at by the detectors"), (1.0, ("1", "2"), "the detectors changed"), (1.0, ("1",), "")],
)
def test_detectors_that_stand_still_or_change_freeze_what_rests_on_them(share, versions, reason):
    rollout = _since(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)), guardrails=(REFUSALS,))), 1.5)
    _calls(rollout, candidates=20, controls=60)
    _looked_at(rollout, share, versions=versions)

    now = timezone.now() + timedelta(minutes=15)
    plan = changes.plan_of(rollout)
    began, shares = changes.began(rollout), [rollout.share_ppm]
    coverage = rollout_counts.coverage(
        project_id=rollout.project_id, rollout_id=rollout.pk, began=began, shares_ppm=shares,
        watches=rollout_counting.watches(plan, 0), now=now,
    )  # fmt: skip
    counts = replace(rollout_counting.counts_of(rollout, plan), coverage=coverage)
    decision = decide(rollout_control.situation_of(rollout, plan, counts, now))

    assert decision.action == (Action.FREEZE if reason else Action.WAIT)
    assert reason in decision.reason


def test_another_threshold_in_the_middle_of_a_share_freezes_what_rests_on_detectors():
    rollout = _since(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)), guardrails=(REFUSALS,))), 1.5)
    _calls(rollout, candidates=20, controls=60)
    _looked_at(rollout, 1.0)
    DetectorSetting.objects.create(project=rollout.project, detector="refused", threshold=0.9)

    rollout_control.look_at(rollout, now=timezone.now())

    assert "somebody changed" in rollout.decisions.get(action="freeze").reason


def test_a_judge_that_says_nothing_any_more_freezes_what_rests_on_it():
    polite = Guardrail(JUDGED_BAD, 0.1, 3, {"": (0.5,)}, subject="Polite", coverage=0.5)
    rollout = _since(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)), guardrails=(polite,))), 1.5)
    _calls(rollout, candidates=20, controls=60)
    plan = changes.plan_of(rollout)
    quiet = rollout_counts.Coverage(80, 0, {"Polite": 3}, ())
    busy = rollout_counts.Coverage(80, 0, {"Polite": 39}, ())

    counts = rollout_counting.counts_of(rollout, plan)
    actions = [
        decide(rollout_control.situation_of(rollout, plan, replace(counts, coverage=one), timezone.now())).action
        for one in (quiet, busy)
    ]

    assert actions == [Action.FREEZE, Action.WAIT]


def test_what_detectors_found_takes_a_version_back():
    plan = make_plan(steps=(Step(0.25), Step(0.95)), guardrails=(REFUSALS,))
    rollout = _since(make_rollout(plan=plan), 1)
    _calls(rollout, candidates=20, controls=60)
    _looked_at(rollout, 1.0)
    candidates = Span.objects.filter(rollout_id=rollout.pk, arm=Arm.CANDIDATE).values("trace_id")
    CallAnalysis.objects.filter(trace_id__in=candidates).update(flags=Flag.REFUSED)

    assert rollout_control.look_at(rollout, now=timezone.now()) == Action.ROLL_BACK
    assert Rollout.objects.get(pk=rollout.pk).reason == "Refusals got worse."


def _at_its_second_step() -> Rollout:
    rollout = _since(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)))), 2)
    _calls(rollout, candidates=4, controls=12, error="timeout")
    at = timezone.now()
    Rollout.objects.filter(pk=rollout.pk).update(
        step=1, share_ppm=950_000, step_began=[*rollout.step_began, (at - timedelta(minutes=5)).isoformat()]
    )
    return Rollout.objects.select_related("project", "prompt", "control", "candidate").get(pk=rollout.pk)


def test_what_is_over_is_counted_again_only_now_and_then():
    rollout = _at_its_second_step()
    plan = changes.plan_of(rollout)

    first = rollout_counting.counts_of(rollout, plan)
    Span.objects.filter(rollout_id=rollout.pk).delete()
    kept = rollout_counting.counts_of(Rollout.objects.get(pk=rollout.pk), plan)
    Rollout.objects.update(counted={**rollout.counted, "at": (timezone.now() - timedelta(minutes=11)).isoformat()})
    anew = rollout_counting.counts_of(Rollout.objects.get(pk=rollout.pk), plan)

    assert first.candidate[0].units == 4
    assert kept == first
    assert anew.candidate[0].units == 0


def test_a_rollout_that_cannot_be_looked_at_says_so_once_and_stays_where_it_is(monkeypatch):
    rollout = _since(make_rollout(), 1)

    def look_at(rollout: Rollout, *, now: Any) -> Action:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(rollout_control, "look_at", look_at)
        for _ in range(2):
            rollout_control.look_at_all()
            Rollout.objects.update(looked_at=None)

    stuck = Rollout.objects.get(pk=rollout.pk)
    assert "ZeroDivisionError" in stuck.trouble
    assert stuck.step == 0
    assert rollout.decisions.get(action="freeze").reason == stuck.trouble
    assert Notification.objects.filter(kind="rollout.freeze").count() >= 1

    rollout_control.look_at_all()
    assert Rollout.objects.get(pk=rollout.pk).trouble == ""


def _tried(rollout: Rollout, *, failing: int) -> Rollout:
    """Let a quarter get the candidate, of whom so many meet an error, and take it back by hand."""
    rollout = _since(rollout, 1)
    _calls(rollout, candidates=failing, controls=3 * failing, error="timeout")
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="It looks odd.")
    return rollout


def _again(rollout: Rollout) -> Rollout:
    plan = make_plan(steps=(Step(0.25), Step(0.95)))
    made = make_rollout(
        rollout.prompt, plan=plan, by=rollout.started_by, note="The provider had trouble.", overrides_cool_down=True
    )
    return _since(made, 1)


def test_a_second_try_of_the_same_two_versions_goes_on_with_the_evidence_of_the_first():
    first = _tried(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)))), failing=4)
    second = _again(first)
    _calls(second, candidates=4, controls=12, error="timeout")
    alone = Rollout.objects.select_related("project", "prompt", "control", "candidate").get(pk=second.pk)
    alone.continues_id = None
    plan, now = changes.plan_of(second), timezone.now()

    without = decide(rollout_control.situation_of(alone, plan, rollout_counting.counts_of(alone, plan), now))
    action = rollout_control.look_at(second, now=now)

    assert without.action == Action.WARN
    assert action == Action.ROLL_BACK
    kept = second.decisions.get(action="roll back")
    assert decide(records.situation_from_json(kept.situation)).harm == pytest.approx(kept.evidence["harm"])


def test_a_third_try_goes_on_with_the_evidence_of_both_before_it():
    first = _tried(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)))), failing=2)
    third = _again(_tried(_again(first), failing=3))
    plan = changes.plan_of(third)

    tries = rollout_counting.earlier_tries(third)
    situation = rollout_control.situation_of(
        third, plan, rollout_counting.counts_of(third, plan), timezone.now()
    )  # fmt: skip

    assert [one.counts.candidate[0].units for one in tries] == [3, 2]
    errors = next(metric for metric in situation.metrics if metric.name == "Errors")
    assert [one.parts[0].candidate_events for one in errors.earlier] == [3, 2]


def test_the_report_of_a_rollout_outlives_its_calls():
    rollout = _tried(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)))), failing=4)
    Rollout.objects.update(ended_at=timezone.now() - timedelta(days=4))
    before = rollout_counting.counts_of(Rollout.objects.get(pk=rollout.pk), changes.plan_of(rollout))
    Rollout.objects.update(counted={})

    rollout_control.look_at_all()
    Span.objects.filter(rollout_id=rollout.pk).delete()
    Rollout.objects.update(looked_at=None)

    ended = Rollout.objects.get(pk=rollout.pk)
    assert ended.counted["is_final"]
    assert rollout_counting.counts_of(ended, changes.plan_of(ended)) == before


def test_an_ended_rollout_that_cannot_be_counted_stands_in_nobodys_way():
    broken = _tried(make_rollout(plan=make_plan(steps=(Step(0.25), Step(0.95)))), failing=1)
    Rollout.objects.update(ended_at=timezone.now() - timedelta(days=4), step_began=[])
    fine = _since(make_rollout(), 1)

    rollout_control.look_at_all()

    assert fine.decisions.exclude(situation={}).exists()
    assert changes.uncounted(ended_before=timezone.now(), limit=5) == []
    assert Rollout.objects.get(pk=broken.pk).counted["is_final"]
