"""Checks on live calls: which there are, how each is doing, what it said last, and stopping and going on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from evals.errors import EvalsError
from evals.online import changes, queries
from evals.online.models import OnlineEvaluation, OnlineJudgement, OnlineState
from evals.online.queries import Standing
from monitoring.models import span_hex
from projects import spending
from projects.roles import Action
from webapp import formats
from webapp.access import ProjectRequest, one, requires
from webapp.pages.evaluators_frame import SECTION
from webapp.pages.traces_links import trace_url
from webapp.render import render_page

RESULTS = 50
_KINDS = {OnlineState.ACTIVE: "good", OnlineState.PAUSED: "none", OnlineState.BLOCKED: "warn"}


@requires(Action.READ_TRACES)
def online_list(request: ProjectRequest) -> HttpResponse:
    """Show every check on live calls with how it is doing."""
    context = {
        "page_title": "Checks on live calls",
        "crumbs": _crumbs(request),
        "rows": [row_of(standing) for standing in queries.standings(request.project)],
        "may_edit": request.membership.can(Action.EDIT_EVALUATORS),
    }
    return render_page(request, "online/list.html", context, section=SECTION)


@requires(Action.READ_TRACES)
def detail(request: ProjectRequest, online_id: int) -> HttpResponse:
    """Show one with its newest results, those that did not pass alone when that is asked for."""
    online = online_of(request, online_id)
    only_failed = request.GET.get("show") == "failed"
    standing = queries.standing(online)
    found = queries.newest(online, limit=RESULTS, only_failed=only_failed)
    version = online.evaluator_version
    context = {
        "page_title": version.evaluator.name,
        "crumbs": [*_crumbs(request), {"label": "On live calls", "url": reverse("online-evaluations", args=[request.project.slug])}],
        "online": online,
        "row": row_of(standing),
        "standing": standing,
        "preview": queries.preview(online),
        "preview_cost": cost_words(queries.preview(online)),
        "results": [_result(request, judgement) for judgement in found],
        "only_failed": only_failed,
        "newer_version": version.evaluator.version if version.evaluator.version != version.number else 0,
        "may_edit": request.membership.can(Action.EDIT_EVALUATORS),
    }  # fmt: skip
    return render_page(request, "online/detail.html", context, section=SECTION)


@requires(Action.EDIT_EVALUATORS)
@require_POST
def act(request: ProjectRequest, online_id: int, act: str) -> HttpResponseBase:
    """Pause it, let it go on, let it judge with the newest version of its check, or remove it."""
    online = online_of(request, online_id)
    try:
        _ACTS[act](online=online, by=request.user)
    except EvalsError as error:
        messages.error(request, str(error))
        return redirect("online-evaluation", request.project.slug, online.pk)
    messages.success(request, _DONE[act])
    if act == "remove":
        return redirect("online-evaluations", request.project.slug)
    return redirect("online-evaluation", request.project.slug, online.pk)


def online_of(request: ProjectRequest, online_id: int) -> OnlineEvaluation:
    """Return one of the request's project, or answer 404."""
    rows = OnlineEvaluation.objects.for_project(request.project)
    return one(rows.select_related("project", "evaluator_version__evaluator"), pk=online_id)


def row_of(standing: Standing) -> dict[str, Any]:
    """Return how one is doing, in words."""
    online = standing.online
    return {
        "online": online,
        "name": online.evaluator_version.evaluator.name,
        "calls": calls_in_words(online),
        "state": online.get_state_display(),
        "state_kind": _KINDS[OnlineState(online.state)],
        "judged": standing.judged,
        "passed": formats.percent(standing.pass_share),
        "failed": standing.failed,
        "spent": spending.in_dollars(standing.spent_nano_usd),
        "cap": spending.in_dollars(online.cap_nano_usd),
        "lag": formats.duration_seconds(standing.lag_seconds) if standing.lag_seconds >= 60 else "",
    }


def calls_in_words(online: OnlineEvaluation) -> str:
    """Return which calls are judged, such as «10% of the calls of support/answer in production»."""
    words = "all calls" if online.share == 1 else f"{formats.percent(online.share)} of the calls"
    if online.prompt_name:
        words += f" of {online.prompt_name}"
    if online.label:
        words += f" ({online.label})"
    if online.environment:
        words += f" in {online.environment}"
    return f"{words} with {online.model}" if online.model else words


def cost_words(preview: queries.Preview) -> str:
    """Return about how much a day would cost."""
    if preview.cost is None:
        return "for a price that is known when such a call arrives"
    if not preview.cost.nano_usd:
        return "for nothing"
    about = f"for about {formats.usd(preview.cost.nano_usd / spending.NANO)}"
    return about if preview.cost.is_price_known else f"{about} at most, as nobody set a price for its model"


def _crumbs(request: ProjectRequest) -> list[dict[str, str]]:
    return [{"label": "Checks", "url": reverse("evaluators", args=[request.project.slug])}]


def _result(request: ProjectRequest, judgement: OnlineJudgement) -> dict[str, Any]:
    passed = judgement.passed
    return {
        "judgement": judgement,
        "url": trace_url(request.project, judgement.trace_id.hex, span=span_hex(judgement.span_id)),
        "label": "Not judged" if passed is None else "Passes" if passed else "Fails",
        "kind": "none" if passed is None else "good" if passed else "bad",
    }


_ACTS: dict[str, Any] = {
    "pause": changes.pause, "resume": changes.resume, "use-newest": changes.use_newest, "remove": changes.remove,
}  # fmt: skip
_DONE = {
    "pause": "Paused. Calls that arrive meanwhile are not judged later.",
    "resume": "It watches the calls that arrive from now on.",
    "use-newest": "New calls are judged by the newest version of the check.",
    "remove": "Removed. The scores stay on the calls.",
}

urlpatterns: list[URLPattern] = [
    path("evaluators/live/", online_list, name="online-evaluations"),
    path("evaluators/live/<int:online_id>/", detail, name="online-evaluation"),
    path("evaluators/live/<int:online_id>/pause/", act, {"act": "pause"}, name="online-evaluation-pause"),
    path("evaluators/live/<int:online_id>/resume/", act, {"act": "resume"}, name="online-evaluation-resume"),
    path(
        "evaluators/live/<int:online_id>/use-newest/", act, {"act": "use-newest"}, name="online-evaluation-use-newest"
    ),
    path("evaluators/live/<int:online_id>/remove/", act, {"act": "remove"}, name="online-evaluation-remove"),
]
