"""What changes a trial: running, stopping, adding, judging, keeping."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals.errors import EvalsError
from evals.models import Dataset
from projects.roles import Action
from prompt_registry import trials
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from prompt_registry.trial_models import Trial
from prompt_registry.trial_plans import TrialInput, Variant
from webapp.access import ProjectRequest, one, requires
from webapp.pages import tryit_keep, tryit_setup, tryit_sources
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import prompt_of
from webapp.pages.tryit import cell_of, render_news, trial_of
from webapp.pages.tryit_sources import Choice


@requires(Action.RUN_MODELS)
@require_POST
def run(request: ProjectRequest, prompt_id: int, trial_id: int) -> HttpResponseBase:
    """Ask for the answers of the grid, or of the row, the column or the cell that the form names."""
    trial = trial_of(request, prompt_of(request, prompt_id), trial_id)
    places = {
        name: number_in(request.POST, name) for name in ("row", "column") if request.POST.get(name, "").isdigit()
    }  # fmt: skip
    try:
        trials.ask(trial=trial, by=request.user, only_new=request.POST.get("do") == "new", **places)
    except PromptRegistryError as error:
        messages.error(request, str(error))
    return _answer(request, trial)


@requires(Action.RUN_MODELS)
@require_POST
def stop(request: ProjectRequest, prompt_id: int, trial_id: int) -> HttpResponseBase:
    """Stop what waits or is under way."""
    trial = trial_of(request, prompt_of(request, prompt_id), trial_id)
    trials.stop(trial=trial, by=request.user)
    return _answer(request, trial)


@requires(Action.RUN_MODELS)
@require_POST
def add(request: ProjectRequest, prompt_id: int, trial_id: int) -> HttpResponseBase:
    """Add a column, real calls, or a row typed by hand, and ask for the new answers."""
    prompt = prompt_of(request, prompt_id)
    trial = trial_of(request, prompt, trial_id)
    try:
        inputs, variants = _new_inputs(request, prompt, trial), _new_variants(request, prompt)
        if inputs or variants:
            trial = trials.add(trial=trial, inputs=inputs, variants=variants, by=request.user)
            trials.ask(trial=trial, by=request.user, only_new=True)
        else:
            messages.info(
                request, "There is nothing to add: these calls are in the grid already, or nothing was chosen."
            )
    except PromptRegistryError as error:
        messages.error(request, str(error))
    return redirect("trial", request.project.slug, prompt.pk, trial.pk)


@requires(Action.RUN_MODELS)
@require_POST
def judge(request: ProjectRequest, prompt_id: int, trial_id: int, row: int, column: int) -> HttpResponseBase:
    """Mark an answer as better, or as good as the others."""
    trial = trial_of(request, prompt_of(request, prompt_id), trial_id)
    trials.judge(cell=cell_of(trial, row, column), mark=request.POST.get("mark", ""), by=request.user)
    return _answer(request, trial)


@requires(Action.EDIT_PROMPTS)
@require_POST
def keep(request: ProjectRequest, prompt_id: int, trial_id: int, row: int, column: int) -> HttpResponseBase:
    """Keep an input with this answer as an item of a dataset."""
    trial = trial_of(request, prompt_of(request, prompt_id), trial_id)
    cell = cell_of(trial, row, column)
    given, variant = TrialInput.from_json(trial.inputs[row]), Variant.from_json(trial.variants[column])
    dataset = one(Dataset.objects.for_project(request.project), pk=number_in(request.POST, "place"))
    try:
        sentence = tryit_keep.keep(dataset=dataset, cell=cell, given=given, variant=variant, by=request.user)
    except EvalsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, sentence)
    return redirect("trial", request.project.slug, trial.prompt_id, trial.pk)


def _answer(request: ProjectRequest, trial: Trial) -> HttpResponseBase:
    if request.headers.get("HX-Request") == "true":
        return render_news(request, trial, have=request.POST.get("have", ""))
    return redirect("trial", request.project.slug, trial.prompt_id, trial.pk)


def _new_variants(request: ProjectRequest, prompt: Prompt) -> list[Variant]:
    if not (what := request.POST.get("what", "")):
        return []
    choice = Choice(what, request.POST.get("on", ""), request.POST.get("model", ""))
    return [tryit_sources.variant_of(tryit_sources.desk_of(prompt, request.user), choice)]


def _new_inputs(request: ProjectRequest, prompt: Prompt, trial: Trial) -> list[TrialInput]:
    """Return the rows that the form asks for; real calls that are in the grid already are left out."""
    typed = {
        name.removeprefix("value-"): str(value) for name, value in request.POST.items() if name.startswith("value-") and value
    }  # fmt: skip
    if typed:
        return [TrialInput(typed)]
    source = request.POST.get("source", "")
    if source not in (tryit_setup.NEWEST, tryit_setup.DISLIKED):
        return []
    count = number_in(request.POST, "count")
    calls = tryit_sources.recent_calls(
        prompt, is_disliked=source == tryit_setup.DISLIKED, count=count if count in tryit_setup.COUNTS else 1
    )
    known = {given["trace_id"] for given in trial.inputs}
    return [tryit_sources.input_of(call, filled={}) for call in calls if call.trace_id.hex not in known]


_CELL = "prompts/<int:prompt_id>/try/<int:trial_id>/<int:row>/<int:column>"
urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/try/<int:trial_id>/run/", run, name="trial-run"),
    path("prompts/<int:prompt_id>/try/<int:trial_id>/stop/", stop, name="trial-stop"),
    path("prompts/<int:prompt_id>/try/<int:trial_id>/add/", add, name="trial-add"),
    path(f"{_CELL}/judge/", judge, name="trial-judge"),
    path(f"{_CELL}/keep/", keep, name="trial-keep"),
]
