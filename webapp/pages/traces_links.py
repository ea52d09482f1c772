"""Addresses of traces and lists of traces that keep the time range and the environment somebody looks at."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from projects.models import Project

KEPT = ("range", "environment")
_OF_A_PLACE = ("older", "newer", "than", "shown")
_VIEWS = (
    ("Traces", "explore"), ("Latency", "latency"), ("Feedback", "feedback"), ("Outcomes", "outcomes"),
    ("Dashboards", "dashboards"),
)  # fmt: skip


def explore_url(request: HttpRequest, project: Project, **filters: object) -> str:
    """Return the address of the trace list with these filters, for the same time and environment."""
    return _with_query(reverse("explore", args=[project.slug]), kept(request) | _filled(filters))


def tabs(request: HttpRequest, current: str) -> list[dict[str, object]]:
    """Return the views of traffic, for the same time and environment."""
    slug = request.project.slug  # type: ignore[attr-defined]
    return [
        {"label": label, "url": _with_query(reverse(name, args=[slug]), kept(request)), "current": name == current}
        for label, name in _VIEWS
    ]


def trace_url(project: Project, hex_id: str, **query: object) -> str:
    """Return the address of one trace."""
    return _with_query(reverse("trace", args=[project.slug, hex_id]), _filled(query))


def session_url(project: Project, session_id: str, **query: object) -> str:
    """Return the address of one session."""
    return _with_query(reverse("session", args=[project.slug]), {"id": session_id} | _filled(query))


def same_page(request: HttpRequest, **changed: object) -> str:
    """Return the address of this page with some query values set, or dropped when they are empty."""
    query = {name: str(request.GET[name]) for name in request.GET if name not in changed}
    return _with_query(request.path, query | _filled(changed))


def without_page(query: QueryDict) -> dict[str, str]:
    """Return the query values of a trace list without the place in it."""
    return {name: str(query[name]) for name in query if name not in _OF_A_PLACE}


def list_url(request: HttpRequest, **changed: object) -> str:
    """Return the address of the trace list as this request asks for it, from its top unless a place is among the changes."""
    query = {name: value for name, value in without_page(request.GET).items() if name not in changed}
    return with_query(request, "explore", query | _filled(changed))


def without_empty(request: HttpRequest) -> str:
    """Return the address of this page without the fields that a form left empty."""
    return _with_query(request.path, {name: str(value) for name, value in request.GET.items() if value})


def kept(request: HttpRequest) -> dict[str, str]:
    """Return the query values that every link on a page of traffic carries along."""
    return {name: str(request.GET[name]) for name in KEPT if request.GET.get(name)}


def with_query(request: HttpRequest, route: str, query: dict[str, str]) -> str:
    """Return the address of a page of the project with exactly these query values."""
    return _with_query(reverse(route, args=[request.project.slug]), query)  # type: ignore[attr-defined]


def query_of(values: dict[str, str]) -> str:
    """Return query values as the end of an address; nothing for none."""
    return f"?{urlencode(values)}" if values else ""


def _filled(query: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value not in ("", None, 0)}


def _with_query(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
