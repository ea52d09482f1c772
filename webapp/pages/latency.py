"""How long calls take: a map over time, percentiles, the outliers, and the calls behind any part of the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django import forms
from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from monitoring import answer_times, slow_calls, usage
from monitoring.analysis import running
from monitoring.analysis.flags import Flag
from monitoring.answer_times import Times
from monitoring.slow_calls import LengthGroup, ListedCall, Wanted
from monitoring.usage_reading import Filters
from projects.models import Project
from projects.roles import Action
from webapp import charts, formats, heat_svg, time_ranges
from webapp.access import ProjectRequest, requires
from webapp.charts import Numbers, TimeSeriesChart, Unit
from webapp.pages import overview_charts, traces_links
from webapp.pages.overview_charts import Markers
from webapp.pages.traces_links import same_page, trace_url
from webapp.render import render_page
from webapp.time_ranges import TimeRange

SHARES = (("Half within (p50)", 0.5), ("95 of 100 within (p95)", 0.95), ("99 of 100 within (p99)", 0.99))
MOST_ROWS = 20
_NAMES_FROM = timedelta(days=30)
_CELL = ("since", "until", "least", "most")
_LOCAL = "%Y-%m-%dT%H:%M"


class CellForm(forms.Form):
    """A part of the map: from when to when, and between which durations."""

    since = forms.DateTimeField(label="From", input_formats=[_LOCAL, "%Y-%m-%dT%H:%M:%S"])
    until = forms.DateTimeField(label="To", input_formats=[_LOCAL, "%Y-%m-%dT%H:%M:%S"])
    least = forms.FloatField(label="Took more than (seconds)", required=False, min_value=0, max_value=1e7)
    most = forms.FloatField(label="At most (seconds)", required=False, min_value=0, max_value=1e7)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since >= until:
            raise forms.ValidationError("The end must come after the beginning.")
        return cleaned


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table of times."""

    label: str
    url: str
    call_count: int
    answer_ms: Sequence[float | None]
    first_token_ms: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call of a list, with the words for what was found."""

    call: ListedCall
    url: str
    is_slow: bool
    is_late: bool


@requires(Action.READ_TRACES)
def latency(request: ProjectRequest) -> HttpResponse:
    """Show how long calls took, and the calls behind a part of the map when one is asked for."""
    now = timezone.now()
    time_range = time_ranges.from_request(request, now=now)
    names = {name: request.GET.get(name, "").replace("\x00", "")[:255] for name in ("environment", "prompt", "model")}
    is_asked = any(request.GET.get(name) for name in _CELL)
    form = CellForm(request.GET) if is_asked else CellForm(initial=_whole(time_range))
    wanted = Wanted(
        project=request.project, start=time_range.start, end=time_range.end, environment=names["environment"],
        prompt=names["prompt"], model=names["model"],
    )  # fmt: skip
    prompts, models = usage.seen_names(project=request.project, since=_NAMES_FROM, now=now)
    context = {
        "page_title": "Latency", "tabs": traces_links.tabs(request, "latency"), "form": form, "is_asked": is_asked,
        "chosen": names, "prompts": prompts, "models": models, "chips": _chips(request, names),
        "cleared_url": same_page(request, **dict.fromkeys(_CELL, "")),
        "progress": running.progress(project_id=request.project.pk),
        **_pictures(request, time_range, names), **_cuts(request, time_range, wanted),
        **_lists(request, wanted, form if is_asked else None),
    }  # fmt: skip
    status = 422 if is_asked and not form.is_valid() else 200
    return render_page(request, "latency/latency.html", context, section="explore", has_time_range=True, status=status)


def _whole(time_range: TimeRange) -> dict[str, str]:
    return {"since": f"{time_range.start:{_LOCAL}}", "until": f"{time_range.end:{_LOCAL}}"}


def _chips(request: ProjectRequest, names: dict[str, str]) -> list[dict[str, str]]:
    labels = {"prompt": "Prompt", "model": "Model"}
    return [
        {"label": label, "value": names[name], "remove_url": same_page(request, **{name: ""})}
        for name, label in labels.items() if names[name]
    ]  # fmt: skip


def _pictures(request: ProjectRequest, time_range: TimeRange, names: dict[str, str]) -> dict[str, Any]:
    times, step = answer_times.over_time(
        project=request.project, start=time_range.start, end=time_range.end, filters=_filters(names)
    )
    total = answer_times.added(times)
    if not total.call_count:
        return {"total": total}
    published = overview_charts.publishings(
        project=request.project, start=time_range.start, end=time_range.end, prompt_name=names["prompt"]
    )
    marks = overview_charts.markers(published)
    answer = _chart("Time to answer", [(one.at, one.answer) for one in times], marks)
    first = _chart("Time to first words", [(one.at, one.first_token) for one in times], marks)
    return {
        "total": total, "heat_svg": heat_svg.heat_map(answer_times.heat_map(times, step=step), title="Calls by how long they took"),
        "answer_svg": charts.svg(answer), "first_svg": charts.svg(first) if total.first_token.total else "",
        "numbers": _numbers(times),
    }  # fmt: skip


def _filters(names: dict[str, str]) -> Filters:
    return Filters(environment=names["environment"], prompt_name=names["prompt"], model=names["model"])


def _chart(title: str, histograms: Sequence[tuple[datetime | None, Any]], marks: Markers) -> TimeSeriesChart:
    return TimeSeriesChart(
        title=title, unit=Unit.MILLISECONDS, series=[name for name, _ in SHARES], markers=marks, colours=["s1", "s2", "s4"],
        points=[(at, tuple(one.percentile_ms(share) for _, share in SHARES)) for at, one in histograms if at],
    )  # fmt: skip


def _numbers(times: Sequence[Times]) -> Numbers:
    rows = [
        (
            f"{timezone.localtime(one.at):%-d %b %H:%M}", formats.full_count(one.call_count),
            *(formats.duration_ms(one.answer_ms(share)) for _, share in SHARES),
            *(formats.duration_ms(one.first_token_ms(share)) for _, share in SHARES),
        )
        for one in times if one.at
    ]  # fmt: skip
    return Numbers(("Time", "Calls", "p50", "p95", "p99", "First words p50", "p95", "p99"), rows)


def _cuts(request: ProjectRequest, time_range: TimeRange, wanted: Wanted) -> dict[str, Any]:
    filters = Filters(environment=wanted.environment, prompt_name=wanted.prompt, model=wanted.model)
    found: dict[str, Any] = {}
    cuts: tuple[tuple[Literal["prompt_name", "model"], str], ...] = (("prompt_name", "prompt"), ("model", "model"))
    for key, name in cuts:
        rows = answer_times.by(
            key, project=request.project, start=time_range.start, end=time_range.end, filters=filters
        )
        found[f"by_{name}"] = [_line(one.name, one, same_page(request, **{name: one.name})) for one in rows[:MOST_ROWS]]
    return found | {
        "by_length": [_length_line(group) for group in slow_calls.by_answer_length(wanted)],
        "most_read": slow_calls.MOST_READ,
    }  # fmt: skip


def _line(label: str, times: Times, url: str) -> Line:
    return Line(
        label, url, times.call_count, [times.answer_ms(share) for _, share in SHARES],
        [times.first_token_ms(share) for _, share in SHARES],
    )  # fmt: skip


def _length_line(group: LengthGroup) -> Line:
    least, most = formats.full_count(group.least), formats.full_count(group.most)
    label = f"{least} to {most} tokens" if group.most else f"{least} tokens and more"
    return Line(label, "", group.call_count, group.answer_ms, group.first_token_ms or (None, None, None))


def _lists(request: ProjectRequest, wanted: Wanted, form: CellForm | None) -> dict[str, Any]:
    """Return the calls of the part that was asked for, and otherwise the outliers."""
    if form is not None:
        if not form.is_valid():
            return {}
        found = slow_calls.behind(_of_cell(wanted, form))
        return {"calls": _call_lines(request.project, found), "has_more": len(found) > slow_calls.MOST_LISTED}
    outliers = slow_calls.outliers(wanted)
    found = outliers or slow_calls.slowest(wanted)
    return {
        "calls": _call_lines(request.project, found), "has_more": len(found) > slow_calls.MOST_LISTED,
        "are_outliers": bool(outliers),
    }  # fmt: skip


def _of_cell(wanted: Wanted, form: CellForm) -> Wanted:
    value = form.cleaned_data
    return Wanted(
        project=wanted.project, start=value["since"].replace(tzinfo=UTC), end=value["until"].replace(tzinfo=UTC),
        least_ms=(value["least"] or 0) * 1000, most_ms=(value["most"] or 0) * 1000, environment=wanted.environment,
        prompt=wanted.prompt, model=wanted.model,
    )  # fmt: skip


def _call_lines(project: Project, calls: Sequence[ListedCall]) -> list[CallLine]:
    return [
        CallLine(
            call, trace_url(project, call.trace_id.hex, span=call.span_hex), bool(call.flags & Flag.SLOW),
            bool(call.flags & Flag.LATE_START),
        )
        for call in calls[: slow_calls.MOST_LISTED]
    ]  # fmt: skip


urlpatterns: list[URLPattern] = [path("explore/latency/", latency, name="latency")]
