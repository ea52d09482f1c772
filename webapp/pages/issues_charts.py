"""The charts of an issue: its share over time with what was published, and how much its causes differ from the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.models import Project
from webapp import formats
from webapp.charts import Shape, TimeSeriesChart, Unit
from webapp.pages import overview_charts
from webapp.pages.issues_view import Day

NAMES = ("share", "calls")


def build(name: str, days: Sequence[Day], marks: Sequence[tuple[datetime, str]]) -> TimeSeriesChart:
    """Return one of the two charts: the share of the calls with the problem, or the calls themselves."""
    if name == "share":
        return TimeSeriesChart(
            title="Share of the calls with the problem", unit=Unit.SHARE, series=["Share"],
            points=[(day.at, (day.share,)) for day in days], markers=marks, shape=Shape.AREA, colours=["s-bad"],
        )  # fmt: skip
    return TimeSeriesChart(
        title="Calls", unit=Unit.COUNT, series=["Without the problem", "With the problem"],
        points=[(day.at, (day.calls - day.bad, day.bad)) for day in days], markers=marks, shape=Shape.BARS,
        colours=["s1", "s-bad"],
    )  # fmt: skip


def publishings(*, project: Project, days: Sequence[Day], prompt_name: str) -> Sequence[tuple[datetime, str]]:
    """Return what went live while the chart runs; versions of one prompt need no name beside them."""
    if len(days) < 2:
        return []
    end = days[-1].at + (days[1].at - days[0].at)
    found = overview_charts.publishings(project=project, start=days[0].at, end=end, prompt_name=prompt_name)
    return [(one.at, f"v{one.number}" if prompt_name else f"{one.prompt_name} v{one.number}") for one in found]


def difference_bar(*, rate: float, rest_rate: float, low: float, high: float, top: float) -> SafeString:
    """Return a rate as a bar with its interval, and a line where the rate of the rest is; the bar's end is `top`."""
    full = top or 1.0
    at, rest, left, right = (_percent(value / full) for value in (rate, rest_rate, low, high))
    label = (
        f"{formats.percent(rate)}, surely between {formats.percent(low)} and {formats.percent(high)}; "
        f"all others {formats.percent(rest_rate)}"
    )
    return format_html(
        '<svg class="difference s-bad" role="img" aria-label="{}"><rect class="hbar-back" width="100%" height="100%" rx="3"/>'
        '<rect class="c-bar" width="{}%" height="100%" rx="3"/><line class="difference-reach" x1="{}%" x2="{}%" y1="50%" y2="50%"/>'
        '<line class="difference-rest" x1="{}%" x2="{}%" y1="0" y2="100%"/></svg>',
        label, at, left, right, rest, rest,
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{min(max(share, 0.0), 1.0) * 100:.2f}".rstrip("0").rstrip(".")
