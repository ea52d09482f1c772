"""Addresses of the settings of a project."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import (
    settings_audit,
    settings_keys,
    settings_members,
    settings_privacy,
    settings_project,
    settings_providers,
)


@requires(Action.MANAGE_PROJECT)
def settings(request: ProjectRequest) -> HttpResponse:
    """Lead to the first page of the settings."""
    return redirect("settings-project", request.project.slug)


urlpatterns: list[URLPattern] = [
    path("settings/", settings, name="settings"),
    *settings_project.urlpatterns,
    *settings_members.urlpatterns,
    *settings_keys.urlpatterns,
    *settings_providers.urlpatterns,
    *settings_privacy.urlpatterns,
    *settings_audit.urlpatterns,
]
