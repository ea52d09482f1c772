"""Beside the draft: asks a model what it answers to the call that is shown, with the draft as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from monitoring.prompt_calls import PromptCall
from projects.roles import Action
from prompt_registry import contents, trials
from prompt_registry.contents import PromptContent
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from prompt_registry.trial_plans import DRAFT, TrialInput, Variant
from webapp.access import ProjectRequest, requires
from webapp.pages import tryit_grid, tryit_progress, tryit_sources
from webapp.pages.prompts_form import Editor, number_in, raw_of
from webapp.pages.prompts_frame import prompt_of
from webapp.pages.tryit import in_usd, trial_context
from webapp.pages.tryit_sources import Choice


@dataclass(frozen=True, slots=True)
class Offer:
    """What trying the example costs, or why it cannot be tried."""

    estimate: Mapping[str, Any]
    problem: str = ""


@requires(Action.RUN_MODELS)
@require_POST
def run(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Ask with the draft that the form holds, and answer with the place where the answer appears."""
    prompt = prompt_of(request, prompt_id)
    call = next(iter(tryit_sources.calls_of(prompt, [request.POST.get("example", "")])), None)
    is_part = request.headers.get("HX-Request") == "true"
    try:
        content = contents.read(raw_of(prompt.type, request.POST))[0]
        variant = _variant(request, prompt, content, base=number_in(request.POST, "base"))
        trial = trials.create(prompt=prompt, inputs=[_input(call, content)], variants=[variant], by=request.user)
        trials.ask(trial=trial, by=request.user)
    except PromptRegistryError as error:
        if is_part:
            return render(request, "prompts/example_trial.html", {"problem": str(error)})
        messages.error(request, str(error))
        return redirect("prompt", request.project.slug, prompt.pk)
    if not is_part:
        return redirect("trial", request.project.slug, prompt.pk, trial.pk)
    progress = tryit_progress.of(request, trial, is_inside=True)
    views = tryit_grid.views_of(request, trial, progress, list(trial.cells.all()))
    context = {**trial_context(request, progress), "views": views, "variant": variant, "call": call}
    return render(request, "prompts/example_trial.html", context)


def offer_of(request: ProjectRequest, prompt: Prompt, editor: Editor) -> Offer | None:
    """Return what trying the example that is shown costs; nothing for those who may not."""
    if not request.membership.can(Action.RUN_MODELS):
        return None
    try:
        variant = _variant(request, prompt, editor.content, base=0)
    except tryit_sources.NoConnection as error:
        return Offer({}, str(error))
    except PromptRegistryError:
        # What keeps the draft from being tried keeps it from being saved too, and is said there.
        return None
    given = _input(editor.around.example.call, editor.content)
    estimate = trials.estimate(project_id=prompt.project_id, inputs=[given], variants=[variant])
    return Offer(in_usd(estimate))


def _variant(request: ProjectRequest, prompt: Prompt, content: PromptContent, *, base: int) -> Variant:
    desk = replace(tryit_sources.desk_of(prompt, request.user), draft=content, draft_base=base)
    return tryit_sources.variant_of(desk, Choice(DRAFT))


def _input(call: PromptCall | None, content: PromptContent) -> TrialInput:
    if call is None:
        return TrialInput(content.samples)
    return tryit_sources.input_of(call, filled=content.samples)


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/try-example/", run, name="prompt-try-example"),
]
