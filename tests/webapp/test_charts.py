"""Charts: SVG that needs no script and trusts no text, axes with round numbers, figures Plotly can draw."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from webapp import chart_scales, charts
from webapp.chart_scales import labels_apart
from webapp.charts import BarChart, Shape, TimeSeriesChart, Unit

START = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_chart(**changes: object) -> TimeSeriesChart:
    values: dict[str, object] = {
        "title": "Calls",
        "unit": Unit.COUNT,
        "series": ["Answered", "Failed"],
        "points": [(START + HOUR * hour, [10 + hour, hour % 3]) for hour in range(24)],
    }
    return TimeSeriesChart(**{**values, **changes})  # type: ignore[arg-type]


def parse(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<root>{markup}</root>")  # noqa: S314


def test_a_chart_is_a_figure_with_a_name_and_a_description():
    drawing = parse(charts.svg(make_chart())).find(".//svg[@role='img']")

    assert drawing is not None
    assert drawing.get("aria-label") == "Calls"
    assert drawing.findtext("title") == "Calls"
    assert drawing.findtext("desc") == (
        "From 20 Nov 2026, 00:00 to 20 Nov 2026, 23:00. Answered: lowest 10, highest 33, last 33. Failed: lowest 0, highest 2, last 2."
    )


def test_a_chart_carries_no_style_the_security_policy_would_block():
    markup = charts.svg(make_chart(shape=Shape.BARS, markers=[(START + HOUR * 5, "v13 live")]))

    assert "style=" not in markup
    assert "fill=" not in markup


def test_hostile_names_stay_text():
    hostile = '<script>alert("1")</script>'
    chart = make_chart(title=hostile, series=[hostile, hostile], markers=[(START + HOUR, hostile)])

    markup = (
        charts.svg(chart)
        + charts.bars(BarChart(title=hostile, unit=Unit.COUNT, bars=[(hostile, 1)]))
        + charts.sparkline([1, 2], hostile)
    )

    assert "<script" not in markup
    assert parse(markup).findtext(".//svg/title") == hostile


def test_a_gap_breaks_the_line():
    chart = make_chart(
        series=["Speed"], points=[(START + HOUR * hour, [None if hour in (3, 4) else 5.0]) for hour in range(8)]
    )

    path = parse(charts.svg(chart)).find(".//path[@class='c-line s1']")

    assert path is not None
    assert path.get("d", "").count("M") == 2


def test_a_lone_point_between_gaps_is_still_seen():
    chart = make_chart(series=["Speed"], points=[(START, [None]), (START + HOUR, [5]), (START + HOUR * 2, [None])])

    path = parse(charts.svg(chart)).find(".//path[@class='c-line s1']")

    assert path is not None
    assert path.get("d") == "M500 16.67L500 16.67"


def test_bars_stand_on_each_other():
    chart = make_chart(shape=Shape.BARS, points=[(START, [6, 4]), (START + HOUR, [0, None])])

    bars = [
        bar
        for bar in parse(charts.svg(chart)).iterfind(".//rect")
        if bar.get("class", "").startswith("c-bar s") and bar.get("x")
    ]

    assert [(bar.get("y"), bar.get("height")) for bar in bars] == [("40%", "60%"), ("0%", "40%")]


def test_an_area_is_closed_at_the_floor():
    path = parse(charts.svg(make_chart(shape=Shape.AREA))).find(".//path[@class='c-area s1']")

    assert path is not None
    assert path.get("d", "").startswith("M0 100L")
    assert path.get("d", "").endswith("L1000 100Z")


def test_a_figure_fills_no_area_across_a_gap():
    values = [1.0, 2.0, None, None, 3.0]
    points = [(START + HOUR * hour, [value]) for hour, value in enumerate(values)]
    area, line = json.loads(charts.figure_json(make_chart(series=["Share"], points=points, shape=Shape.AREA)))["data"]

    assert area["y"] == [0, 1, 2, 0, None, 0, 3, 0, None]
    assert area["showlegend"] is False
    assert line["fill"] == "none"
    assert line["y"] == values


def test_a_figure_shows_a_lone_point_as_a_dot():
    points = [(START + HOUR * hour, [value]) for hour, value in enumerate([1.0, 2.0, None, 3.0])]
    (line,) = json.loads(charts.figure_json(make_chart(series=["Speed"], points=points)))["data"]

    assert line["mode"] == "lines+markers"
    assert line["marker"]["size"] == [0, 0, 0, 5]


def test_markers_outside_the_time_are_left_out():
    chart = make_chart(markers=[(START + HOUR * 5, "v13 live"), (START - HOUR, "v12 live")])

    assert "v13 live" in charts.svg(chart)
    assert "v12 live" not in charts.svg(chart)


def test_nothing_known_is_said_in_words():
    empty = make_chart(points=[(START, [None, None])])

    assert "No data in this time." in charts.svg(empty)
    assert '<svg class="chart-svg"' not in charts.svg(make_chart(points=[]))


def test_only_zeros_still_have_an_axis():
    assert "c-grid" in charts.svg(make_chart(points=[(START, [0, 0]), (START + HOUR, [0, 0])]))


def test_a_single_point_is_drawn():
    assert "c-line" in charts.svg(make_chart(points=[(START, [3, 1])]))


def test_series_take_the_colours_they_are_given():
    assert "c-line s-bad" in charts.svg(make_chart(colours=["s2", "s-bad"]))


def test_the_numbers_behind_a_chart_are_a_table():
    table = charts.numbers(make_chart(unit=Unit.MILLISECONDS, points=[(START, [840, None])]))

    assert table.headings == ("Time", "Answered", "Failed")
    assert table.rows == [("20 Nov 2026, 00:00", "840 ms", "–")]


def test_horizontal_bars_share_one_scale():
    chart = BarChart(title="Cost", unit=Unit.USD, bars=[("big", 8.0), ("small", 2.0), ("none", 0.0)])

    widths = [bar.get("width") for bar in parse(charts.bars(chart)).iterfind(".//rect[@class='c-bar']")]

    assert widths == ["100%", "25%", "0%"]
    assert charts.numbers(chart).rows[0] == ("big", "$8.00")


def test_a_sparkline_of_nothing_is_nothing():
    assert charts.sparkline([None, None], "Calls") == ""


def test_a_flat_sparkline_is_drawn():
    assert 'aria-label="Calls"' in charts.sparkline([4, 4, 4], "Calls")


@pytest.mark.parametrize(
    ("top", "marks"),
    [
        (0, [0, 1]),
        (7, [0, 2, 4, 6, 8]),
        (10, [0, 2.5, 5, 7.5, 10]),
        (0.0033, [0, 0.001, 0.002, 0.003, 0.004]),
        (1203, [0, 500, 1000, 1500]),
    ],
)
def test_axes_end_on_round_numbers(top, marks):
    assert chart_scales.ticks(top) == pytest.approx(marks)


def test_things_that_cannot_be_halved_have_whole_marks():
    assert chart_scales.whole_ticks(2) == [0, 1, 2]
    assert chart_scales.whole_ticks(0) == [0, 1]
    assert chart_scales.whole_ticks(10) == [0, 5, 10]


@pytest.mark.parametrize(
    ("length", "labels"),
    [
        (timedelta(minutes=30), ["20 Nov", "00:05", "00:10", "00:15", "00:20", "00:25", "00:30"]),
        (timedelta(hours=24), ["20 Nov", "06:00", "12:00", "18:00", "21 Nov"]),
        (timedelta(days=7), ["20 Nov", "22 Nov", "24 Nov", "26 Nov"]),
    ],
)
def test_times_are_marked_at_round_moments(length, labels):
    assert [label for _, label in chart_scales.time_ticks(START, START + length)] == labels


def test_a_figure_holds_the_points_and_their_words():
    chart = make_chart(unit=Unit.MILLISECONDS, series=["Speed"], points=[(START, [840.0]), (START + HOUR, [None])])

    figure = json.loads(charts.figure_json(chart))

    trace = figure["data"][0]
    assert trace["y"] == [840.0, None]
    assert trace["x"][0] == "2026-11-20 00:00:00"
    assert trace["customdata"] == ["840 ms", "–"]
    assert trace["meta"] == "s1"
    assert "template" not in figure["layout"]


def test_a_figure_marks_the_same_values_as_the_drawing():
    layout = json.loads(charts.figure_json(make_chart(shape=Shape.BARS)))["layout"]

    assert layout["yaxis"]["ticktext"] == ["0", "10", "20", "30", "40"]
    assert layout["barmode"] == "stack"


def test_markup_in_names_reaches_plotly_as_text():
    hostile = "<a href='javascript:alert(1)'>x</a>"
    chart = make_chart(series=[hostile, "b"], markers=[(START + HOUR, hostile)])

    figure = charts.figure_json(chart)

    assert "<a" not in figure


def test_a_chart_without_figure_does_not_load_plotly():
    code = (
        "import sys, django; from django.conf import settings; settings.configure(USE_TZ=True); django.setup()\n"
        "from datetime import datetime, UTC; from webapp import charts\n"
        "charts.svg(charts.TimeSeriesChart(title='t', unit=charts.Unit.COUNT, series=['s'], points=[(datetime.now(UTC), [1])]))\n"
        "assert not [name for name in sys.modules if name.startswith('plotly')]"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_words_above_marks_that_stand_apart_are_all_written() -> None:
    assert labels_apart([(20, "support/refund v3"), (60, "search/answer v2")]) == ["refund v3", "answer v2"]


def test_a_word_that_would_run_into_its_neighbour_is_left_out() -> None:
    assert labels_apart([(50, "a/refund-answer v3"), (52, "a/summary v2"), (90, "x v1")]) == [
        "refund-answer v3",
        "",
        "x v1",
    ]


def test_a_word_at_the_left_edge_takes_the_room_to_its_right() -> None:
    assert labels_apart([(0, "answer-with-context v3"), (20, "summary v2")]) == ["answer-with-context v3", ""]


@pytest.mark.parametrize(
    ("top", "words"),
    [
        (0.018, ["$0", "$0.005", "$0.01", "$0.015", "$0.02"]),
        (0.1, ["$0", "$0.025", "$0.05", "$0.075", "$0.1"]),
        (0.3, ["$0", "$0.10", "$0.20", "$0.30"]),
        (3, ["$0", "$1.00", "$2.00", "$3.00"]),
    ],
)
def test_no_two_marks_of_an_axis_in_dollars_read_the_same(top, words):
    assert Unit.USD.marks(chart_scales.ticks(top)) == words
