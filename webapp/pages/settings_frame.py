"""What all pages of the settings share: the menu on the left and how they are answered."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from projects.roles import Action
from webapp.access import ProjectRequest
from webapp.render import render_page

PAGES = (
    ("settings-project", "Project", "folder", Action.MANAGE_PROJECT),
    ("settings-members", "Members", "people", Action.MANAGE_PROJECT),
    ("settings-keys", "API keys", "key", Action.MANAGE_PROJECT),
    ("settings-providers", "Model providers", "plug", Action.MANAGE_PROVIDERS),
    ("settings-alerts", "Alerts", "warning", Action.READ_TRACES),
    ("settings-webhooks", "Webhooks", "bell", Action.MANAGE_PROJECT),
    ("settings-spending", "Spending", "coins", Action.MANAGE_PROJECT),
    ("settings-similar", "Similar calls", "copy", Action.MANAGE_PROVIDERS),
    ("settings-privacy", "Privacy", "lock", Action.MANAGE_PROJECT),
    ("settings-links", "Public links", "link", Action.MANAGE_PROJECT),
    ("settings-data", "Data", "document", Action.MANAGE_PROJECT),
    ("settings-ingestion", "What arrived", "download", Action.READ_TRACES),
    ("settings-detectors", "What we look for", "flag", Action.READ_TRACES),
    ("settings-publishing", "Publishing", "publish", Action.READ_PROMPTS),
    ("settings-prices", "Prices", "tag", Action.READ_TRACES),
    ("settings-audit", "Audit log", "history", Action.MANAGE_PROJECT),
)


def render_settings(
    request: ProjectRequest, template: str, context: dict[str, Any], *, page: str, status: int = 200, fragment: str = "",
    has_time_range: bool = False,
) -> HttpResponse:  # fmt: skip
    """Answer with a settings page, or with a fragment of it; `page` is the route name whose entry of the menu is current."""
    menu = [
        {"label": label, "icon": icon, "url": reverse(name, args=[request.project.slug]), "current": name == page}
        for name, label, icon, action in PAGES
        if request.membership.can(action)
    ]
    title = next(label for name, label, *_ in PAGES if name == page)
    whole = {"page_title": title, "settings_menu": menu, **context}
    return render_page(
        request, template, whole, section="settings", status=status, fragment=fragment, has_time_range=has_time_range
    )


def render_secret(request: ProjectRequest, template: str, context: dict[str, Any], *, page: str) -> HttpResponse:
    """Answer with a page that shows a secret this once; no cache keeps it, and it is stored nowhere."""
    response = render_settings(request, template, context, page=page, status=201)
    response["Cache-Control"] = "no-store"
    return response
