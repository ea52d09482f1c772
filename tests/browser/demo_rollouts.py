"""Rollouts of the demo project: one that was taken back, and one under way with calls, thumbs down and decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from monitoring import rollout_counts
from projects.models import Project, User
from prompt_registry import contents, labels, prompts, versions
from prompt_registry.models import Prompt, Rollout, RolloutDecision
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.guardrails import DEAR, DISLIKED, ERROR, SLOW, WEIGHTS, Guardrail, Plan
from prompt_registry.rollouts.plans import Caution, Step
from tests.monitoring.factories import make_span, new_trace_id, rate, send
from workers import rollout_control

_GUARDRAILS = (
    Guardrail(DISLIKED, 0.04, 8, weight=WEIGHTS[DISLIKED]),
    Guardrail(ERROR, 0.01, 30, weight=WEIGHTS[ERROR]),
    Guardrail(SLOW, 0.05, 6, {"": (3e9,)}, weight=WEIGHTS[SLOW], allowance=0.1),
    Guardrail(DEAR, 0.10, 3, {"": (1e6, 2e6, 3e6, 4e6)}, weight=WEIGHTS[DEAR], allowance=0.1),
)
_PLAN = Plan((Step(0.05), Step(0.25, asks_first=True), Step(0.95)), Caution.BALANCED, _GUARDRAILS, units_a_day=2_000.0)


@dataclass(frozen=True)
class DemoRollouts:
    """What has a page of its own."""

    prompt: Prompt
    running_id: UUID
    ended_id: UUID
    decision_id: int


def make(project: Project, by: User) -> DemoRollouts:
    """Make a prompt of three versions with both rollouts."""
    prompt = prompts.create(project=project, name="shop/answer-shipping", type="text", by=by)
    first, second, third = (
        versions.save(prompt=prompt, content=contents.parse({"type": "text", "text": text}), note=note, by=by)
        for text, note in (
            ("Answer the question {{question}}.", "First"),
            ("Answer the question {{question}} shortly.", "Shorter"),
            ("Answer the question {{question}} kindly and shortly.", "Kinder"),
        )
    )
    labels.publish(prompt=prompt, version=first, label="production", by=by)
    ended = changes.start(
        prompt=prompt, candidate=second, label="production", plan=_PLAN, by=by, note="Shorter answers"
    )
    changes.roll_back(rollout=ended, by=by, reason="People asked for the tracking number that it leaves out.")
    running = changes.start(
        prompt=prompt, candidate=third, label="production", plan=_PLAN, by=by, note="Kinder", overrides_cool_down=True
    )
    return DemoRollouts(prompt, running.pk, ended.pk, _decisions(_with_calls(running)))


def _with_calls(rollout: Rollout) -> Rollout:
    """Let it have begun three hours ago, and record the calls of three hundred people."""
    now = timezone.now()
    began, limit = now - timedelta(hours=3), rollout_counts.limit(rollout.share_ppm)
    Rollout.objects.filter(pk=rollout.pk).update(step_began=[began.isoformat()], started_at=began)
    spans, disliked = [], []
    for number in range(300):
        is_candidate = number % 15 == 0
        bucket = limit // 400 * number if is_candidate else limit + (2**48 - limit) // 400 * number
        arm, version = ("candidate", 3) if is_candidate else ("control", 1)
        trace = new_trace_id()
        spans.append(
            make_span(
                trace_id=trace, at=began + timedelta(seconds=30 * number), prompt=rollout.prompt.name, version=version,
                user=f"customer-{number}", asked="Where is my parcel?", answered="It comes on Thursday.",
                took_ms=900 + number % 90 * 40, cost_usd=0.0005 + number % 7 / 3_000,
                error="timeout" if number % 60 == 7 else "",
                attributes={
                    "callboard.rollout.id": str(rollout.pk), "callboard.rollout.arm": arm,
                    "callboard.rollout.bucket": bucket,
                },
            )
        )  # fmt: skip
        if number % 25 in (0, 3):
            disliked.append(trace)
    send(rollout.project, *spans)
    for trace in disliked:
        rate(rollout.project, trace)
    return Rollout.objects.select_related("project", "prompt", "control", "candidate").get(pk=rollout.pk)


def _decisions(rollout: Rollout) -> int:
    """Let the rule look several times, as if over the last hours; return the last decision."""
    now = timezone.now()
    for step in range(4):
        rollout_control.look_at(rollout, now=now)
        newest = RolloutDecision.objects.filter(rollout=rollout).exclude(situation={}).order_by("-pk").first()
        assert newest is not None
        RolloutDecision.objects.filter(pk=newest.pk).update(decided_at=now - timedelta(minutes=(4 - step) * 20))
    return newest.pk
