"""The tiles and the rows of the page about costs, as it shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.utils.safestring import SafeString

from monitoring.costs.reading import Amounts, Line, Report
from webapp import charts, formats
from webapp.charts import Shape, TimeSeriesChart, Unit
from webapp.pages.overview_panels import Change

MOST_ROWS = 20
Link = Callable[[Line], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: what cost, how much of everything that is, and how it moved."""

    label: str
    url: str
    amounts: Amounts
    share: float | None
    change: Change
    is_new: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One way to cut the costs; `rest` says how many lines cost less than those shown."""

    name: str
    title: str
    heading: str
    rows: list[Row]
    rest: int
    rest_usd: float


@dataclass(frozen=True, slots=True)
class TokenPart:
    """One kind of tokens, and how much of all that is."""

    label: str
    help: str
    count: int
    share: float | None
    change: Change


def table(
    name: str, title: str, heading: str, lines: Sequence[Line], report: Report, label: Callable[[Line], str], link: Link
) -> Table:
    """Return the dearest lines of one way to cut the costs."""
    rows = [_row(line, report, label(line), link(line)) for line in lines[:MOST_ROWS]]
    rest = lines[MOST_ROWS:]
    return Table(name, title, heading, rows, len(rest), sum(line.now.cost_nano_usd for line in rest) / 1e9)


def _row(line: Line, report: Report, label: str, url: str) -> Row:
    total = report.total.cost_nano_usd
    share = line.now.cost_nano_usd / total if total and line.now.cost_usd is not None else None
    is_new = not line.before.call_count and report.before.call_count > 0
    return Row(label, url, line.now, share, money_change(line.now, line.before), is_new)


def money_change(now: Amounts, before: Amounts) -> Change:
    """Return how the money moved since the days before; more is neither good nor bad by itself."""
    if not before.cost_nano_usd or now.cost_usd is None:
        return Change()
    return _moved(now.cost_nano_usd / before.cost_nano_usd - 1)


def _moved(share: float) -> Change:
    direction = "flat" if abs(share) < 0.0005 else "up" if share > 0 else "down"
    return Change(formats.change(share), direction)


def number_change(now: float | None, before: float | None) -> Change:
    """Return how a number moved since the days before."""
    return _moved(now / before - 1) if now is not None and before else Change()


def token_parts(report: Report) -> list[TokenPart]:
    """Return what was sent and answered, in the kinds that providers charge differently."""
    parts: list[tuple[str, str, Callable[[Amounts], int]]] = [
        ("Sent", "Read by the model in full. What is written to a provider's cache counts here too.", lambda one: one.fresh_tokens),
        ("Sent, from the cache", "Sent before and kept by the provider, at a lower price.", lambda one: one.cache_read_tokens),
        ("Answered", "What people or the application got to read.", lambda one: one.answer_tokens),
        ("Reasoning", "Thought before the answer: nobody reads it, and it is charged like an answer.", lambda one: one.reasoning_tokens),
    ]  # fmt: skip
    whole = report.total.token_count
    return [
        TokenPart(
            label, text, value(report.total), value(report.total) / whole if whole else None,
            number_change(value(report.total), value(report.before)),
        )
        for label, text, value in parts
    ]  # fmt: skip


def chart(report: Report) -> TimeSeriesChart:
    """Return what every day cost."""
    points = [(moment(day), (amounts.cost_usd,)) for day, amounts in report.per_day]
    return TimeSeriesChart(
        title="Cost per day", unit=Unit.USD, series=["Cost"], points=points, shape=Shape.BARS, colours=["s5"]
    )


def moment(day: date) -> datetime:
    """Return when a day began."""
    return datetime.combine(day, datetime.min.time(), UTC)


def line(report: Report) -> SafeString:
    """Return the small line of the finished days."""
    values = [amounts.cost_usd for _, amounts in report.per_day[:-1]]
    return charts.sparkline(values, "Cost per day", "s5")


def day_rows(report: Report) -> list[tuple[str, ...]]:
    """Return the rows of the table behind the chart, the newest day first."""
    return [
        (
            f"{day:%-d %b %Y}", formats.usd(amounts.cost_usd), formats.full_count(amounts.call_count),
            formats.full_count(amounts.unpriced_count), formats.full_count(amounts.fresh_tokens),
            formats.full_count(amounts.cache_read_tokens), formats.full_count(amounts.answer_tokens),
            formats.full_count(amounts.reasoning_tokens),
        )
        for day, amounts in reversed(report.per_day)
    ]  # fmt: skip
