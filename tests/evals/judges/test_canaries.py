"""Every day known injections are tried on the judges in use, and what worked is shown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from evals.evaluators import definitions
from evals.evaluators.models import EvaluatorVersion
from evals.judges import canaries
from evals.judges.attacks import ATTACKS
from evals.judges.models import JudgeCanary
from evals.online.models import OnlineEvaluation
from projects import spending
from projects.models import Job
from tests.evals.judges.cases import said
from tests.prompt_registry.providers.fake_provider import SAY

NO, YES = SAY + said("no"), SAY + said("yes")


def test_within_a_week_every_attack_comes_round():
    tried = {attack.text for day in range(7) for attack in canaries.attacks_of(date(2026, 11, 1) + timedelta(days=day))}

    assert tried == {attack.text for attack in ATTACKS}


def test_a_day_has_different_tricks():
    assert len({attack.trick for attack in canaries.attacks_of(date(2026, 11, 1))}) >= 5


def test_a_judge_that_stands_firm_has_no_flips(provider, version):
    provider.script = [NO]

    found = canaries.run(version_id=version.pk)

    assert (found.tried, found.flipped, found.failed) == (canaries.PER_DAY, 0, 0)
    assert found.cost_nano_usd > 0
    assert canaries.standing(version).at_most == pytest.approx(0.243, abs=0.01)


def test_what_talks_a_judge_round_is_counted_and_named(provider, version):
    provider.script = [NO, YES, YES, NO]

    canaries.run(version_id=version.pk)

    standing = canaries.standing(version)
    assert (standing.tried, standing.flipped) == (canaries.PER_DAY, 2)
    assert len(standing.tricks) == 2


def test_an_answer_out_of_form_counts_for_nobody(provider, version):
    provider.script = [NO, SAY + "yes!", NO]

    found = canaries.run(version_id=version.pk)

    assert (found.tried, found.failed, found.flipped) == (canaries.PER_DAY - 1, 1, 0)


def test_a_judge_that_lets_anything_pass_is_not_measured(provider, version):
    provider.script = [YES]

    found = canaries.run(version_id=version.pk)

    assert found.tried == 0
    assert "plainly bad answer" in found.reason
    assert len(provider.requests) == 1


def test_without_money_nothing_is_asked_and_the_reason_kept(provider, version, editor):
    spending.change_limits(project=version.project, project_nano_usd=0, person_nano_usd=0, by=editor)

    found = canaries.run(version_id=version.pk)

    assert provider.requests == []
    assert "limit" in found.reason


def test_a_slow_judge_is_not_waited_for(provider, version):
    provider.script = [NO]

    found = canaries.run(version_id=version.pk, seconds=0)

    assert (found.tried, len(provider.requests)) == (0, 1)
    assert "too slow" in found.reason


def test_a_day_is_tried_once(provider, version):
    provider.script = [NO]
    canaries.run(version_id=version.pk)

    assert canaries.run(version_id=version.pk) is None
    assert JudgeCanary.objects.count() == 1


def test_only_judges_in_use_are_planned_and_each_once_a_day(version, project, editor):
    definitions.create(project=project, name="Short", kind="length", settings={"most": 5}, by=editor)

    assert canaries.plan() == 1
    assert canaries.plan() == 0
    assert Job.objects.get(kind=canaries.KIND).payload == {"version": version.pk}


def test_what_nobody_used_or_changed_for_a_week_is_left_alone(version):
    EvaluatorVersion.objects.update(created_at=timezone.now() - timedelta(days=8))

    assert canaries.plan() == 0


@pytest.mark.parametrize(("state", "planned"), [("active", 1), ("paused", 0)], ids=["watching", "paused"])
def test_a_version_that_watches_live_calls_is_in_use_also_when_there_is_a_newer_one(version, editor, state, planned):
    online = {"evaluator_version": version, "share_ppm": 1, "cap_nano_usd": 1, "state": state}
    OnlineEvaluation.objects.create(project=version.project, **online)
    changed = {**version.settings, "criterion": "Is it kind?"}
    definitions.change(evaluator=version.evaluator, kind=version.kind, settings=changed, by=editor)
    EvaluatorVersion.objects.update(created_at=timezone.now() - timedelta(days=8))

    assert canaries.plan() == planned


def test_what_is_in_the_archive_is_left_alone(version, editor):
    definitions.archive(evaluator=version.evaluator, by=editor)

    assert canaries.plan() == 0


def test_old_results_are_forgotten(version):
    day = timezone.now().date() - canaries.KEPT - timedelta(days=1)
    JudgeCanary.objects.create(project=version.project, evaluator_version=version, day=day)

    canaries.forget_old()

    assert not JudgeCanary.objects.exists()
