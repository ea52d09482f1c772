"""What follows from a result: publishing the variant that won."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from evals.experiments.models import Experiment
from evals.experiments.plans import VERSION, Sampling, Variant
from projects.roles import Action
from prompt_registry import versions
from prompt_registry.errors import NoChanges, PromptRegistryError
from prompt_registry.models import PRODUCTION, Prompt
from webapp.access import ProjectRequest, requires
from webapp.pages.experiments_frame import address, experiment_of
from webapp.pages.prompts_form import number_in


@requires(Action.EDIT_PROMPTS)
@require_POST
def use(request: ProjectRequest, experiment_id: int) -> HttpResponseBase:
    """Lead to the page that publishes a variant; what was tested and is no version yet becomes one first."""
    experiment = experiment_of(request, experiment_id)
    place = number_in(request.POST, "column")
    if experiment.prompt is None or place >= len(experiment.variants):
        messages.error(
            request, "The prompt of this test is gone, or its answers were made in code: publish it from there."
        )
        return redirect(address(experiment))
    variant = Variant.from_json(experiment.variants[place])
    if variant.is_recorded:
        messages.error(request, "These are the answers of real calls, and no text that could be published.")
        return redirect(address(experiment))
    try:
        number = _number(request, experiment, experiment.prompt, variant)
    except PromptRegistryError as error:
        messages.error(request, str(error))
        return redirect(address(experiment))
    if variant.sampling != Sampling.ONCE:
        messages.info(
            request,
            f"The test made each answer by «{variant.sampling}». Publishing changes the text and the model only.",
        )
    publish = reverse("prompt-publish", args=[request.project.slug, experiment.prompt.pk])
    return redirect(f"{publish}?{urlencode({'version': number, 'to': PRODUCTION})}")


def _number(request: ProjectRequest, experiment: Experiment, prompt: Prompt, variant: Variant) -> int:
    """Return the version that says exactly what was tested, with the model that was asked."""
    content = variant.prompt_content
    if content.settings.model and variant.model and content.settings.model != variant.model:
        content = replace(content, settings=replace(content.settings, model=variant.model))
    elif variant.kind == VERSION and variant.number:
        return versions.by_number(prompt, variant.number).number
    known = prompt.versions.filter(content_hash=content.settled().hash).order_by("-number").first()
    if known is not None:
        return known.number
    try:
        note = f"Tested in «{experiment.name}»"[: versions.MAX_NOTE]
        return versions.save(prompt=prompt, content=content, note=note, by=request.user).number
    except NoChanges as found:
        return found.version.number


urlpatterns: list[URLPattern] = [
    path("experiments/<int:experiment_id>/use/", use, name="experiment-use"),
]
