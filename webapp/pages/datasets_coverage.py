"""How much of the traffic a dataset represents: the number with its trend, the gaps, and the calls to add next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals.coverage import adding, measuring, queries
from evals.coverage.coverage import FEWEST_CALLS
from evals.coverage.measuring import THIN_ITEMS
from evals.coverage.queries import Shown, SuggestedCall
from evals.errors import EvalsError
from evals.models import Dataset
from monitoring.models import span_hex, span_number
from projects.roles import Action
from prompt_registry import texts
from webapp import charts, formats
from webapp.access import ProjectRequest, requires
from webapp.charts import TimeSeriesChart, Unit
from webapp.pages.datasets_frame import address, dataset_of, render_dataset
from webapp.pages.traces_links import trace_url

GROUPS_SHOWN = 10
MOST_ADDED = 20
_ALL = "all"


@requires(Action.READ_TRACES)
def coverage(request: ProjectRequest, dataset_id: int) -> HttpResponse:
    """Show the newest measurement, or what is missing for one."""
    dataset = dataset_of(request, dataset_id)
    found = queries.shown(dataset=dataset, prompt_name=_prompt_in(request))
    context = {
        "shown": found,
        "state": _state(dataset, found),
        "too_few_text": _too_few(found),
        "state_url": _at("dataset-coverage-state", dataset, found.prompt_name),
        "thin_items": THIN_ITEMS,
        "scope": found.prompt_name or _ALL,
        "scopes": sorted({*found.prompts, *([found.prompt_name] if found.prompt_name else [])}),
        "gap_lines": found.groups[:GROUPS_SHOWN],
        "more_lines": found.groups[GROUPS_SHOWN:],
        "suggested": [_suggestion_line(request, call) for call in found.suggestions],
        "is_old": found.newest is not None and found.newest.revision != dataset.revision,
        "lag": formats.duration_seconds(found.progress.lag_seconds) if found.progress.lag_seconds > 60 else "",
        **_trend(found),
    }
    return render_dataset(request, "datasets/coverage.html", dataset, context, tab="coverage")


@requires(Action.READ_TRACES)
def state(request: ProjectRequest, dataset_id: int) -> HttpResponse:
    """Answer with the part of the page that follows a measurement until it is done."""
    dataset = dataset_of(request, dataset_id)
    name = _prompt_in(request) or ""
    context = {
        "is_under_way": measuring.is_under_way(dataset),
        "src": _at("dataset-coverage-state", dataset, name),
        "page": _page(dataset, name),
    }
    return render(request, "datasets/coverage_state.html", context)


@requires(Action.EDIT_DATASETS)
@require_POST
def measure(request: ProjectRequest, dataset_id: int) -> HttpResponseBase:
    """Ask for a measurement now."""
    dataset = dataset_of(request, dataset_id)
    name = _posted_prompt(request)
    measuring.ask(dataset=dataset, prompt_name=name)
    return redirect(_page(dataset, name))


@requires(Action.EDIT_DATASETS)
@require_POST
def add(request: ProjectRequest, dataset_id: int) -> HttpResponseBase:
    """Put the chosen suggestions into the dataset and measure again."""
    dataset = dataset_of(request, dataset_id)
    name = _posted_prompt(request)
    keys = [key for text in request.POST.getlist("call")[:MOST_ADDED] if (key := _key(text))]
    try:
        done = adding.add(dataset=dataset, keys=keys, by=request.user)
    except EvalsError as error:
        messages.error(request, str(error))
        return redirect(_page(dataset, name))
    count = done.addition.added_count
    sentences = [
        f"{formats.full_count(count)} {'item' if count == 1 else 'items'} added, with the link back to the call."
    ]
    if done.left_out_count:
        sentences.append(
            f"{formats.full_count(done.left_out_count)} could not be added: the call is not kept any more."
        )
    (messages.success if count else messages.info)(request, " ".join(sentences))
    if count:
        measuring.ask(dataset=dataset, prompt_name=name)
    return redirect(_page(dataset, name))


def _prompt_in(request: ProjectRequest) -> str | None:
    """Return the prompt that the address names, empty for all calls, None when it says nothing."""
    asked = texts.clean(request.GET.get("calls", "")).strip()[:255]
    return None if not asked else "" if asked == _ALL else asked


def _posted_prompt(request: ProjectRequest) -> str:
    asked = texts.clean(request.POST.get("calls", _ALL)).strip()[:255]
    return "" if asked == _ALL else asked


def _page(dataset: Dataset, prompt_name: str) -> str:
    return _at("dataset-coverage", dataset, prompt_name)


def _at(route: str, dataset: Dataset, prompt_name: str) -> str:
    return f"{address(dataset, route)}?{urlencode({'calls': prompt_name or _ALL})}"


def _state(dataset: Dataset, found: Shown) -> str:
    """Return which of the faces of the page fits."""
    if found.newest is not None and found.newest.percent is not None:
        return "measured"
    if found.progress.until_at is None:
        return "no calls"
    if found.newest is not None:
        return "too few calls"
    return "empty" if not dataset.item_count else "not measured"


def _too_few(found: Shown) -> str:
    count = formats.full_count(found.newest.distinct_count) if found.newest else "0"
    return (
        f"{count} different calls of the last 14 days were looked at; {FEWEST_CALLS} are needed before a number means something. "
        "Calls that say the same count once."
    )


def _suggestion_line(request: ProjectRequest, call: SuggestedCall) -> dict[str, Any]:
    span = span_hex(call.span_id)
    return {
        "key": f"{call.trace_id.hex}.{span}",
        "text": call.text,
        "gain": formats.percent(call.gain),
        "url": trace_url(request.project, call.trace_id.hex, span=span),
    }


def _key(text: str) -> tuple[UUID, int] | None:
    trace, _, span = text.partition(".")
    try:
        number = span_number(span)
        return (UUID(hex=trace), number) if -(2**63) <= number < 2**63 else None
    except (ValueError, OverflowError):
        return None


def _trend(found: Shown) -> dict[str, Any]:
    if len(found.trend) < 2:
        return {}
    points = [
        (datetime(day.year, day.month, day.day, 12, tzinfo=UTC), (percent / 100, expected / 100))
        for day, percent, expected in found.trend
    ]
    chart = TimeSeriesChart(
        title="Coverage by day", unit=Unit.SHARE, series=["This dataset", "As many calls drawn at random"], points=points,
        colours=["s1", "s3"],
    )  # fmt: skip
    return {"trend_svg": charts.svg(chart), "trend_numbers": charts.numbers(chart)}


urlpatterns: list[URLPattern] = [
    path("datasets/<int:dataset_id>/coverage/", coverage, name="dataset-coverage"),
    path("datasets/<int:dataset_id>/coverage/state/", state, name="dataset-coverage-state"),
    path("datasets/<int:dataset_id>/coverage/measure/", measure, name="dataset-coverage-measure"),
    path("datasets/<int:dataset_id>/coverage/add/", add, name="dataset-coverage-add"),
]
