"""How many calls of each stretch of time took how long, as a map of coloured cells."""

from __future__ import annotations

import math
from datetime import timedelta

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from monitoring.answer_times import HeatMap
from webapp import formats
from webapp.chart_data import moment_text
from webapp.chart_scales import time_ticks

LEVELS = 8
_MOST_LABELS = 7


def heat_map(heat: HeatMap, *, title: str) -> SafeString:
    """Return the map as a figure that needs no script; a script finds in it what each cell holds."""
    return format_html(
        '<figure class="chart"><figcaption class="chart-head"><span class="chart-title">{}</span>{}</figcaption>'
        '<svg class="chart-svg heat" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>{}{}{}</svg></figure>',
        title, _legend(heat), title, title, _description(heat), _rows(heat), _columns(heat), _plot(heat),
    )  # fmt: skip


def _description(heat: HeatMap) -> str:
    column, row = divmod(int(heat.counts.argmax()), heat.counts.shape[1])
    low, high = (formats.duration_ms(heat.edges_ms[row + step]) for step in (0, 1))
    return (
        f"From {moment_text(heat.moments[0])} to {moment_text(heat.moments[-1] + heat.step)}. Most calls in one cell: "
        f"{formats.full_count(heat.most)}, from {moment_text(heat.moments[column])}, {low} to {high}."
    )


def level(count: int, most: int) -> int:
    """Return how strong the colour of a cell is, from 1 to LEVELS; small counts must be seen beside large ones."""
    return max(1, math.ceil(LEVELS * math.log1p(count) / math.log1p(most))) if count else 0


def _legend(heat: HeatMap) -> SafeString:
    cells = format_html_join("", '<rect class="heat-{}" x="{}" width="12" height="10"/>', (
        (number, (number - 1) * 12) for number in range(1, LEVELS + 1)
    ))  # fmt: skip
    return format_html(
        '<ul class="legend"><li>1 call <svg class="heat-scale" viewBox="0 0 {} 10" aria-hidden="true">{}</svg> {}</li></ul>',
        LEVELS * 12, cells, formats.full_count(heat.most),
    )  # fmt: skip


def _rows(heat: HeatMap) -> SafeString:
    rows = len(heat.edges_ms) - 1
    every = math.ceil((rows + 1) / _MOST_LABELS)
    return format_html_join(
        "", '<text class="c-tick c-tick-y" x="-8" y="{}%">{}</text>',
        (
            (_number(100 - 100 * row / rows), formats.duration_ms(edge) if edge else "0")
            for row, edge in enumerate(heat.edges_ms) if row % every == 0
        ),
    )  # fmt: skip


def _columns(heat: HeatMap) -> SafeString:
    start, end = heat.moments[0], heat.moments[-1] + heat.step
    ticks = time_ticks(start, end - timedelta(microseconds=1))
    return format_html_join(
        "", '<text class="c-tick c-tick-x{}" x="{}%" y="100%" dy="18">{}</text>',
        (
            (" c-tick-minor" if index % 2 else "", _number((moment - start) / (end - start) * 100), label)
            for index, (moment, label) in enumerate(ticks)
        ),
    )  # fmt: skip


def _plot(heat: HeatMap) -> SafeString:
    columns, rows = heat.counts.shape
    cells: dict[int, list[str]] = {}
    for column, row in zip(*heat.counts.nonzero(), strict=True):
        strength = level(int(heat.counts[column, row]), heat.most)
        cells.setdefault(strength, []).append(f"M{column} {rows - 1 - row}h1v1h-1z")
    paths = format_html_join(
        "", '<path class="heat-{}" d="{}"/>', ((strength, "".join(cells[strength])) for strength in sorted(cells))
    )  # fmt: skip
    return format_html(
        '<svg class="chart-plot" viewBox="0 0 {} {}" preserveAspectRatio="none" width="100%" height="100%" data-heat="" data-start="{}" '
        'data-step="{}" data-edges="{}" data-counts="{}"><rect class="heat-ground" width="{}" height="{}"/>{}'
        '<rect class="heat-chosen" width="0" height="0"/></svg>',
        columns, rows, int(heat.moments[0].timestamp()), int(heat.step.total_seconds()),
        ",".join(f"{edge:.6g}" for edge in heat.edges_ms), ",".join(str(count or "") for count in heat.counts.ravel().tolist()),
        columns, rows, paths,
    )  # fmt: skip


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
