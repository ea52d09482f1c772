"""Publishing at a chosen moment: planning it and letting go of the plan."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects.roles import Action
from prompt_registry import labels, places, protection, schedules
from prompt_registry.errors import PromptRegistryError
from webapp import formats
from webapp.access import ProjectRequest, one, refuse, requires
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import prompt_of
from webapp.pages.prompts_plan import plan_of
from webapp.pages.prompts_publishing import show


@requires(Action.EDIT_PROMPTS)
@require_POST
def plan(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Let a version go live at the chosen moment."""
    prompt = prompt_of(request, prompt_id)
    planned = plan_of(request, prompt)
    action = labels.action_for(planned.place, planned.rule)
    if not request.membership.can(action):
        return refuse(request, action)
    if len(request.POST.getlist("accepted")) < len(planned.ticks):
        return show(request, prompt, planned, error="Tick every point that needs a decision first.", status=422)
    moment = _moment(request.POST.get("moment") or request.POST.get("publish_at", ""))
    if moment is None:
        return show(request, prompt, planned, error="Choose a day and a time.", status=422)
    try:
        schedules.plan(
            prompt=prompt, version=planned.version, label=planned.place, publish_at=moment, by=request.user,
            reason=request.POST.get("reason", ""), expected_version=number_in(request.POST, "expected"),
        )  # fmt: skip
    except PromptRegistryError as error:
        return show(request, prompt, plan_of(request, prompt), error=str(error), status=422)
    messages.success(request, f"v{planned.version.number} goes live in {planned.place} {formats.ago(moment)}.")
    return redirect(places.publishing(prompt, number=planned.version.number, label=planned.place))


@requires(Action.EDIT_PROMPTS)
@require_POST
def cancel(request: ProjectRequest, prompt_id: int, schedule_id: int) -> HttpResponseBase:
    """Let go of a plan; nothing changes."""
    prompt = prompt_of(request, prompt_id)
    schedule = one(prompt.schedules.select_related("prompt__project", "version"), pk=schedule_id)
    action = labels.action_for(schedule.label, protection.of(request.project))
    if not request.membership.can(action):
        return refuse(request, action)
    try:
        schedules.cancel(schedule=schedule, by=request.user)
    except PromptRegistryError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"v{schedule.version.number} is no longer planned for {schedule.label}.")
    return redirect(places.publishing(prompt, number=schedule.version.number, label=schedule.label))


def _moment(text: str) -> datetime | None:
    """Return the moment; one without a time zone is read in the server's, which the page names."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/schedule/", plan, name="prompt-schedule"),
    path("prompts/<int:prompt_id>/schedule/<int:schedule_id>/cancel/", cancel, name="prompt-unschedule"),
]
