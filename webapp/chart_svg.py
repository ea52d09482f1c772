"""Charts as SVG: colours come from classes, positions from percentages, so text keeps its size on any screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from webapp.chart_data import BarChart, Shape, TimeSeriesChart, Unit, Value, description
from webapp.chart_scales import labels_apart, ticks, time_ticks, whole_ticks


def svg(chart: TimeSeriesChart) -> SafeString:
    """Return the chart as a figure that needs no script: title, legend, axes, data, markers."""
    return format_html(
        '<figure class="chart"><figcaption class="chart-head"><span class="chart-title">{}</span>{}</figcaption>{}</figure>',
        chart.title, _legend(chart), _empty() if chart.is_empty else _drawing(chart),
    )  # fmt: skip


def sparkline(values: Sequence[Value], label: str, colour: str = "s1") -> SafeString:
    """Return a word-sized line with its last value marked."""
    known = [value for value in values if value is not None]
    if not known:
        return SafeString("")
    low, high = min(known), max(known)
    spread = (high - low) or 1
    heights = [None if value is None else 26 - 24 * (value - low) / spread for value in values]
    step = 100 / max(len(values) - 1, 1)
    places = [(index * step, height) for index, height in enumerate(heights)]
    area = format_html('<path class="c-area" d="{}"/>', _area(places, 28))
    return format_html(
        '<svg class="sparkline {}" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" aria-label="{}">'
        '{}<path class="c-line" d="{}"/></svg>',
        colour, label, area, _line(places),
    )  # fmt: skip


def bars(chart: BarChart) -> SafeString:
    """Return horizontal bars, one per row, with name and value beside them."""
    top = max((value for _, value in chart.bars), default=0) or 1
    rows = format_html_join(
        "",
        '<div class="hbar-row"><span title="{}">{}</span><svg class="hbar {}" aria-hidden="true">'
        '<rect class="hbar-back" width="100%" height="100%" rx="3"/><rect class="c-bar" width="{}%" height="100%" rx="3"/>'
        "</svg><span>{}</span></div>",
        (
            (label, label, chart.colour, _number(max(value, 0) / top * 100), chart.unit.text(value))
            for label, value in chart.bars
        ),
    )
    return format_html(
        '<figure class="chart"><figcaption class="chart-head"><span class="chart-title">{}</span></figcaption>{}</figure>',
        chart.title, rows or _empty(),
    )  # fmt: skip


def y_ticks(chart: TimeSeriesChart) -> list[float]:
    """Return the values marked on the vertical axis."""
    return whole_ticks(chart.top) if chart.unit is Unit.COUNT else ticks(chart.top)


def _empty() -> SafeString:
    return format_html('<p class="empty chart-error">{}</p>', "No data in this time.")


def _legend(chart: TimeSeriesChart) -> SafeString:
    if len(chart.series) < 2:
        return SafeString("")
    items = format_html_join(
        "",
        '<li><svg class="{}" viewBox="0 0 12 10" aria-hidden="true">'
        '<rect class="c-bar" y="{}" width="12" height="{}" rx="1.5"/></svg>{}</li>',
        (
            (chart.colour(index), *((0, 10) if chart.shape is Shape.BARS else (4, 3)), name)
            for index, name in enumerate(chart.series)
        ),
    )
    return format_html('<ul class="legend">{}</ul>', items)


def _drawing(chart: TimeSeriesChart) -> SafeString:
    return format_html(
        '<svg class="chart-svg" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>{}{}{}{}</svg>',
        chart.title, chart.title, description(chart), _rows(chart), _columns(chart), _series(chart), _markers(chart),
    )  # fmt: skip


def _rows(chart: TimeSeriesChart) -> SafeString:
    marks = y_ticks(chart)
    texts = zip(marks, chart.unit.marks(marks), strict=True)
    places = ((_number(100 - 100 * value / marks[-1]), text, value) for value, text in texts)
    return format_html_join(
        "",
        '<line class="{}" x1="0" x2="100%" y1="{}%" y2="{}%"/><text class="c-tick c-tick-y" x="-8" y="{}%">{}</text>',
        (("c-grid" if value else "c-axis", y, y, y, text if value else "0") for y, text, value in places),
    )


def _columns(chart: TimeSeriesChart) -> SafeString:
    start, end = chart.span
    places = [(_share(moment, start, end), label) for moment, label in time_ticks(start, end)]
    return format_html_join(
        "",
        '<text class="c-tick c-tick-x{}" x="{}%" y="100%" dy="18">{}</text>',
        (
            (_edge(place, 3) + (" c-tick-minor" if index % 2 else ""), _number(place), label)
            for index, (place, label) in enumerate(places)
        ),
    )


def _series(chart: TimeSeriesChart) -> SafeString:
    top = y_ticks(chart)[-1]
    if chart.shape is Shape.BARS:
        return _stacks(chart, top)
    start, end = chart.span
    moments = [_share(moment, start, end) * 10 for moment, _ in chart.points]
    paths = []
    for index in range(len(chart.series)):
        heights = [None if value is None else 100 - 100 * value / top for value in chart.values(index)]
        paths.append(_path(chart, index, list(zip(moments, heights, strict=True))))
    return format_html(
        '<svg class="chart-plot" viewBox="0 0 1000 100" preserveAspectRatio="none" width="100%" height="100%">{}</svg>',
        format_html_join("", "{}", ((path,) for path in paths)),
    )


def _path(chart: TimeSeriesChart, index: int, places: list[tuple[float, Value]]) -> SafeString:
    colour = chart.colour(index)
    area = (
        format_html('<path class="c-area {}" d="{}"/>', colour, _area(places, 100)) if chart.shape is Shape.AREA else ""
    )
    return format_html('{}<path class="c-line {}" d="{}"/>', area, colour, _line(places))


def _stacks(chart: TimeSeriesChart, top: float) -> SafeString:
    start, end = chart.span
    wide = chart.bucket / (end - start) * 100
    bars = (
        (
            chart.colour(index),
            _number(_share(moment, start, end) + wide * 0.1),
            _number(y),
            _number(wide * 0.8),
            _number(height),
        )
        for moment, row in chart.points
        for index, y, height in _stack(row, top)
    )
    return format_html_join("", '<rect class="c-bar {}" x="{}%" y="{}%" width="{}%" height="{}%"/>', bars)


def _stack(row: Sequence[Value], top: float) -> Iterable[tuple[int, float, float]]:
    filled = 0.0
    for index, value in enumerate(row):
        if value:
            height = 100 * value / top
            filled += height
            yield index, 100 - filled, height


def _markers(chart: TimeSeriesChart) -> SafeString:
    start, end = chart.span
    inside = [(_share(moment, start, end), label) for moment, label in chart.markers if start <= moment <= end]
    return format_html_join(
        "",
        '<g><title>{}</title><line class="c-marker" x1="{}%" x2="{}%" y1="0" y2="100%"/>'
        '<text class="c-label{}" x="{}%" y="-8">{}</text></g>',
        (
            (label, x, x, edge, x, word)
            for (place, label), word in zip(inside, labels_apart(inside), strict=True)
            for x, edge in ((_number(place), _edge(place, 8)),)
        ),
    )


def _edge(place: float, margin: float) -> str:
    """Return the class that keeps a label inside the drawing when it stands near one of its sides."""
    if place > 100 - margin:
        return " c-tick-end"
    return " c-tick-start" if place < margin else ""


def _share(moment: datetime, start: datetime, end: datetime) -> float:
    return (moment - start) / (end - start) * 100


def _runs(places: Iterable[tuple[float, Value]]) -> list[list[tuple[float, float]]]:
    """Return the stretches between gaps."""
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in places:
        if y is None:
            found.append([])
        else:
            found[-1].append((x, y))
    return [run for run in found if run]


def _line(places: Iterable[tuple[float, Value]]) -> str:
    # A lone point gets a line of no length: its round cap shows as a dot.
    return "".join("M" + "L".join(_pair(x, y) for x, y in (run if len(run) > 1 else run * 2)) for run in _runs(places))


def _area(places: Iterable[tuple[float, Value]], floor: float) -> str:
    return "".join(
        f"M{_pair(run[0][0], floor)}L" + "L".join(_pair(x, y) for x, y in run) + f"L{_pair(run[-1][0], floor)}Z"
        for run in _runs(places)
    )


def _pair(x: float, y: float) -> str:
    return f"{_number(x)} {_number(y)}"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
