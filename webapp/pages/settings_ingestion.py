"""Settings: what arrived, what became of it, who sends, and how much may be sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring import arrivals, canary, quotas
from monitoring.arrivals import Counts
from monitoring.quotas import Quota
from projects import refusals
from projects.roles import Action, Scope
from webapp import charts, exports, time_ranges
from webapp.access import ProjectRequest, requires
from webapp.charts import Shape, TimeSeriesChart, Unit
from webapp.pages import settings_ingestion_words as words
from webapp.pages.settings_frame import render_settings
from webapp.time_ranges import TimeRange

PAGE = "settings-ingestion"
QUARANTINE_SHOWN = 20
CONTENT_SHOWN = 4_000
REFUSALS_SHOWN = 50


@requires(Action.READ_TRACES)
def ingestion(request: ProjectRequest) -> HttpResponse:
    """Show what arrived in a time range and what became of it."""
    chosen = _range(request)
    asked: dict[str, Any] = {"project": request.project, "start": chosen.start, "end": chosen.end}
    counts = arrivals.counts(**asked)
    kept = arrivals.quarantined(**asked, limit=QUARANTINE_SHOWN)
    context = {
        "verdict": words.verdict(counts, chosen), "tiles": words.tiles(counts),
        "chart": charts.svg(_chart(request, chosen)), "chart_url": _link(request, "settings-ingestion-chart"),
        "more": words.more(counts, arrivals.signals(**asked), arrivals.lag(**asked)),
        "reasons": arrivals.reasons(**asked),
        "quarantined": [replace(item, content=item.content[:CONTENT_SHOWN]) for item in kept],
        "download_url": _link(request, "settings-ingestion-quarantine"), "more_quarantined": len(kept) == QUARANTINE_SHOWN,
        "refused": [row for row in refusals.recent(project=request.project, limit=REFUSALS_SHOWN) if row.last_at >= chosen.start],
        "senders": [(sender, words.clock(sender.skew_ms)) for sender in arrivals.senders(project=request.project)],
        "silent_keys": _silent_keys(request), "limits": words.limits(quotas.load(request.project.pk)),
        "canary": words.canary_in_words(canary.state()),
    }  # fmt: skip
    return render_settings(request, "settings/ingestion.html", context, page=PAGE, has_time_range=True)


@requires(Action.READ_TRACES)
def chart(request: ProjectRequest) -> HttpResponse:
    """Answer with the figure behind the chart, for the same time range."""
    return HttpResponse(charts.figure_json(_chart(request, _range(request))), content_type="application/json")


@requires(Action.READ_TRACES)
def quarantine(request: ProjectRequest) -> HttpResponseBase:
    """Hand over the rejected spans of the time range, one JSON object a line."""
    chosen = _range(request)
    rows = arrivals.all_quarantined(project=request.project, start=chosen.start, end=chosen.end)
    name = f"callboard-rejected-{request.project.slug}.jsonl"
    return exports.download(exports.json_lines(_as_json(rows)), name=name, content_type="application/x-ndjson")


class LimitsForm(forms.Form):
    requests_per_minute = forms.IntegerField(
        label="Requests in a minute", required=False, min_value=1, max_value=1_000_000,
        help_text="What comes on top is told to come back a little later; nothing is lost.",
    )  # fmt: skip
    key_requests_per_minute = forms.IntegerField(
        label="Requests in a minute with one key", required=False, min_value=1, max_value=1_000_000,
        help_text="So that one application cannot use up what all may send.",
    )  # fmt: skip
    megabytes_per_minute = forms.IntegerField(
        label="Megabytes in a minute", required=False, min_value=1, max_value=1_000_000,
        help_text="As they come over the network, compressed or not.",
    )  # fmt: skip
    spans_per_day = forms.IntegerField(
        label="Spans in a day", required=False, min_value=1, max_value=10**12,
        help_text="A hard limit: once it is reached, calls are refused until midnight UTC, and applications drop them.",
    )  # fmt: skip
    megabytes_per_day = forms.IntegerField(
        label="Megabytes in a day", required=False, min_value=1, max_value=1_000_000_000, help_text="The same, by size."
    )  # fmt: skip

    @property
    def quota(self) -> Quota:
        return Quota(**self.cleaned_data)


@requires(Action.MANAGE_PROJECT)
def limits(request: ProjectRequest) -> HttpResponse:
    """Show and change how much the project may send."""
    is_sent = request.method == "POST"
    known = quotas.load(request.project.pk)
    initial = {name: getattr(known, name) for name in LimitsForm.base_fields}
    form = LimitsForm(request.POST if is_sent else None, initial=initial)
    if is_sent and form.is_valid():
        quotas.change(project=request.project, quota=form.quota, by=request.user)
        messages.success(request, f"The limits are saved. They hold within {quotas.CACHE_SECONDS:.0f} seconds.")
        return redirect(PAGE, request.project.slug)
    context = {"form": form, "used": quotas.used_today(request.project.pk)}
    return render_settings(
        request, "settings/ingestion_limits.html", context, page=PAGE, status=422 if is_sent else 200
    )


def _range(request: ProjectRequest) -> TimeRange:
    now = timezone.now()
    chosen = time_ranges.from_request(request, now=now)
    # A range may reach into the future; what has not happened yet must not look like silence.
    end = max(min(chosen.end, now), chosen.start + (chosen.end - chosen.start) / 1000)
    return replace(chosen, end=end)


def _chart(request: ProjectRequest, chosen: TimeRange) -> TimeSeriesChart:
    points = arrivals.series(project=request.project, start=chosen.start, end=chosen.end)
    return TimeSeriesChart(
        title="Spans that arrived", unit=Unit.COUNT, series=["Stored", "Sent again", "Rejected"], points=list(map(_bar, points)),
        shape=Shape.BARS, colours=["s1", "s6", "s-bad"],
    )  # fmt: skip


def _bar(point: tuple[datetime, Counts]) -> tuple[datetime, tuple[float, ...]]:
    moment, counts = point
    return moment, (counts.stored, counts.duplicate + counts.merged, counts.rejected)


def _link(request: ProjectRequest, name: str) -> str:
    query = request.GET.urlencode()
    return reverse(name, args=[request.project.slug]) + (f"?{query}" if query else "")


def _silent_keys(request: ProjectRequest) -> list[str]:
    """Return the names of the keys that may send calls and never did."""
    rows = request.project.api_keys.usable().filter(scopes__contains=[Scope.INGEST], last_used_at=None)
    return [str(key) for key in rows.order_by("name")[:20]]


def _as_json(rows: Iterator[arrivals.Quarantined]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {"received_at": row.received_at.isoformat(), "reason": row.reason, "content": _parsed(row.content)}


def _parsed(content: str) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return content


urlpatterns: list[URLPattern] = [
    path("settings/ingestion/", ingestion, name=PAGE),
    path("settings/ingestion/chart.json", chart, name="settings-ingestion-chart"),
    path("settings/ingestion/rejected.jsonl", quarantine, name="settings-ingestion-quarantine"),
    path("settings/ingestion/limits/", limits, name="settings-ingestion-limits"),
]
