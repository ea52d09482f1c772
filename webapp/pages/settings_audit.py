"""Settings: who changed what and when, to filter, to take away and to check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST

from projects import audit
from projects.models import AuditEvent, Project
from projects.roles import Action
from webapp import exports
from webapp.access import ProjectRequest, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.settings_frame import render_settings

PAGE = "settings-audit"
PAGE_SIZE = 50
_CHUNK = 500
_HEADINGS = ("time", "person", "action", "subject", "details", "address")


@dataclass(frozen=True, slots=True)
class Filter:
    """What the person wants to see; what makes no sense is left out."""

    action: str = ""
    actor: str = ""
    first_day: date | None = None
    last_day: date | None = None

    @classmethod
    def from_query(cls, query: QueryDict) -> Filter:
        return cls(query.get("action", ""), query.get("person", ""), _day(query.get("from")), _day(query.get("to")))

    def apply(self, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        if self.action:
            events = events.filter(action=self.action)
        if self.actor:
            events = events.filter(actor=self.actor)
        if self.first_day:
            events = events.filter(created_at__gte=_midnight(self.first_day))
        if self.last_day:
            events = events.filter(created_at__lt=_midnight(self.last_day + timedelta(days=1)))
        return events

    @property
    def is_set(self) -> bool:
        return self != Filter()


def _day(text: str | None) -> date | None:
    try:
        return parse_date(text or "")
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


@requires(Action.MANAGE_PROJECT)
def event_list(request: ProjectRequest) -> HttpResponse:
    """Show the newest events that pass the filter, page by page."""
    wanted = Filter.from_query(request.GET)
    events, newer, older = _page_of(wanted.apply(_events(request.project)), request.GET)
    context = {
        "events": [(event, details_in_words(event.details)) for event in events],
        "filter": wanted,
        "actions": _distinct(request.project, "action"),
        "people": _distinct(request.project, "actor"),
        "newer_url": _with(request, after=newer),
        "older_url": _with(request, before=older),
        "query": request.GET.urlencode(),
    }
    return render_settings(request, "settings/audit.html", context, page=PAGE)


def _events(project: Project) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(project=project)


def _distinct(project: Project, field: str) -> list[str]:
    return list(_events(project).order_by(field).values_list(field, flat=True).distinct()[:200])


def _page_of(events: QuerySet[AuditEvent], query: QueryDict) -> tuple[list[AuditEvent], int | None, int | None]:
    """Return one page, newest first, and the keys from which newer and older pages start."""
    after, before = _number(query.get("after")), _number(query.get("before"))
    if after is not None:
        found = list(events.filter(pk__gt=after).order_by("pk")[: PAGE_SIZE + 1])
        has_newer, has_older = len(found) > PAGE_SIZE, True
        page = found[:PAGE_SIZE][::-1]
    else:
        older = events if before is None else events.filter(pk__lt=before)
        found = list(older.order_by("-pk")[: PAGE_SIZE + 1])
        has_newer, has_older = before is not None, len(found) > PAGE_SIZE
        page = found[:PAGE_SIZE]
    if not page:
        return [], None, None
    return page, page[0].pk if has_newer else None, page[-1].pk if has_older else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def _with(request: HttpRequest, **position: int | None) -> str:
    """Return this page's address at another position, or nothing when there is none."""
    name, key = next(iter(position.items()))
    if key is None:
        return ""
    query = request.GET.copy()
    for old in ("before", "after"):
        query.pop(old, None)
    query[name] = str(key)
    return f"?{query.urlencode()}"


def details_in_words(details: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the details of an event as pairs to show."""
    return [
        (name.replace("_", " "), _in_words(value)) for name, value in details.items() if value not in (None, "", [])
    ]


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_in_words(item) or 'none'}" for name, item in value.items())
    return str(value)


@requires(Action.MANAGE_PROJECT)
@fresh
def export(request: ProjectRequest, kind: str) -> HttpResponseBase:
    """Hand over every event that passes the filter, oldest first."""
    events = _in_chunks(Filter.from_query(request.GET).apply(_events(request.project)))
    name = f"callboard-audit-{request.project.slug}.{kind}"
    if kind == "csv":
        rows = (_csv_row(event) for event in events)
        return exports.download(exports.csv_lines(_headed(rows)), name=name, content_type="text/csv; charset=utf-8")
    return exports.download(exports.json_lines(map(_as_json, events)), name=name, content_type="application/x-ndjson")


def _in_chunks(events: QuerySet[AuditEvent]) -> Iterator[AuditEvent]:
    last = 0
    while chunk := list(events.filter(pk__gt=last).order_by("pk")[:_CHUNK]):
        yield from chunk
        last = chunk[-1].pk


def _headed(rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    yield _HEADINGS
    yield from rows


def _csv_row(event: AuditEvent) -> tuple[object, ...]:
    details = "; ".join(f"{name}: {value}" for name, value in details_in_words(event.details))
    return event.created_at.isoformat(), event.actor, event.action, event.subject, details, event.address


def _as_json(event: AuditEvent) -> dict[str, Any]:
    return {
        "id": event.pk, "time": event.created_at.isoformat(), "person": event.actor, "action": event.action,
        "subject": event.subject, "details": event.details, "address": event.address,
        "hash": bytes(event.content_hash).hex(), "previous_hash": bytes(event.previous_hash).hex(),
    }  # fmt: skip


@requires(Action.MANAGE_PROJECT)
@require_POST
def check(request: ProjectRequest) -> HttpResponseBase:
    """Say whether the chain of events is whole."""
    broken = audit.first_broken(_in_chunks(_events(request.project)))
    if broken is None:
        messages.success(request, f"Nothing was altered: all {_events(request.project).count()} events fit together.")
    else:
        messages.error(
            request,
            f"Event {broken.pk} of {broken.created_at:%d %b %Y, %H:%M} UTC was altered, or an event before it was removed.",
        )
    return redirect(PAGE, request.project.slug)


urlpatterns: list[URLPattern] = [
    path("settings/audit/", event_list, name=PAGE),
    path("settings/audit/check/", check, name="check-audit"),
    path("settings/audit/export.csv", export, {"kind": "csv"}, name="export-audit-csv"),
    path("settings/audit/export.jsonl", export, {"kind": "jsonl"}, name="export-audit-jsonl"),
]
