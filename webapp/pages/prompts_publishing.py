"""Publishing: what will change, on one page, before anything does; and taking it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects.roles import Action
from prompt_registry import change_requests, changes, drafts, labels, queries
from prompt_registry.errors import PromptRegistryError, PublishedMeanwhile
from prompt_registry.models import Prompt
from webapp.access import ProjectRequest, refuse, requires
from webapp.pages import prompts_recalls, prompts_request_talk
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import PLACES, fleet_of, helpers, prompt_of, render_prompt, standing
from webapp.pages.prompts_included import affected
from webapp.pages.prompts_plan import Plan, plan_of
from webapp.pages.prompts_talk import Failed
from webapp.pages.prompts_versions import compared
from webapp.pages.tryit import may_stream

VIEWS = (("inline", "Words inline"), ("side", "Side by side"))


@requires(Action.READ_PROMPTS)
def publish(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Show what a publish would change; a POST publishes."""
    prompt = prompt_of(request, prompt_id)
    plan = plan_of(request, prompt)
    if request.method != "POST":
        return show(request, prompt, plan)
    action = labels.action_for(plan.place, plan.rule)
    if not request.membership.can(action):
        return refuse(request, action)
    if len(request.POST.getlist("accepted")) < len(plan.ticks):
        return show(request, prompt, plan, error="Tick every point that needs a decision first.", status=422)
    try:
        labels.publish(
            prompt=prompt, version=plan.version, label=plan.place, by=request.user, reason=request.POST.get("reason", ""),
            expected_version=number_in(request.POST, "expected"),
        )  # fmt: skip
    except PromptRegistryError as error:
        status = 409 if isinstance(error, PublishedMeanwhile) else 422
        return show(request, prompt, plan_of(request, prompt), error=str(error), status=status)
    messages.success(request, f"v{plan.version.number} is live in {plan.place}. Applications are being told now.")
    return redirect("prompt-versions", request.project.slug, prompt.pk)


@requires(Action.READ_PROMPTS)
def use(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Answer with the line that says how many running processes use what is live."""
    prompt = prompt_of(request, prompt_id)
    context = {"project": request.project, "prompt": prompt, **fleet_of(prompt, queries.live(prompt=prompt))}
    return render(request, "prompts/fleet.html", context)


@requires(Action.UNDO_PUBLISH)
@require_POST
def undo(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Bring back what was live before."""
    prompt = prompt_of(request, prompt_id)
    place = request.POST.get("place", "")
    try:
        move = labels.undo(
            prompt=prompt, label=place, by=request.user, expected_version=number_in(request.POST, "expected")
        )
    except PromptRegistryError as error:
        messages.error(request, str(error))
    else:
        gone = move.from_version.number if move.from_version else 0
        messages.success(request, f"v{move.to_version.number} is back in {place}. v{gone} stays in the history.")
    return redirect("prompt-versions", request.project.slug, prompt.pk)


def show(
    request: ProjectRequest, prompt: Prompt, plan: Plan, *, error: str = "", failed: Failed | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    """Answer with the page that says what will change."""
    before, after = plan.before, plan.after
    view = "side" if request.GET.get("view") == "side" else "inline"
    address = f"?version={plan.version.number}&to={plan.place}"
    context = {
        "page_title": f"Publish v{plan.version.number} to {plan.place}",
        "plan": plan,
        "error": error,
        "typed": request.POST,
        "places": list(dict.fromkeys([*PLACES, *sorted(plan.rule.labels), plan.place])),
        "changes": changes.describe(before=before, after=after),
        "compared": compared(changes.pairs(before, after), is_whole=False) if before else [],
        "affected": affected(plan.version, plan.place, plan.current.version if plan.current else None),
        "view": view,
        "views": [{"label": label, "url": f"{address}&view={name}", "current": name == view} for name, label in VIEWS],
        "address": address,
        "has_draft": drafts.of(prompt=prompt, user=request.user) is not None,
        "page_url": request.build_absolute_uri(),
        **_who(request, plan),
        **_elsewhere(request, prompt, plan),
        **prompts_recalls.context_of(request, prompt, plan),
        **prompts_request_talk.context_of(request, plan, failed=failed),
    }
    return may_stream(render_prompt(request, "prompts/publish.html", prompt, context, tab="versions", status=status))


def _elsewhere(request: ProjectRequest, prompt: Prompt, plan: Plan) -> dict[str, Any]:
    """Return what else waits or is planned for the prompt; what this plan is about stands in its own place."""
    found = standing(request, prompt)
    asked = [one for one in found["asked_for"] if plan.request is None or one.pk != plan.request.pk]
    planned = [one for one in found["planned"] if plan.schedule is None or one.pk != plan.schedule.pk]
    return {"asked_for": asked, "planned": planned}


def _who(request: ProjectRequest, plan: Plan) -> dict[str, Any]:
    """Return what this person may do about the plan, and whom to ask for the rest."""
    action = labels.action_for(plan.place, plan.rule)
    may_publish, asked = request.membership.can(action), plan.active_request
    why_not = change_requests.why_not(asked, request.user) if asked else ""
    possible = change_requests.possible_reviewers(version=plan.version, by=request.user) if plan.is_protected else []
    is_agreed = plan.approval is not None or not plan.needs_approval
    return {
        "may_publish": may_publish,
        "can_go_live": may_publish and is_agreed and not plan.stops,
        "may_review": bool(asked and request.membership.can(Action.PUBLISH) and not why_not),
        "why_not": why_not if request.membership.can(Action.PUBLISH) else "",
        "may_withdraw": bool(asked and change_requests.may_withdraw(asked, request.user)),
        "reviewers": change_requests.reviewers(asked) if asked else possible,
        "publishers": helpers(request, action),
    }


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/publish/", publish, name="prompt-publish"),
    path("prompts/<int:prompt_id>/undo/", undo, name="prompt-undo"),
    path("prompts/<int:prompt_id>/use/", use, name="prompt-use"),
]
