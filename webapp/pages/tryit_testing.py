"""Makes a test of a trial: its inputs become items of a dataset, its columns are the texts that are compared."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from evals import trial_items
from evals.errors import EvalsError
from evals.models import Dataset
from projects.models import Project
from projects.roles import Action
from prompt_registry.trial_models import Trial
from prompt_registry.trial_plans import TrialInput, Variant
from webapp import formats
from webapp.access import ProjectRequest, one, requires
from webapp.pages import experiments_variants, tryit_sources
from webapp.pages.prompts_frame import prompt_of, render_prompt
from webapp.pages.tryit import trial_of

_NEW = "new"


class TestForm(forms.Form):
    dataset = forms.ChoiceField(label="Dataset")
    name = forms.CharField(
        label="Name of the new dataset", max_length=255, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(row.pk), row.name) for row in tryit_sources.datasets_of(project)]
        self.fields["dataset"] = forms.ChoiceField(label="Dataset", choices=[(_NEW, "A new dataset"), *choices])

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("dataset") == _NEW and not found.get("name"):
            self.add_error("name", "Give the new dataset a name.")
        return found


@requires(Action.EDIT_DATASETS)
def make_test(request: ProjectRequest, prompt_id: int, trial_id: int) -> HttpResponseBase:
    """Ask where the inputs of a trial go; a POST puts them there and opens the form of a new test."""
    prompt = prompt_of(request, prompt_id)
    trial = trial_of(request, prompt, trial_id)
    initial = {"dataset": _NEW, "name": trial_items.free_name(trial)}
    form = TestForm(request.POST if request.method == "POST" else None, project=request.project, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            dataset = _keep(request, trial, form.cleaned_data)
        except EvalsError as error:
            form.add_error("name" if form.cleaned_data["dataset"] == _NEW else None, str(error))
        else:
            return redirect(_form_address(trial, dataset))
    context = {
        "form": form,
        "trial": trial,
        "inputs": [TrialInput.from_json(raw) for raw in trial.inputs],
        "columns": [Variant.from_json(raw) for raw in trial.variants],
    }
    status = 422 if form.is_bound else 200
    return render_prompt(request, "experiments/of_trial.html", prompt, context, tab="try", status=status)


def _keep(request: ProjectRequest, trial: Trial, values: dict[str, Any]) -> Dataset:
    existing = None
    if values["dataset"] != _NEW:
        existing = one(Dataset.objects.for_project(request.project).active(), pk=int(values["dataset"]))
    kept = trial_items.keep(trial=trial, dataset=existing, name=values["name"], by=request.user)
    added, twice = kept.addition.added_count, kept.addition.duplicate_count
    sentences = [f"{formats.full_count(added)} {'input' if added == 1 else 'inputs'} added to «{kept.dataset.name}»."]
    if twice:
        sentences.append(f"{formats.full_count(twice)} {'was' if twice == 1 else 'were'} there already.")
    (messages.success if added else messages.info)(request, " ".join(sentences))
    return kept.dataset


def _form_address(trial: Trial, dataset: Dataset) -> str:
    chosen: list[tuple[str, object]] = [("prompt", trial.prompt_id), ("dataset", dataset.pk)]
    for place, variant in enumerate(Variant.from_json(raw) for raw in trial.variants):
        chosen += [
            ("what", experiments_variants.tried(trial, place)), ("on", variant.connection_id), ("model", variant.model)
        ]  # fmt: skip
    return f"{reverse('experiment-new', args=[trial.project.slug])}?{urlencode(chosen)}"


urlpatterns: list[URLPattern] = [path("prompts/<int:prompt_id>/try/<int:trial_id>/test/", make_test, name="trial-test")]
