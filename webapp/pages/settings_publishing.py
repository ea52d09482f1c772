"""Settings: which places are protected, and whether a second person must approve what goes live there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects import notifications
from projects.models import AuditEvent
from projects.roles import Action
from prompt_registry import protection
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import PRODUCTION
from webapp.access import ProjectRequest, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.settings_frame import render_settings

PAGE = "settings-publishing"


class ProtectionForm(forms.Form):
    labels = forms.CharField(
        label="Also protected", required=False, max_length=800,
        help_text="Names apart by commas, such as staging, eu-production. «production» is always protected.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    @property
    def names(self) -> list[str]:
        return [name.strip() for name in self.cleaned_data["labels"].replace("\n", ",").split(",") if name.strip()]


@requires(Action.READ_PROMPTS)
def publishing(request: ProjectRequest) -> HttpResponse:
    """Show the rule to everybody; admins can change it."""
    return _page(request, _form(request))


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def protect(request: ProjectRequest) -> HttpResponseBase:
    """Choose the protected places."""
    form = ProtectionForm(request.POST)
    if form.is_valid():
        try:
            protection.protect(project=request.project, labels=form.names, by=request.user)
        except PromptRegistryError as error:
            form.add_error("labels", str(error))
        else:
            messages.success(request, "Saved. It holds from now on.")
            return redirect(PAGE, request.project.slug)
    return _page(request, form, status=422)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def switch_approval(request: ProjectRequest) -> HttpResponseBase:
    """Ask for approval before a publish, or stop asking; everybody sees which of the two holds."""
    is_required = request.POST.get("approval") == "on"
    protection.require_approval(project=request.project, is_required=is_required, by=request.user)
    if is_required:
        messages.success(request, "From now on a second person must approve what goes live.")
    else:
        messages.warning(request, "Approval is switched off. Every page of a prompt says so.")
    return redirect(PAGE, request.project.slug)


def _form(request: ProjectRequest) -> ProtectionForm:
    others = sorted(protection.of(request.project).labels - {PRODUCTION})
    return ProtectionForm(initial={"labels": ", ".join(others)})


def _page(request: ProjectRequest, form: ProtectionForm, *, status: int = 200) -> HttpResponse:
    rule = protection.of(request.project)
    switched = AuditEvent.objects.filter(
        project=request.project, action__in=("project.approval_switched_off", "project.approval_switched_on")
    )
    context: dict[str, Any] = {
        "rule": rule,
        "labels": sorted(rule.labels),
        "form": form,
        "switched": switched.select_related("user").order_by("-pk").first(),
        "approvers": notifications.who_may(project=request.project, action=Action.PUBLISH),
    }
    return render_settings(request, "settings/publishing.html", context, page=PAGE, status=status)


urlpatterns: list[URLPattern] = [
    path("settings/publishing/", publishing, name=PAGE),
    path("settings/publishing/protect/", protect, name="protect-labels"),
    path("settings/publishing/approval/", switch_approval, name="switch-approval"),
]
