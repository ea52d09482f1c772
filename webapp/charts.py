"""Every chart of the product: SVG from the server first, a Plotly figure for the one a person wants to look into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.html import escape

from webapp.chart_data import BarChart, Numbers, Shape, TimeSeriesChart, Unit, Value, description, numbers
from webapp.chart_intervals import Mark, interval, trade_off
from webapp.chart_scales import labels_apart, time_ticks
from webapp.chart_svg import bars, sparkline, svg, y_ticks

if TYPE_CHECKING:
    import plotly.graph_objects

__all__ = [
    "BarChart", "Mark", "Numbers", "Shape", "TimeSeriesChart", "Unit", "Value",
    "bars", "description", "figure_json", "interval", "numbers", "sparkline", "svg", "trade_off",
]  # fmt: skip

_DAY_MS = 86_400_000


def figure_json(chart: TimeSeriesChart) -> str:
    """Return the Plotly figure of a chart; the page adds the colours of its theme."""
    # Plotly costs 100 ms and 60 MB to import: processes that draw no figure do not pay for it.
    import plotly.graph_objects as go

    traces = [trace for index in range(len(chart.series)) for trace in _traces(go, chart, index)]
    figure = go.Figure(data=traces, layout=_layout(chart))
    figure.layout.template = None  # Plotly's default colours are 7 KB of JSON that the page's theme replaces.
    start, end = chart.span
    for moment, word in zip((moment for moment, _ in chart.markers), _marker_words(chart), strict=True):
        figure.add_vline(x=_time(moment), line_width=1, line_dash="dot")
        # Near an edge a word that stands in the middle of its line would be cut.
        place = (moment - start) / (end - start)
        anchor = "left" if place < 0.12 else "right" if place > 0.88 else "center"
        figure.add_annotation(
            x=_time(moment), y=1, yref="paper", xanchor=anchor, yanchor="bottom", text=escape(word), showarrow=False
        )
    return str(figure.to_json())


def _marker_words(chart: TimeSeriesChart) -> list[str]:
    start, end = chart.span
    return labels_apart([((moment - start) / (end - start) * 100, label) for moment, label in chart.markers])


def _traces(
    go: Any, chart: TimeSeriesChart, index: int
) -> Iterator[plotly.graph_objects.Scatter | plotly.graph_objects.Bar]:
    """Yield what draws one series; behind a line with gaps its area, which Plotly would fill across them."""
    values = chart.values(index)
    moments = [_time(moment) for moment, _ in chart.points]
    shared = {
        "x": moments,
        "y": values,
        "name": escape(chart.series[index]),
        "customdata": [chart.unit.text(value) for value in values],
        "hovertemplate": "%{customdata}",
        "meta": chart.colour(index),
    }
    if chart.shape is Shape.BARS:
        milliseconds = chart.bucket.total_seconds() * 1000
        yield go.Bar(**shared, offset=milliseconds * 0.1, width=milliseconds * 0.8)
        return
    has_gaps = None in values
    if chart.shape is Shape.AREA and has_gaps:
        x, y = _outline(moments, values)
        yield go.Scatter(
            x=x, y=y, fill="toself", mode="none", hoverinfo="skip", showlegend=False, meta=shared["meta"], connectgaps=False
        )  # fmt: skip
    fill = "tozeroy" if chart.shape is Shape.AREA and not has_gaps else "none"
    alone = [_is_alone(values, place) for place in range(len(values))]
    dots = {
        "mode": "lines+markers",
        "cliponaxis": False,
        "marker": {"size": [5 if one else 0 for one in alone], "opacity": 1},
    }
    shown = dots if any(alone) else {"mode": "lines"}
    yield go.Scatter(**shared, **shown, connectgaps=False, fill=fill, line={"width": 2})


def _is_alone(values: Sequence[Value], place: int) -> bool:
    """Tell whether a point has no neighbour that a line could lead to."""
    return values[place] is not None and all(
        value is None for value in (*values[max(0, place - 1) : place], *values[place + 1 : place + 2])
    )


def _outline(moments: Sequence[str], values: Sequence[Value]) -> tuple[list[str | None], list[Value]]:
    """Return the edges of the areas between a line and zero, one for each stretch without a gap."""
    x: list[str | None] = []
    y: list[Value] = []
    for is_gap, run in groupby(zip(moments, values, strict=True), key=lambda point: point[1] is None):
        if is_gap:
            continue
        points = list(run)
        x += [points[0][0], *(moment for moment, _ in points), points[-1][0], None]
        y += [0, *(value for _, value in points), 0, None]
    return x, y


def _layout(chart: TimeSeriesChart) -> dict[str, Any]:
    marks = y_ticks(chart)
    labels = ["0", *chart.unit.marks(marks)[1:]]
    times = time_ticks(*chart.span)
    return {
        "barmode": "stack",
        "showlegend": False,
        "hovermode": "x unified",
        "dragmode": "zoom",
        "uirevision": "kept",
        "margin": {"l": 52, "r": 10, "t": 24 if chart.markers else 12, "b": 26},
        "xaxis": {
            "type": "date", "showgrid": False, "nticks": 7, "hoverformat": "%-d %b %Y, %H:%M",
            "range": [_time(moment) for moment in chart.span],
            "tickformatstops": [
                {"dtickrange": [None, _DAY_MS - 1], "value": "%H:%M"},
                {"dtickrange": [_DAY_MS, None], "value": "%-d %b"},
            ],
            "tickmode": "array", "tickvals": [_time(moment) for moment, _ in times], "ticktext": [label for _, label in times],
        },
        "yaxis": {"range": [0, marks[-1]], "tickvals": marks, "ticktext": labels, "fixedrange": True, "zeroline": False},
    }  # fmt: skip


def _time(moment: Any) -> str:
    # Plotly has no time zones: it shows the clock it is given, so it is given the reader's.
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"
