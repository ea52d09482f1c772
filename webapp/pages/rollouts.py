"""Rollouts: the list of them, and the page of one with what was counted, what it means, and what happens next."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from django.db.models import Q
from django.http import HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from projects.roles import Action
from prompt_registry import dependents
from prompt_registry.models import Rollout, RolloutDecision
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.decisions import decide
from prompt_registry.rollouts.guardrails import Plan
from webapp import charts, formats
from webapp.access import ProjectRequest, one, requires
from webapp.chart_data import TimeSeriesChart
from webapp.pages import rollouts_actions, rollouts_examples, rollouts_split, rollouts_start, rollouts_view
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import helpers
from webapp.pages.rollouts_examples import ShownPair
from webapp.render import is_fragment, render_page
from workers import rollout_control, rollout_counting

PAGE_SIZE = 50
_MOST_DECISIONS = 3_000
_SHOWN_DECISIONS = 30
# Each carries all its numbers; older ones are not read for a picture.
_DRAWN_DECISIONS = 1_000

log = structlog.get_logger("callboard.rollouts")


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
    """Show one rollout as it stands; `pair` chooses which two answers to one question stand side by side."""
    row = rollout_of(request, rollout_id)
    if "pair" in request.GET and is_fragment(request):
        context = {"rollout": row, "pair": _pair(request, row)}
        return render_page(request, "rollouts/page.html", context, fragment="pairs", section="rollouts")
    context = _context(request, row)
    if not is_fragment(request):
        context["pair"] = _pair(request, row)
    return render_page(request, "rollouts/page.html", context, fragment="live", section="rollouts")


def _pair(request: ProjectRequest, row: Rollout) -> ShownPair | None:
    return rollouts_examples.pair(row, number_in(request.GET, "pair"))


def rollout_of(request: ProjectRequest, rollout_id: UUID) -> Rollout:
    """Return a rollout of the request's project, or answer 404."""
    related = ("project", "prompt", "prompt__project", "control", "candidate", "started_by", "continues")
    return one(Rollout.objects.for_project(request.project).select_related(*related), pk=rollout_id)


def _context(request: ProjectRequest, row: Rollout) -> dict[str, Any]:
    plan = changes.plan_of(row)
    kept = row.decisions.select_related("decided_by").filter(
        Q(is_applied=True) | Q(action__in=("freeze", "warn", "ask"))
    )
    may_publish = request.membership.can(changes.moves_on(row))
    including = [] if not row.is_active else dependents.of(
        project_id=row.project_id, name=row.prompt.name, labels=[row.label]
    )  # fmt: skip
    return {
        "page_title": f"{row.prompt.name} v{row.control.number} → v{row.candidate.number}",
        "rollout": row,
        "plan": plan,
        "reach": rollouts_view.reach(plan),
        "including": including,
        "including_words": rollouts_view.including_words([one.name for one in including]),
        "ran_for": formats.duration_seconds(((row.ended_at or timezone.now()) - row.started_at).total_seconds()),
        "stops": rollouts_view.stops(row, plan),
        "log": kept.order_by("-decided_at", "-pk")[:_SHOWN_DECISIONS],
        "may_publish": may_publish,
        "asks_why": request.GET.get("asks") == "why",
        "may_undo": request.membership.can(Action.UNDO_PUBLISH),
        "publishers": [] if may_publish else helpers(request, Action.PUBLISH),
        **_numbers(row, plan),
    }


def _numbers(row: Rollout, plan: Plan) -> dict[str, Any]:
    """Return what was counted and what it means; only a sentence when that cannot be worked out."""
    now = timezone.now()
    try:
        counts = rollout_counting.counts_lately(row, plan)
        situation = rollout_control.situation_of(row, plan, counts, now)
        decision = decide(situation)
        tiles = rollouts_view.tiles(plan, counts, situation, decision)
    except Exception:  # the buttons must work whatever is wrong with the numbers
        log.exception("the numbers of a rollout could not be shown", rollout=str(row.pk))
        return {"verdict": rollouts_view.without_numbers(row), "is_unknown": True}
    chart, each = _charts(row, plan)
    return {
        "verdict": rollouts_view.verdict(row, decision, tiles, new_people=situation.split_units[-1]),
        "next_step": rollouts_view.next_step(row, plan, decision, now),
        "arms": rollouts_view.arms(row, counts),
        "tiles": tiles,
        "triggers": rollouts_view.triggers(plan, situation) if row.is_active else [],
        "decision": decision,
        "split_cause": rollouts_split.cause(row, plan, decision),
        "strayed": counts.strayed_calls,
        "earlier": counts.earlier_calls,
        "charts": [(one, charts.svg(one), charts.numbers(one)) for one in (chart, each) if one],
        "examples": rollouts_examples.disliked(row),
    }


def _charts(row: Rollout, plan: Plan) -> tuple[TimeSeriesChart | None, TimeSeriesChart | None]:
    kept = row.decisions.exclude(evidence={}).order_by("-decided_at", "-pk")
    looks = list(reversed(kept.values_list("decided_at", "evidence__harm")[:_MOST_DECISIONS]))
    moves = row.decisions.filter(is_applied=True, action__in=("promote", "advance"))
    lately = reversed(kept.values_list("decided_at", "evidence__evidence")[:_DRAWN_DECISIONS])
    each = [(at, {one["name"]: one["not_worse"] for one in found or ()}) for at, found in lately]
    chart = rollouts_view.history(looks, list(moves.values_list("decided_at", "share_ppm")))
    return chart, rollouts_view.each_history(each, plan)


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
