"""Addresses of the settings of a project."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import (
    alerts,
    erasures,
    settings_audit,
    settings_data,
    settings_detectors,
    settings_ingestion,
    settings_keys,
    settings_links,
    settings_members,
    settings_prices,
    settings_privacy,
    settings_project,
    settings_providers,
    settings_publishing,
    settings_scheduled_exports,
    settings_similar,
    settings_spending,
    settings_webhooks,
)
from webapp.pages.settings_frame import PAGES


@requires(Action.READ_TRACES)
def settings(request: ProjectRequest) -> HttpResponse:
    """Lead to the first page of the settings that this member may see."""
    first = next(name for name, _, _, action in PAGES if request.membership.can(action))
    return redirect(first, request.project.slug)


urlpatterns: list[URLPattern] = [
    path("settings/", settings, name="settings"),
    *settings_project.urlpatterns,
    *settings_members.urlpatterns,
    *settings_keys.urlpatterns,
    *settings_links.urlpatterns,
    *settings_providers.urlpatterns,
    *alerts.urlpatterns,
    *settings_webhooks.urlpatterns,
    *settings_prices.urlpatterns,
    *settings_publishing.urlpatterns,
    *settings_spending.urlpatterns,
    *settings_similar.urlpatterns,
    *settings_privacy.urlpatterns,
    *settings_data.urlpatterns,
    *settings_scheduled_exports.urlpatterns,
    *erasures.urlpatterns,
    *settings_detectors.urlpatterns,
    *settings_ingestion.urlpatterns,
    *settings_audit.urlpatterns,
]
