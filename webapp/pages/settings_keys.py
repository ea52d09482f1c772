"""Settings: the keys with which applications reach the project."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring import environments
from projects import keys, tokens
from projects.models import ApiKey
from projects.roles import Action, Scope
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.settings_frame import render_secret, render_settings

PAGE = "settings-keys"
APPLICATION_SCOPES = (Scope.INGEST, Scope.PROMPTS_READ, Scope.FEEDBACK_WRITE)

_LIFETIMES = [("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")]


class KeyForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=80, help_text="The application that will hold it, for example «support-api»."
    )
    scopes = forms.MultipleChoiceField(
        label="What the key may do", choices=Scope.choices, widget=forms.CheckboxSelectMultiple, initial=APPLICATION_SCOPES,
        error_messages={"required": "A key needs at least one permission. Tick what the application should be able to do."},
    )  # fmt: skip
    environment = forms.RegexField(
        r"^[\w.:-]*$", label="Environment", max_length=60, required=False,
        help_text="Binds the key: all its calls count as this environment. Empty: the application says where it runs.",
        error_messages={"invalid": "Use letters, digits, dots, dashes, colons and underscores."},
        widget=forms.TextInput(attrs={"list": "known-environments", "autocomplete": "off"}),
    )  # fmt: skip
    lifetime = forms.ChoiceField(label="Ends by itself", choices=_LIFETIMES, required=False)

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None


@requires(Action.MANAGE_PROJECT)
def key_list(request: ProjectRequest) -> HttpResponse:
    """Show the keys, who uses them and since when not."""
    rows = list(request.project.api_keys.select_related("created_by").order_by("-created_at")[:200])
    context = {
        "keys": [
            {
                "key": key, "scopes": [Scope(scope).label for scope in key.scopes],
                "public_key": tokens.public_key(key.key_id),
            }
            for key in rows
            if key.is_usable
        ],
        "ended_keys": [key for key in rows if not key.is_usable],
    }  # fmt: skip
    return render_settings(request, "settings/keys.html", context, page=PAGE)


@requires(Action.MANAGE_PROJECT)
@fresh
def create(request: ProjectRequest) -> HttpResponseBase:
    """Make a key and show it, this once."""
    is_sent = request.method == "POST"
    form = KeyForm(request.POST) if is_sent else KeyForm(initial=_like(request))
    if not is_sent or not form.is_valid():
        context = {"form": form, "environments_known": environments.names(project=request.project)}
        return render_settings(request, "settings/key_new.html", context, page=PAGE, status=422 if is_sent else 200)
    data = form.cleaned_data
    key, plain = keys.create(
        project=request.project, name=data["name"], scopes=data["scopes"], environment=data["environment"],
        expires_at=form.expires_at, by=request.user,
    )  # fmt: skip
    return render_secret(
        request,
        "settings/key_created.html",
        {
            "api_key": key, "plain": plain, "env_lines": env_lines(key, plain),
            "langfuse_lines": langfuse_lines(tokens.public_key(key.key_id), plain), "mcp_line": mcp_line(plain),
        },
        page=PAGE,
    )  # fmt: skip


def env_lines(key: ApiKey, plain: str) -> str:
    """Return the lines for the application's .env file."""
    lines = [f"CALLBOARD_URL={settings.PUBLIC_URL}", f"CALLBOARD_API_KEY={plain}"]
    if key.environment:
        lines.append(f"CALLBOARD_ENVIRONMENT={key.environment}")
    return "\n".join(lines)


def langfuse_lines(public_key: str, plain: str) -> str:
    """Return the lines that lead a Langfuse SDK here; older ones read the host, newer ones the base URL."""
    return "\n".join([
        f"LANGFUSE_PUBLIC_KEY={public_key}", f"LANGFUSE_SECRET_KEY={plain}", f"LANGFUSE_BASE_URL={settings.PUBLIC_URL}",
        f"LANGFUSE_HOST={settings.PUBLIC_URL}",
    ])  # fmt: skip


def mcp_line(plain: str) -> str:
    """Return the command that connects a coding assistant."""
    return (
        f'claude mcp add --transport http callboard {settings.PUBLIC_URL}/mcp --header "Authorization: Bearer {plain}"'
    )


def _like(request: ProjectRequest) -> dict[str, object]:
    """Return the values of the key that the new one should replace, if the address names one."""
    wanted = request.GET.get("like", "")
    if not wanted.isdigit():
        return {}
    key = one(request.project.api_keys.all(), pk=int(wanted))
    return {"name": key.name, "scopes": key.scopes, "environment": key.environment}


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def revoke(request: ProjectRequest, key_id: int) -> HttpResponseBase:
    """Make a key useless."""
    key = one(request.project.api_keys.select_related("project"), pk=key_id)
    keys.revoke(key=key, by=request.user)
    messages.success(
        request, f"The key «{key.name}» is revoked. It stops working within {keys.CACHE_SECONDS:.0f} seconds."
    )
    return redirect(PAGE, request.project.slug)


urlpatterns: list[URLPattern] = [
    path("settings/keys/", key_list, name=PAGE),
    path("settings/keys/new/", create, name="new-key"),
    path("settings/keys/<int:key_id>/revoke/", revoke, name="revoke-key"),
]
