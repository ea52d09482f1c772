"""What a version is meant to fix, beside the plan of its rollout: the issue, and what its test lets us expect."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from evals import fix_tests
from monitoring.issues import fix_following, fixes, proof
from prompt_registry.models import PromptVersion
from prompt_registry.rollouts.guardrails import Plan
from webapp.pages import issues_fix_words as words


@dataclass(frozen=True, slots=True)
class Meant:
    """One issue that the version is meant to fix."""

    number: int
    title: str
    url: str
    expected: str
    rests_on: str
    is_worse: bool


def of(version: PromptVersion, plan: Plan) -> list[Meant]:
    """Return what the version is meant to fix; what is expected is said in people where the plan knows how many meet it."""
    found, now = [], timezone.now()
    rates = {one.subject: one.base_rate for one in plan.guardrails if one.is_benefit}
    for fix in fixes.meant_for(prompt=version.prompt, version=version):
        fix_tests.refresh(fix=fix, now=now)
        base_rate = rates.get(proof.title_of(fix.issue), 0.0)
        url = reverse("issue", args=[version.prompt.project.slug, fix.issue.number])
        rests_on = words.rests_on(fix.prediction) if fix.prediction else ""
        expected = words.expected_of(fix.prediction, base_rate=base_rate)
        found.append(
            Meant(fix.issue.number, fix.issue.title, url, expected, rests_on, words.is_expected_worse(fix.prediction))
        )
    return found


def begun(project_id: int) -> None:
    """Let the fixes of a project know that a rollout began: what was expected is kept as it was, and their issues follow."""
    now = timezone.now()
    fix_tests.refresh_all(project_id=project_id, now=now)
    fix_following.follow(project_id=project_id, now=now)
