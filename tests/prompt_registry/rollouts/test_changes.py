"""Rollouts begin, move and end; of two changes at once one takes effect."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from projects.models import AuditEvent, Job, WebhookEvent
from projects.roles import Role
from prompt_registry import contents, dependents, labels, prompts, resolution
from prompt_registry.errors import (
    AlreadyThere,
    ApprovalMissing,
    LabelProtected,
    NotAllowed,
    NothingLive,
    PromptRegistryError,
    ReasonMissing,
    RolloutChangedMeanwhile,
    RolloutCoolingDown,
    RolloutOver,
    RolloutProvenWorse,
    RolloutRunning,
    RolloutTriedBefore,
    UntestedVersion,
)
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.models import RolloutState
from prompt_registry.rollouts.targeting import Targeting
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version
from tests.prompt_registry.rollouts.factories import STEPS, make_approver, make_live_prompt, make_plan, make_rollout

pytestmark = pytest.mark.django_db


def _served(rollout: Rollout) -> dict[str, object]:
    resolution.forget()
    answer = resolution.by_label(project_id=rollout.project_id, name=rollout.prompt.name, label=rollout.label)
    assert isinstance(answer, resolution.Answer)
    found: dict[str, object] = json.loads(answer.body)
    return found


def test_a_rollout_serves_its_candidate_beside_what_is_live():
    rollout = make_rollout()

    served = _served(rollout)

    assert served["version"] == 1
    assert served["rollout"]["id"] == str(rollout.pk)
    assert served["rollout"]["share_ppm"] == 10_000
    assert served["rollout"]["candidate"]["version"] == 2
    assert served["rollout"]["candidate"]["messages"][0]["content"].startswith("Answer number")


def test_clients_are_told_since_when_which_share_gets_the_candidate():
    rollout = make_rollout()
    changes.advance(rollout=rollout, by=rollout.started_by, reason="Fine.")

    shares = _served(rollout)["rollout"]["shares"]

    first, second = changes.began(Rollout.objects.get(pk=rollout.pk))
    assert shares == [
        {"since": first.timestamp(), "share_ppm": 10_000},
        {"since": second.timestamp(), "share_ppm": 250_000},
    ]


def test_a_fixed_version_and_another_label_know_nothing_of_a_rollout():
    rollout = make_rollout()
    project, name = rollout.project_id, rollout.prompt.name

    fixed = resolution.by_version(project_id=project, name=name, number=1)
    latest = resolution.by_label(project_id=project, name=name, label="latest")

    assert json.loads(fixed.body)["rollout"] is None
    assert json.loads(latest.body)["rollout"] is None


def test_clients_that_cannot_tell_whom_a_rollout_is_about_see_none_of_it():
    targeting = Targeting(("production",), {"plan": ("pro",)}, {"anna": "candidate"})
    rollout = make_rollout(plan=make_plan(targeting=targeting))

    served = _served(rollout)

    assert served["rollout"] is None
    assert served["targeted_rollout"]["candidate"]["version"] == 2
    assert served["targeted_rollout"]["targeting"] == targeting.for_clients(str(rollout.pk))


def test_the_page_of_all_prompts_carries_the_rollout():
    rollout = make_rollout()

    page = resolution.page(project_id=rollout.project_id, label="production")

    [item] = json.loads(page.body)["items"]
    assert item["rollout"]["candidate"]["version"] == 2


def test_a_rollback_gives_everybody_the_control_version_and_nothing_moves():
    rollout = make_rollout()

    rolled_back = changes.roll_back(rollout=rollout, by=rollout.started_by, reason="It lies.")

    assert (rolled_back.state, rolled_back.share_ppm) == (RolloutState.ROLLED_BACK, 0)
    assert _served(rollout)["rollout"] is None
    assert rollout.prompt.labels.get(name="production").version.number == 1


def test_after_the_last_step_the_label_points_to_the_candidate():
    rollout = make_rollout()
    person = rollout.started_by
    for _ in STEPS:
        rollout = changes.advance(rollout=rollout, by=person, reason="It is fine.")

    assert rollout.state == RolloutState.COMPLETED
    assert _served(rollout) | {"rollout": None, "version": 2} == _served(rollout)
    assert labels.comeback(prompt=rollout.prompt, label="production").version.number == 1


def test_each_share_begins_at_its_own_moment():
    rollout = make_rollout()

    rollout = changes.advance(rollout=rollout, by=rollout.started_by, reason="Enough.")

    assert rollout.share_ppm == 250_000
    first, second = changes.began(Rollout.objects.get(pk=rollout.pk))
    assert first < second <= timezone.now()


def test_a_pause_keeps_the_share_and_a_resume_goes_on_with_it():
    rollout = make_rollout()
    rollout = changes.pause(rollout=rollout, by=rollout.started_by, reason="Weekend.")

    assert _served(rollout)["rollout"]["share_ppm"] == 10_000
    resumed = changes.resume(rollout=rollout, by=rollout.started_by)

    assert (resumed.state, resumed.share_ppm, resumed.reason) == (RolloutState.RUNNING, 10_000, "")


def test_who_looks_at_an_old_state_changes_nothing():
    rollout = make_rollout()
    changes.advance(rollout=rollout, by=rollout.started_by, reason="Go.", expected_revision=1)

    with pytest.raises(RolloutChangedMeanwhile):
        changes.advance(rollout=rollout, by=rollout.started_by, reason="Go.", expected_revision=1)

    assert Rollout.objects.get(pk=rollout.pk).step == 1


def test_what_is_over_cannot_be_changed():
    rollout = make_rollout()
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="No.")

    with pytest.raises(RolloutOver, match="rolled back"):
        changes.resume(rollout=rollout, by=rollout.started_by)


def test_going_faster_than_the_rule_needs_a_reason():
    rollout = make_rollout()

    with pytest.raises(ReasonMissing):
        changes.finish(rollout=rollout, by=rollout.started_by, reason="  ")


def test_a_decision_of_the_rule_about_an_older_state_is_dropped():
    rollout = make_rollout()
    seen = Rollout.objects.get(pk=rollout.pk)
    changes.pause(rollout=rollout, by=rollout.started_by, reason="Wait.")

    assert changes.apply(rollout=seen, action="promote", reason="Fine.", situation={}, evidence={}) is None
    assert Rollout.objects.get(pk=rollout.pk).step == 0


def test_the_rule_rolls_back_promotes_and_completes():
    rolled_back = changes.apply(rollout=make_rollout(), action="roll back", reason="Bad.", situation={}, evidence={})
    promoted = changes.apply(rollout=make_rollout(), action="promote", reason="Good.", situation={}, evidence={})
    completed = changes.apply(rollout=make_rollout(), action="complete", reason="Good.", situation={}, evidence={})

    assert [one.state for one in (rolled_back, promoted, completed)] == ["rolled_back", "running", "completed"]
    assert promoted.step == 1


def test_a_decision_is_kept_once_while_it_stays_the_same():
    rollout = make_rollout()
    for _ in range(3):
        changes.apply(rollout=rollout, action="wait", reason="Too early.", situation={"n": 1}, evidence={})

    assert list(rollout.decisions.order_by("pk").values_list("action", "is_applied")) == [
        ("started", True),
        ("wait", False),
    ]


def test_a_rollout_is_looked_at_by_one_controller_at_a_time():
    rollout = make_rollout()
    now = timezone.now()

    assert [one.pk for one in changes.due(now=now)] == [rollout.pk]
    assert changes.due(now=now) == []
    assert [one.pk for one in changes.due(now=now + changes.LOOK_EVERY)] == [rollout.pk]


def test_what_is_over_is_not_looked_at():
    rollout = make_rollout()
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="No.")

    assert changes.due(now=timezone.now() + timedelta(hours=1)) == []


def test_the_rule_takes_back_what_is_paused_and_moves_it_no_further():
    rollout = make_rollout()
    paused = changes.pause(rollout=rollout, by=rollout.started_by, reason="Wait.")

    assert changes.apply(rollout=paused, action="promote", reason="Fine.", situation={}, evidence={}) is None
    assert (
        changes.apply(rollout=paused, action="roll back", reason="Bad.", situation={}, evidence={}).state
        == "rolled_back"
    )


def test_a_label_that_was_protected_meanwhile_needs_the_approval_before_more_people_get_it():
    project = make_project(is_approval_required=False)
    rollout = make_rollout(make_live_prompt(project=project))
    type(project).objects.filter(pk=project.pk).update(is_approval_required=True)

    asked = changes.apply(rollout=rollout, action="complete", reason="Fine.", situation={}, evidence={})

    assert (asked.state, asked.decisions.latest("pk").action) == ("running", "ask")
    with pytest.raises(ApprovalMissing):
        changes.finish(rollout=rollout, by=rollout.started_by, reason="Now.")


def test_what_was_taken_back_is_not_tried_until_it_passes():
    rollout = make_rollout()
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="Bad.")
    Rollout.objects.update(ended_at=timezone.now() - timedelta(days=3))

    with pytest.raises(RolloutTriedBefore):
        make_rollout(rollout.prompt)


def _again(rollout: Rollout, **values: object) -> Rollout:
    return make_rollout(rollout.prompt, note="It was the network.", overrides_cool_down=True, **values)


def test_a_second_try_of_the_same_two_versions_continues_the_first():
    rollout = make_rollout()
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="Bad.")

    assert _again(rollout).continues == rollout


def test_the_same_text_under_another_number_is_no_new_version():
    rollout = make_rollout()
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="Bad.")
    make_version(rollout.prompt)
    fourth = make_version(rollout.prompt, contents.of_version(rollout.candidate))

    assert _again(rollout, candidate=fourth).continues == rollout


def test_a_new_version_and_another_control_begin_without_the_evidence_of_before():
    rollout = make_rollout()
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="Bad.")
    third = _again(rollout, candidate=make_version(rollout.prompt))
    changes.finish(rollout=third, by=third.started_by, reason="Good.")

    again = _again(rollout, candidate=rollout.candidate)

    assert (third.continues, again.continues) == (None, None)


def test_what_the_rule_took_back_is_not_tried_again_whatever_the_note_says():
    rollout = make_rollout()
    changes.apply(rollout=rollout, action="roll back", reason="Errors.", situation={"n": 1}, evidence={})

    with pytest.raises(RolloutProvenWorse):
        _again(rollout)


@pytest.mark.parametrize("act", ["archive", "delete"])
def test_a_prompt_with_a_rollout_is_not_put_away(act):
    rollout = make_rollout()
    admin = make_member(rollout.project, Role.ADMIN)

    with pytest.raises(RolloutRunning):
        getattr(prompts, act)(prompt=rollout.prompt, by=admin)


def test_a_snippet_of_a_candidate_counts_as_live():
    snippet = make_live_prompt(type="text", name="parts/greeting")
    prompt = make_live_prompt(project=snippet.project)
    candidate = make_version(prompt, chat(("system", "@@@langfusePrompt:name=parts/greeting|label=production@@@ Go.")))
    make_rollout(prompt, candidate=candidate)

    assert [one.labels for one in dependents.live(project_id=prompt.project_id, name="parts/greeting")] == [
        ("production",)
    ]


def test_while_a_rollout_runs_nobody_publishes_or_undoes_behind_its_label():
    rollout = make_rollout()
    third = make_version(rollout.prompt)

    with pytest.raises(RolloutRunning):
        labels.publish(prompt=rollout.prompt, version=third, label="production", by=rollout.started_by)
    with pytest.raises(RolloutRunning):
        labels.undo(prompt=rollout.prompt, label="production", by=rollout.started_by)
    labels.publish(prompt=rollout.prompt, version=third, label="staging", by=rollout.started_by)


def test_two_rollouts_behind_one_label_are_refused():
    rollout = make_rollout()
    third = make_version(rollout.prompt)

    with pytest.raises(RolloutRunning):
        make_rollout(rollout.prompt, candidate=third)


def test_there_is_nothing_to_compare_with_before_the_first_publish():
    prompt = make_prompt()
    version = make_version(prompt)

    with pytest.raises(NothingLive):
        make_rollout(prompt, candidate=version)


def test_what_is_live_needs_no_rollout():
    prompt = make_live_prompt()

    with pytest.raises(AlreadyThere):
        make_rollout(prompt, candidate=prompt.versions.get(number=1))


def test_after_a_rollback_the_next_one_waits_or_says_why_not():
    rollout = make_rollout()
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="Bad.")
    third = make_version(rollout.prompt)

    with pytest.raises(RolloutCoolingDown):
        make_rollout(rollout.prompt, candidate=third)
    again = make_rollout(rollout.prompt, candidate=third, note="The typo is mended.", overrides_cool_down=True)

    assert again.pk != rollout.pk


def test_an_editor_may_pause_and_roll_back_but_not_start_or_finish():
    rollout = make_rollout()
    editor = make_member(rollout.project, Role.EDITOR)

    with pytest.raises(NotAllowed):
        changes.finish(rollout=rollout, by=editor, reason="Please.")
    changes.pause(rollout=rollout, by=editor, reason="Looks odd.")
    changes.roll_back(rollout=rollout, by=editor, reason="It is odd.")
    with pytest.raises(LabelProtected):
        make_rollout(by=make_member(make_project(), Role.EDITOR))


def test_a_rollout_to_a_protected_label_needs_the_approval_of_its_content():
    project = make_project(is_approval_required=False)
    prompt = make_live_prompt(project=project)
    type(project).objects.filter(pk=project.pk).update(is_approval_required=True)
    prompt.refresh_from_db()

    with pytest.raises(ApprovalMissing):
        make_rollout(prompt)

    assert not Rollout.objects.filter(prompt=prompt).exists()


def test_every_change_is_told_to_webhooks_and_written_into_the_audit_log():
    from projects import webhooks

    prompt = make_live_prompt()
    admin = make_member(prompt.project, Role.ADMIN)
    webhooks.create(
        project=prompt.project, name="x", url="https://8.8.8.8/", events=list(WebhookEvent.values), by=admin
    )
    rollout = make_rollout(prompt)
    rollout = changes.advance(rollout=rollout, by=rollout.started_by, reason="Go.")
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="Bad.")

    actions = AuditEvent.objects.filter(project=prompt.project, action__startswith="rollout.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "rollout.started",
        "rollout.advanced",
        "rollout.rolled_back",
    ]
    assert Job.objects.filter(kind=webhooks.KIND).count() >= 3


@pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
def test_of_many_who_move_a_rollout_at_once_one_does():
    rollout = make_rollout()
    person, barrier = rollout.started_by, threading.Barrier(8)
    outcomes: list[str] = []

    def move(number: int) -> None:
        try:
            barrier.wait()
            act = changes.advance if number % 2 else changes.roll_back
            act(rollout=rollout, by=person, reason="Now.", expected_revision=1)
            outcomes.append("moved")
        except PromptRegistryError as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("moved") == 1
    assert Rollout.objects.get(pk=rollout.pk).revision == 2


def test_the_plan_comes_back_from_its_row_as_it_was():
    plan = make_plan()

    assert changes.plan_of(Rollout.objects.get(pk=make_rollout(plan=plan).pk)) == plan


def test_an_approver_of_another_project_moves_nothing():
    rollout = make_rollout()

    with pytest.raises(NotAllowed):
        changes.roll_back(rollout=rollout, by=make_approver(make_live_prompt()), reason="Mine.")


def test_a_plan_may_ask_for_a_test_that_the_version_passed():
    prompt = make_live_prompt()
    plan = make_plan(needs_test=True)

    with pytest.raises(UntestedVersion):
        make_rollout(prompt, plan=plan)
    assert make_rollout(prompt, plan=plan, has_passed_test=True).state == RolloutState.RUNNING
