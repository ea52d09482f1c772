"""Every chart of the product: SVG from the server first, a Plotly figure for the one a person wants to look into."""

from __future__ import annotations

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

    figure = go.Figure(data=[_trace(go, chart, index) for index in range(len(chart.series))], layout=_layout(chart))
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


def _trace(go: Any, chart: TimeSeriesChart, index: int) -> plotly.graph_objects.Scatter | plotly.graph_objects.Bar:
    values = chart.values(index)
    shared = {
        "x": [_time(moment) for moment, _ in chart.points],
        "y": values,
        "name": escape(chart.series[index]),
        "customdata": [chart.unit.text(value) for value in values],
        "hovertemplate": "%{customdata}",
        "meta": chart.colour(index),
    }
    if chart.shape is Shape.BARS:
        milliseconds = chart.bucket.total_seconds() * 1000
        return go.Bar(**shared, offset=milliseconds * 0.1, width=milliseconds * 0.8)
    fill = "tozeroy" if chart.shape is Shape.AREA else "none"
    return go.Scatter(**shared, mode="lines", connectgaps=False, fill=fill, line={"width": 2})


def _layout(chart: TimeSeriesChart) -> dict[str, Any]:
    marks = y_ticks(chart)
    labels = ["0", *(chart.unit.text(value) for value in marks[1:])]
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
