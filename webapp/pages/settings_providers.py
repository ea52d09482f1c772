"""Settings: where models are reached. Keys of providers go in and never come out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from projects.errors import ProjectsError
from projects.roles import Action
from prompt_registry import connections
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import ProviderConnection
from prompt_registry.providers.errors import ProviderError
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.settings_frame import render_settings

PAGE = "settings-providers"
_SHOWN_OF_ANSWER = 2_048
_REFUSALS = (PromptRegistryError, ProviderError)


class ConnectionForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=80, help_text="How your team calls it, for example «OpenAI» or «Our own server»."
    )
    base_url = forms.CharField(
        label="Address", max_length=500,
        help_text="Of the OpenAI-compatible API, usually ending in /v1, for example https://api.openai.com/v1.",
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    api_key = forms.CharField(
        label="Key",
        max_length=500,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    default_model = forms.CharField(
        label="Model", max_length=120, required=False, help_text="Used for the test, and when a prompt names no model.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


@requires(Action.MANAGE_PROVIDERS)
def provider_list(request: ProjectRequest) -> HttpResponse:
    """Show the connections of the project."""
    rows = list(request.project.provider_connections.order_by("name")[:200])
    context = {"connections": rows, "has_simulated": any(row.is_simulated for row in rows)}
    return render_settings(request, "settings/providers.html", context, page=PAGE)


@requires(Action.MANAGE_PROVIDERS)
@sensitive_post_parameters("api_key")
@fresh
def create(request: ProjectRequest) -> HttpResponseBase:
    """Connect a provider."""
    if request.method != "POST":
        return _form_page(request, ConnectionForm(), None)
    form = ConnectionForm(request.POST)
    if form.is_valid():
        try:
            connection = connections.create(project=request.project, by=request.user, **_values(form))
        except _REFUSALS as error:
            form.add_error(_field_of(error), str(error))
        else:
            messages.success(request, f"«{connection.name}» is connected. Test it to see a real answer.")
            return redirect(PAGE, request.project.slug)
    return _form_page(request, form, None, status=422)


@requires(Action.MANAGE_PROVIDERS)
@require_POST
@fresh
def add_simulated(request: ProjectRequest) -> HttpResponseBase:
    """Connect the simulated provider."""
    try:
        connections.add_simulated(project=request.project, by=request.user)
    except PromptRegistryError as error:
        messages.error(request, str(error))
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROVIDERS)
@sensitive_post_parameters("api_key")
@fresh
def change(request: ProjectRequest, connection_id: int) -> HttpResponseBase:
    """Change a connection or replace its key."""
    connection = _connection(request, connection_id)
    if request.method != "POST":
        initial = {"name": connection.name, "base_url": connection.base_url, "default_model": connection.default_model}
        return _form_page(request, ConnectionForm(initial=initial), connection)
    form = ConnectionForm(request.POST)
    if form.is_valid():
        try:
            changed = connections.change(connection=connection, by=request.user, **_values(form))
        except _REFUSALS as error:
            form.add_error(_field_of(error), str(error))
        else:
            is_erased = bool(connection.key_sealed) and not changed.key_sealed
            messages.success(
                request, f"«{changed.name}» is saved." + (" Its key was erased: enter it again." if is_erased else "")
            )
            return redirect(PAGE, request.project.slug)
    return _form_page(request, form, connection, status=422)


@requires(Action.MANAGE_PROVIDERS)
@require_POST
@fresh
def delete(request: ProjectRequest, connection_id: int) -> HttpResponseBase:
    """Remove a connection and its key."""
    connection = _connection(request, connection_id)
    connections.delete(connection=connection, by=request.user)
    messages.success(request, f"«{connection.name}» is removed, with its key.")
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROVIDERS)
@require_POST
def attempt(request: ProjectRequest, connection_id: int) -> HttpResponseBase:
    """Ask the provider something and show its real answer, how long it took and what it cost."""
    connection = _connection(request, connection_id)
    context: dict[str, Any] = {"connection": connection}
    try:
        trial = connections.attempt(connection=connection, by=request.user)
    except (ProviderError, PromptRegistryError, ProjectsError) as error:
        context |= {"error": str(error), "detail": getattr(error, "detail", "")[:_SHOWN_OF_ANSWER]}
    else:
        context |= {"trial": trial, "answer": trial.completion.text[:_SHOWN_OF_ANSWER]}
    return render_settings(request, "settings/provider_tried.html", context, page=PAGE)


def _connection(request: ProjectRequest, connection_id: int) -> ProviderConnection:
    return one(request.project.provider_connections.select_related("project"), pk=connection_id)


def _values(form: ConnectionForm) -> dict[str, str]:
    return {name: form.cleaned_data[name] for name in ("name", "base_url", "api_key", "default_model")}


def _field_of(error: Exception) -> str | None:
    if isinstance(error, ProviderError):
        return "base_url"
    named = (connections.ConnectionNameMissing, connections.ConnectionNameTaken)
    return "name" if isinstance(error, named) else None


def _form_page(
    request: ProjectRequest, form: ConnectionForm, connection: ProviderConnection | None, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "connection": connection}
    return render_settings(request, "settings/provider_form.html", context, page=PAGE, status=status)


urlpatterns: list[URLPattern] = [
    path("settings/providers/", provider_list, name=PAGE),
    path("settings/providers/new/", create, name="new-provider"),
    path("settings/providers/simulated/", add_simulated, name="add-simulated-provider"),
    path("settings/providers/<int:connection_id>/", change, name="change-provider"),
    path("settings/providers/<int:connection_id>/delete/", delete, name="delete-provider"),
    path("settings/providers/<int:connection_id>/test/", attempt, name="test-provider"),
]
