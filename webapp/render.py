"""Renders pages inside the shell, and their fragments for htmx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from monitoring import environments
from monitoring.issues.models import Issue
from projects.models import Project
from projects.roles import Action, is_allowed
from prompt_registry import approval_queries
from webapp import time_ranges, warnings

THEMES = ("system", "light", "dark")
THEME_COOKIE = "cb_theme"


@dataclass(frozen=True)
class NavEntry:
    """One entry of the left rail."""

    label: str
    url: str
    key: str
    icon: str
    current: bool
    count: int = 0
    # The heading that the entry stands under.
    group: str = ""


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, fragment: str = "", status: int = 200, section: str = "",
    has_time_range: bool = False,
) -> HttpResponse:  # fmt: skip
    """Answer with the whole page, or, when htmx asks, with the template partial named `fragment` alone.

    `section` marks the current entry of the rail: overview, prompts, rollouts, issues, experiments, datasets, reviews,
    explore, costs, start or settings.
    """
    whole = {**shell(request, section=section, has_time_range=has_time_range), **context}
    if fragment and is_fragment(request):
        return render(request, f"{template}#{fragment}", whole, status=status)
    return render(request, template, whole, status=status)


def is_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") != "full"


def shell(request: HttpRequest, *, section: str = "", has_time_range: bool = False) -> dict[str, Any]:
    """Return what base.html shows around every page."""
    project: Project | None = getattr(request, "project", None)
    context: dict[str, Any] = {
        "theme": theme(request),
        "project": project,
        "section": section,
        "projects": _projects(request),
        "new_project_url": reverse("new-project"),
        "nav": [],
        "time_range": time_ranges.from_request(request) if has_time_range else None,
        "warnings": warnings.for_person(request.user),
        "shortcuts_enabled": getattr(request.user, "shortcuts_enabled", True),
    }
    if project is not None:
        role = request.membership.role  # type: ignore[attr-defined]
        context |= {
            "nav": navigation(project, section=section, waiting=_waiting(request), issues=_issues(project)),
            "can_edit": is_allowed(role=role, action=Action.EDIT_PROMPTS),
            "can_publish": is_allowed(role=role, action=Action.PUBLISH),
            "can_manage": is_allowed(role=role, action=Action.MANAGE_PROJECT),
            "search_url": reverse("search", args=[project.slug]),
            "environments": environments.names(project=project),
            "environment": request.GET.get("environment", ""),
        }
    return context


def navigation(project: Project, *, section: str, waiting: int = 0, issues: int = 0) -> list[NavEntry]:
    """Return the entries of the left rail; so many approvals are `waiting` for whoever looks at it, and so many issues."""
    counts = {"prompts": waiting, "issues": issues}
    entries = [
        ("Overview", "overview", "g o", "overview", ""),
        ("Prompts", "prompts", "g p", "prompts", ""),
        ("Rollouts", "rollouts", "g r", "rollouts", ""),
        ("Issues", "issues", "g i", "issues", ""),
        ("Explore", "explore", "g e", "explore", ""),
        ("Costs", "costs", "g m", "coins", ""),
        ("Tests", "experiments", "g t", "tests", "Test"),
        ("Datasets", "datasets", "g d", "document", "Test"),
        ("Checks", "evaluators", "g k", "evaluator", "Test"),
        ("Review", "reviews", "g q", "review", "Test"),
        ("Connect", "start", "g c", "plug", ""),
        ("Settings", "settings", "g s", "settings", ""),
    ]
    return [
        NavEntry(
            label=label, url=reverse(name, args=[project.slug]), key=key, icon=icon, current=section == name,
            count=counts.get(name, 0), group=group,
        )
        for label, name, key, icon, group in entries
    ]  # fmt: skip


def _waiting(request: HttpRequest) -> int:
    """Return how many requests for approval wait for this person; one look into a small index."""
    return approval_queries.waiting_for(request.membership).count()  # type: ignore[attr-defined]


def _issues(project: Project) -> int:
    """Return how many issues need somebody; one look into a small index."""
    return Issue.objects.for_project(project).needing_attention().count()


def theme(request: HttpRequest) -> str:
    """Return the theme the person chose: system, light or dark."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "system"


def _projects(request: HttpRequest) -> list[Project]:
    if not request.user.is_authenticated:
        return []
    return list(Project.objects.visible_to(request.user).order_by("name")[:50])
