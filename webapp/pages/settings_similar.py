"""Settings: what finds the calls that are about the same, this machine or a model of a provider."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from monitoring import embeddings
from monitoring.embeddings import EmbeddingRefused, choosing, sentence_model
from monitoring.models import AnalysisSettings
from projects.errors import ProjectsError
from projects.models import Project
from projects.roles import Action
from prompt_registry.models import ProviderConnection
from prompt_registry.providers.errors import ProviderError
from webapp.access import ProjectRequest, one, requires
from webapp.pages.settings_frame import render_settings

PAGE = "settings-similar"
HERE = ""
_TEST = "test"
_SHOWN_OF_ANSWER = 2_048
_NUMBERS_SHOWN = 6
_REFUSALS = (ProviderError, ProjectsError, EmbeddingRefused)


class SimilarForm(forms.Form):
    connection = forms.ChoiceField(label="Where", required=False)
    model = forms.CharField(
        label="Model", max_length=120, required=False, help_text="An embedding model of the provider, for example text-embedding-3-small.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connections = project.provider_connections.order_by("name").values_list("pk", "name")[:200]
        choices = [(HERE, "On this machine"), *((str(pk), name) for pk, name in connections)]
        self.fields["connection"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("connection") and not values.get("model"):
            self.add_error("model", "Type the name of the embedding model: the provider has to know which one to ask.")
        return values


@requires(Action.MANAGE_PROVIDERS)
def similar(request: ProjectRequest) -> HttpResponse:
    """Show what is used, test another, or use it from now on."""
    if request.method != "POST":
        return _page(request, SimilarForm(project=request.project, initial=_initial(request.project)))
    form = SimilarForm(request.POST, project=request.project)
    if not form.is_valid():
        return _page(request, form, status=422)
    if form.cleaned_data["connection"] == HERE:
        return _tested_here(request, form) if _TEST in request.POST else _use_here(request)
    try:
        return _asked(request, form)
    except _REFUSALS as error:
        detail = getattr(error, "detail", "")[:_SHOWN_OF_ANSWER]
        return _page(request, form, status=422, error=str(error), detail=detail)


def _asked(request: ProjectRequest, form: SimilarForm) -> HttpResponse:
    connection = one(request.project.provider_connections.select_related("project"), pk=form.cleaned_data["connection"])
    values = {
        "project": request.project,
        "connection": connection,
        "model": form.cleaned_data["model"],
        "by": request.user,
    }
    if _TEST in request.POST:
        return _page(request, form, **_tried(choosing.attempt(**values), connection))
    trial = choosing.choose(**values)
    messages.success(
        request, f"«{connection.name}» answered with {trial.dimensions} numbers for a text, and is used from now on."
    )
    return redirect(PAGE, request.project.slug)


def _tested_here(request: ProjectRequest, form: SimilarForm) -> HttpResponse:
    vectors = embeddings.embed(choosing.SAMPLES)
    alike, different = (float(vectors[0] @ vectors[place]) for place in (1, 2))
    return _page(request, form, samples=_samples(alike, different), dimensions=embeddings.DIMENSIONS, is_here=True,
                 model=embeddings.version(), numbers=_numbers(vectors[0].tolist()))  # fmt: skip


def _use_here(request: ProjectRequest) -> HttpResponse:
    choosing.choose_local(project=request.project, by=request.user)
    messages.success(request, "Texts are compared on this machine from now on.")
    return redirect(PAGE, request.project.slug)


def _tried(trial: choosing.Trial, connection: ProviderConnection) -> dict[str, Any]:
    embedded = trial.reply.embedded
    return {
        "samples": _samples(trial.alike, trial.different), "dimensions": trial.dimensions, "model": embedded.model,
        "numbers": _numbers(embedded.vectors[0]), "latency_ms": embedded.latency_ms, "tokens": embedded.input_tokens,
        "cost_usd": trial.reply.cost.nano_usd / 1e9, "is_price_known": trial.reply.cost.is_price_known,
        "is_simulated": connection.is_simulated,
    }  # fmt: skip


def _samples(alike: float, different: float) -> list[tuple[str, str, float]]:
    first, same, other = choosing.SAMPLES
    return [(first, same, alike), (first, other, different)]


def _numbers(vector: Any) -> str:
    return ", ".join(f"{value:.4f}" for value in vector[:_NUMBERS_SHOWN])


def _initial(project: Project) -> dict[str, Any]:
    chosen = AnalysisSettings.objects.filter(project=project).first()
    if chosen is None:
        return {}
    return {"connection": str(chosen.embedding_connection_id or HERE), "model": chosen.embedding_model}


def _page(request: ProjectRequest, form: SimilarForm, *, status: int = 200, **tried: Any) -> HttpResponse:
    chosen = AnalysisSettings.objects.filter(project=request.project).first()
    connection = None
    if chosen and chosen.embedding_connection_id:
        connection = request.project.provider_connections.filter(pk=chosen.embedding_connection_id).first()
    context = {
        "form": form, "chosen": chosen, "connection": connection, "tried": tried,
        "has_weights": sentence_model.is_there(),
    }  # fmt: skip
    return render_settings(request, "settings/similar.html", context, page=PAGE, status=status)


urlpatterns: list[URLPattern] = [path("settings/similar/", similar, name=PAGE)]
