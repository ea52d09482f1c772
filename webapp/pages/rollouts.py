"""Rollouts: the list of them, and the page of one with what was counted, what it means, and what happens next."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring import prompt_calls
from monitoring.prompt_calls import PromptCall, Which
from projects.roles import Action
from prompt_registry.models import Rollout, RolloutDecision
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.decisions import decide
from webapp import charts
from webapp.access import ProjectRequest, one, requires
from webapp.pages import rollouts_actions, rollouts_start, rollouts_view
from webapp.pages.prompts_frame import helpers
from webapp.render import render_page
from workers import rollout_control, rollout_counting

PAGE_SIZE = 50
_MOST_DECISIONS = 3_000
_SHOWN_DECISIONS = 30
_EXAMPLES = 3


@requires(Action.READ_PROMPTS)
def rollouts(request: ProjectRequest) -> HttpResponse:
    """List the rollouts of the project, those under way first."""
    found = Rollout.objects.for_project(request.project).select_related("prompt", "control", "candidate", "started_by")
    context = {
        "page_title": "Rollouts",
        "active": list(found.active().newest_first()),
        "ended": list(found.exclude(state__in=("running", "paused")).newest_first()[:PAGE_SIZE]),
        "prompts_url": reverse("prompts", args=[request.project.slug]),
    }
    return render_page(request, "rollouts/list.html", context, section="rollouts")


@requires(Action.READ_PROMPTS)
def rollout(request: ProjectRequest, rollout_id: UUID) -> HttpResponse:
    """Show one rollout as it stands."""
    row = rollout_of(request, rollout_id)
    return render_page(request, "rollouts/page.html", _context(request, row), fragment="live", section="rollouts")


def rollout_of(request: ProjectRequest, rollout_id: UUID) -> Rollout:
    """Return a rollout of the request's project, or answer 404."""
    related = ("project", "prompt", "prompt__project", "control", "candidate", "started_by")
    return one(Rollout.objects.for_project(request.project).select_related(*related), pk=rollout_id)


def _context(request: ProjectRequest, row: Rollout) -> dict[str, Any]:
    now, plan = timezone.now(), changes.plan_of(row)
    counts = rollout_counting.counts_lately(row, plan)
    situation = rollout_control.situation_of(row, plan, counts, now)
    decision = decide(situation)
    tiles = rollouts_view.tiles(plan, counts, situation, decision)
    looks = (
        row.decisions.exclude(evidence={}).order_by("-decided_at", "-pk").values_list("decided_at", "evidence__harm")
    )
    moves = row.decisions.filter(is_applied=True, action__in=("promote", "advance")).values_list(
        "decided_at", "share_ppm"
    )
    chart = rollouts_view.history(list(reversed(looks[:_MOST_DECISIONS])), list(moves))
    log = row.decisions.select_related("decided_by").filter(
        Q(is_applied=True) | Q(action__in=("freeze", "warn", "ask"))
    )
    may_publish = request.membership.can(changes.moves_on(row))
    may_undo = request.membership.can(Action.UNDO_PUBLISH)
    return {
        "page_title": f"{row.prompt.name} v{row.control.number} → v{row.candidate.number}",
        "rollout": row,
        "plan": plan,
        "verdict": rollouts_view.verdict(row, decision, tiles),
        "next_step": rollouts_view.next_step(row, plan, decision, now),
        "stops": rollouts_view.stops(row, plan),
        "arms": rollouts_view.arms(row, counts),
        "tiles": tiles,
        "decision": decision,
        "strayed": counts.strayed_calls,
        "last_call_at": counts.last_call_at,
        "chart": chart,
        "chart_svg": charts.svg(chart) if chart else "",
        "chart_numbers": charts.numbers(chart) if chart else None,
        "log": log.order_by("-decided_at", "-pk")[:_SHOWN_DECISIONS],
        "examples": _examples(row),
        "may_publish": may_publish,
        "may_undo": may_undo,
        "publishers": [] if may_publish else helpers(request, Action.PUBLISH),
    }


def _examples(row: Rollout) -> list[tuple[int, list[PromptCall]]]:
    """Return calls that people disliked, of each version."""
    return [
        (
            version.number,
            prompt_calls.recent(
                project=row.project, prompt_name=row.prompt.name, which=Which.DISLIKED, version=version.number,
                limit=_EXAMPLES,
            ),
        )
        for version in (row.control, row.candidate)
    ]  # fmt: skip


@requires(Action.READ_PROMPTS)
def decision(request: ProjectRequest, rollout_id: UUID, decision_id: int) -> HttpResponse:
    """Show the numbers that one decision was taken on."""
    row = rollout_of(request, rollout_id)
    kept = one(RolloutDecision.objects.filter(rollout=row).select_related("decided_by"), pk=decision_id)
    context = {"page_title": f"Decision of {row.prompt.name}", "rollout": row, "kept": kept}
    return render_page(request, "rollouts/decision.html", context, section="rollouts")


urlpatterns: list[URLPattern] = [
    path("rollouts/", rollouts, name="rollouts"),
    path("rollouts/<uuid:rollout_id>/", rollout, name="rollout"),
    path("rollouts/<uuid:rollout_id>/decisions/<int:decision_id>/", decision, name="rollout-decision"),
    *rollouts_actions.urlpatterns,
    *rollouts_start.urlpatterns,
]
