"""The charts of the overview: usage over time, with what was published when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from monitoring.alerts.models import AlertEvent
from monitoring.usage import Usage
from projects.models import Project
from prompt_registry.models import PRODUCTION, LabelMove
from webapp import formats
from webapp.charts import Shape, TimeSeriesChart, Unit, Value

Markers = Sequence[tuple[datetime, str]]
MOST_MARKERS = 20


@dataclass(frozen=True, slots=True)
class Publishing:
    """A prompt version that went live."""

    at: datetime
    prompt_name: str
    number: int


def publishings(*, project: Project, start: datetime, end: datetime, prompt_name: str = "") -> list[Publishing]:
    """Return what went live in a time range, the latest of it."""
    moves = LabelMove.objects.filter(project=project, label=PRODUCTION, moved_at__gte=start, moved_at__lt=end)
    if prompt_name:
        moves = moves.filter(prompt__name=prompt_name)
    rows = moves.order_by("-moved_at").values_list("moved_at", "prompt__name", "to_version__number")[:MOST_MARKERS]
    return [Publishing(*row) for row in reversed(rows)]


def markers(published: Sequence[Publishing], fired: Sequence[AlertEvent] = ()) -> Markers:
    """Return the lines drawn across the charts: what was published, and when alerts fired."""
    marks = [(item.at, f"{item.prompt_name} v{item.number}") for item in published]
    return sorted([*marks, *((event.at, "alert") for event in fired)])


def build(name: str, points: Sequence[Usage], marks: Markers) -> TimeSeriesChart:
    """Return one chart by its name."""
    return _CHARTS[name](points, marks)


def numbers(points: Sequence[Usage]) -> list[tuple[str, ...]]:
    """Return the rows of the table behind the charts."""
    return [
        (
            f"{timezone.localtime(point.at):%-d %b %H:%M}", formats.full_count(point.call_count), formats.full_count(point.error_count),
            formats.duration_ms(point.p50_ms), formats.duration_ms(point.p95_ms), formats.usd(point.cost_usd),
            formats.full_count(point.input_tokens), formats.full_count(point.output_tokens),
            formats.full_count(point.thumbs_up), formats.full_count(point.thumbs_down),
        )
        for point in points
        if point.at
    ]  # fmt: skip


def _calls(points: Sequence[Usage], marks: Markers) -> TimeSeriesChart:
    rows = _rows(points, lambda point: (point.call_count - point.error_count, point.error_count))
    return TimeSeriesChart(
        title="Calls", unit=Unit.COUNT, series=["Answered", "Failed"], points=rows, markers=marks, shape=Shape.BARS,
        colours=["s1", "s-bad"],
    )  # fmt: skip


def _latency(points: Sequence[Usage], marks: Markers) -> TimeSeriesChart:
    rows = _rows(points, lambda point: (point.p50_ms, point.p95_ms))
    return TimeSeriesChart(
        title="Time to answer", unit=Unit.MILLISECONDS, series=["Half within (p50)", "95 of 100 within (p95)"],
        points=rows, markers=marks, colours=["s1", "s3"],
    )  # fmt: skip


def _cost(points: Sequence[Usage], marks: Markers) -> TimeSeriesChart:
    rows = _rows(points, lambda point: (point.cost_usd,))
    return TimeSeriesChart(
        title="Cost", unit=Unit.USD, series=["Cost"], points=rows, markers=marks, shape=Shape.BARS, colours=["s5"]
    )


def _tokens(points: Sequence[Usage], marks: Markers) -> TimeSeriesChart:
    rows = _rows(points, lambda point: (point.input_tokens, point.output_tokens))
    return TimeSeriesChart(
        title="Tokens", unit=Unit.COUNT, series=["Sent", "Answered"], points=rows, markers=marks, shape=Shape.BARS,
        colours=["s6", "s3"],
    )  # fmt: skip


def _thumbs(points: Sequence[Usage], marks: Markers) -> TimeSeriesChart:
    rows = _rows(points, lambda point: (point.thumbs_up, point.thumbs_down))
    return TimeSeriesChart(
        title="Thumbs", unit=Unit.COUNT, series=["Up", "Down"], points=rows, markers=marks, shape=Shape.BARS,
        colours=["s-good", "s-bad"],
    )  # fmt: skip


def _rows(
    points: Sequence[Usage], values: Callable[[Usage], tuple[Value, ...]]
) -> list[tuple[datetime, tuple[Value, ...]]]:  # fmt: skip
    return [(point.at, values(point)) for point in points if point.at]


_CHARTS: dict[str, Callable[[Sequence[Usage], Markers], TimeSeriesChart]] = {
    "calls": _calls, "latency": _latency, "cost": _cost, "tokens": _tokens, "thumbs": _thumbs,
}  # fmt: skip
NAMES = tuple(_CHARTS)
