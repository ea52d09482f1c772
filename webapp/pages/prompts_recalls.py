"""Three real calls, then and now: what applications got, beside what the live version and a new one answer today."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from monitoring.prompt_calls import PromptCall
from projects import spending
from projects.roles import Action
from prompt_registry import places, trials
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from prompt_registry.trial_models import Trial
from prompt_registry.trial_plans import CALL, VERSION, TrialInput, Variant
from webapp.access import ProjectRequest, requires
from webapp.pages import tryit_grid, tryit_progress, tryit_sources
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import prompt_of
from webapp.pages.prompts_plan import Plan, plan_of
from webapp.pages.tryit import in_usd, today_in_usd, trial_context
from webapp.pages.tryit_grid import CellView
from webapp.pages.tryit_sources import Choice

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """Calls that can be asked again, with both versions to ask them with, or why that is not possible."""

    inputs: list[TrialInput]
    variants: list[Variant]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Recall:
    """One call: what was asked, what it got then, and the answers of today."""

    given: TrialInput
    cells: list[CellView]


@requires(Action.RUN_MODELS)
@require_POST
def run(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Ask the calls again with both versions, and show the answers on the page of the publish."""
    prompt = prompt_of(request, prompt_id)
    plan = plan_of(request, prompt)
    offer, page = offer_of(request, plan), places.publishing(prompt, number=plan.version.number, label=plan.place)
    try:
        if offer.problem:
            raise PromptRegistryError(offer.problem)
        trial = trials.create(prompt=prompt, inputs=offer.inputs, variants=offer.variants, by=request.user)
        trials.ask(trial=trial, by=request.user)
    except PromptRegistryError as error:
        messages.error(request, str(error))
        return redirect(page)
    return redirect(f"{page}&trial={trial.pk}#then-and-now")


def context_of(request: ProjectRequest, prompt: Prompt, plan: Plan) -> dict[str, Any]:
    """Return what the page of a publish shows of the calls: those of the trial it names, or what a trial would cost."""
    if plan.current is None or plan.is_there:
        return {"recalls": None}
    trial = _trial(request, prompt, plan)
    if trial is not None:
        progress = tryit_progress.of(request, trial, is_inside=True)
        grid = tryit_grid.grid_of(request, trial, progress)
        shown = [Recall(row.given, row.cells) for row in grid.rows]
        return {**trial_context(request, progress), "recalls": shown, "grid": grid, "offer": offer_of(request, plan)}
    offer = offer_of(request, plan)
    estimate = trials.estimate(project_id=prompt.project_id, inputs=offer.inputs, variants=offer.variants)
    return {
        "recalls": [],
        "offer": offer,
        "estimate": in_usd(estimate),
        "can_run": request.membership.can(Action.RUN_MODELS),
        "today": today_in_usd(spending.today(project=request.project, user=request.user)),
        "people": tryit_grid.people_who_pay(request),
    }


def offer_of(request: ProjectRequest, plan: Plan) -> Offer:
    """Return the calls that are asked again: those that users disliked come first."""
    prompt = plan.version.prompt
    if plan.is_there:
        return Offer(
            [], [], f"v{plan.version.number} is live in {plan.place} already: there is nothing to compare it with."
        )
    if plan.current is None or not (calls := _calls(prompt)):
        return Offer([], [])
    samples = plan.after.samples
    inputs = [tryit_sources.input_of(call, filled=samples) for call in calls]
    desk = tryit_sources.desk_of(prompt, request.user)
    live = plan.current.version.number
    try:
        variants = [tryit_sources.variant_of(desk, Choice(str(number))) for number in (live, plan.version.number)]
    except PromptRegistryError as error:
        return Offer(inputs, [], str(error))
    return Offer(inputs, [replace(variant, is_live=variant.number == live) for variant in variants])


def _calls(prompt: Prompt) -> list[PromptCall]:
    disliked = tryit_sources.recent_calls(prompt, is_disliked=True, count=SHOWN)
    newest = tryit_sources.recent_calls(prompt, is_disliked=False, count=2 * SHOWN)
    return list({call.trace_id: call for call in [*disliked, *newest]}.values())[:SHOWN]


def _trial(request: ProjectRequest, prompt: Prompt, plan: Plan) -> Trial | None:
    """Return the trial that the address names, or else the newest one of these two versions, whoever made it."""
    assert plan.current is not None  # noqa: S101 - asked by context_of
    numbers = (plan.current.version.number, plan.version.number)
    same = Trial.objects.for_project(request.project).filter(
        prompt=prompt, variants__0__kind=VERSION, variants__0__number=numbers[0], variants__1__kind=VERSION,
        variants__1__number=numbers[1], variants__2__isnull=True, inputs__0__source=CALL,
    )  # fmt: skip
    found = same.select_related("project", "prompt", "created_by").newest_first()
    return (found.filter(pk=number_in(request.GET, "trial")) or found).first()


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/publish/calls/", run, name="prompt-recalls"),
]
