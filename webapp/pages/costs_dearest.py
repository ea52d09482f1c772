"""Who and what costs most: users, and the values of a note that people choose, such as the name of a feature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import URLPattern, path

from monitoring.costs import dearest
from monitoring.costs.dearest import Found, Share
from monitoring.exploring import language, suggestions
from monitoring.exploring.fields import FIELDS
from monitoring.exploring.terms import Term, Value
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages.costs_frame import days_of, frame, narrowed_of, text_of
from webapp.pages.traces_links import explore_url
from webapp.render import render_page


@dataclass(frozen=True, slots=True)
class Row:
    """One user or one value, with the link to its requests."""

    label: str
    url: str
    share: Share
    of_all: float | None


@requires(Action.READ_TRACES)
def dearest_page(request: ProjectRequest) -> HttpResponse:
    """Show which users cost most and, once a note is chosen, which of its values do."""
    days, narrowed, key = days_of(request), narrowed_of(request), text_of(request, "note").strip()
    users = dearest.users(project=request.project, days=days, narrowed=narrowed)
    features = dearest.features(project=request.project, days=days, narrowed=narrowed, key=key) if key else None
    context = {
        **frame(request, tab="costs-dearest", days=days, narrowed=narrowed), "key": key,
        "keys": suggestions.keys(project=request.project, field=FIELDS["metadata"], now=days.now), "users": users, "features": features,
        "user_rows": _rows(users, "No user named", lambda value: explore_url(request, request.project, user=value)),
        "feature_rows": _rows(features, "Without this note", lambda value: explore_url(request, request.project, q=_term(key, value)))
        if features else [],
    }  # fmt: skip
    return render_page(request, "costs/dearest.html", context, section="costs")


def _rows(found: Found, nothing: str, link: Callable[[str], str]) -> list[Row]:
    return [
        Row(
            share.value or nothing, link(share.value) if share.value else "", share,
            share.cost_nano_usd / found.cost_nano_usd if found.cost_nano_usd and share.cost_usd is not None else None,
        )
        for share in found.shares
    ]  # fmt: skip


def _term(key: str, value: str) -> str:
    return language.printed([Term("metadata", (Value(value),), key=key)])


urlpatterns: list[URLPattern] = [path("costs/users/", dearest_page, name="costs-dearest")]
