"""What the pages about costs share: their tabs, the days and the filters."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from monitoring.costs.days import CHOICES, USUAL, Days
from monitoring.costs.reading import Narrowed
from webapp.access import ProjectRequest
from webapp.pages.traces_links import kept, same_page, with_query

_TABS = (("Summary", "costs"), ("Users and features", "costs-dearest"), ("Invoices", "costs-invoices"))


def days_of(request: ProjectRequest) -> Days:
    """Return the days that somebody chose."""
    asked = request.GET.get("range", "")
    count = next((count for count in CHOICES if asked == f"{count}d"), USUAL)
    return Days(count, timezone.now())


def narrowed_of(request: ProjectRequest) -> Narrowed:
    """Return the filters of the page."""
    return Narrowed(*(text_of(request, name) for name in ("environment", "prompt", "model")))


def text_of(request: ProjectRequest, name: str) -> str:
    """Return a text of the address as it can be asked for."""
    return request.GET.get(name, "").replace("\x00", "")[:255]


def frame(
    request: ProjectRequest, *, tab: str, days: Days | None = None, narrowed: Narrowed | None = None
) -> dict[str, Any]:
    """Return what stands around every page about costs."""
    found: dict[str, Any] = {
        "page_title": "Costs", "start_url": reverse("start", args=[request.project.slug]),
        "tabs": [{"label": label, "url": with_query(request, name, kept(request)), "current": name == tab} for label, name in _TABS],
    }  # fmt: skip
    if days is not None:
        found |= {"days": days, "choices": _choices(request, days)}
    return found | {"chips": _chips(request, narrowed)} if narrowed else found


def _choices(request: ProjectRequest, days: Days) -> list[dict[str, object]]:
    return [
        {"label": f"{count} days", "url": same_page(request, range=f"{count}d"), "current": count == days.count}
        for count in CHOICES
    ]


def _chips(request: ProjectRequest, narrowed: Narrowed) -> list[dict[str, str]]:
    chosen = [("Prompt", "prompt", narrowed.prompt), ("Model", "model", narrowed.model)]
    return [
        {"label": label, "value": value, "remove_url": same_page(request, **{name: ""})}
        for label, name, value in chosen
        if value
    ]
