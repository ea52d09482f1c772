"""Turns the numbers of a question into a chart, a table of its parts and the lines of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from monitoring.dashboards import tallies
from monitoring.dashboards.measures import Measure, Source
from monitoring.dashboards.numbers import Numbers, Part
from monitoring.dashboards.tallies import Tally
from monitoring.exploring.terms import Term, term
from webapp import formats
from webapp.charts import Shape, TimeSeriesChart, Unit
from webapp.pages.overview_charts import Markers
from webapp.pages.overview_panels import Change

_NOW, _BEFORE = "This time", "Period before"


@dataclass(frozen=True, slots=True)
class Row:
    """One part of a chart over the whole time."""

    name: str
    value: str
    # Between which values it lies, as far as these calls tell; or what is missing to say a value at all.
    interval: str
    out_of: str
    before: str
    change: Change
    colour: str
    url: str


def build(found: Numbers, *, title: str, marks: Markers) -> TimeSeriesChart:
    """Return the chart: stacked bars of what adds up, lines of everything else."""
    question, measure = found.question, found.question.measure
    has_parts = bool(question.split.name)
    is_compared = question.compares and not has_parts
    columns = [found.values(part) for part in found.parts]
    names = [part_name(found, part) for part in found.parts] if has_parts else [_NOW if is_compared else title]
    if is_compared:
        columns.append(found.values_before(found.parts[0]))
        names.append(_BEFORE)
    return TimeSeriesChart(
        title=title, unit=unit_of(measure), series=names, markers=marks,
        points=list(zip(found.period.moments, zip(*columns, strict=True), strict=True)),
        shape=Shape.BARS if measure.is_amount and not is_compared and question.split.name != "label" else Shape.LINE,
        colours=["s1", "s8"] if is_compared else (),
    )  # fmt: skip


def unit_of(measure: Measure) -> Unit:
    return Unit(str(measure.unit))


def part_name(found: Numbers, part: Part) -> str:
    """Return what a part is called on screen."""
    return part.name or found.question.split.nothing or "All calls"


def rows(found: Numbers, link: Callable[[Sequence[Term]], str]) -> list[Row]:
    """Return the parts over the whole time; `link` leads to the calls that fit some more terms."""
    chart_colour = [f"s{index % 8 + 1}" for index in range(len(found.parts))]
    return [_row(found, part, colour, link) for part, colour in zip(found.parts, chart_colour, strict=True)]


def _row(found: Numbers, part: Part, colour: str, link: Callable[[Sequence[Term]], str]) -> Row:
    measure, total = found.question.measure, part.total
    missing = tallies.missing(measure, total)
    value = "Not enough data" if missing else text(measure, tallies.value(measure, total))
    before = text(measure, tallies.value(measure, part.before)) if part.before is not None else ""
    terms = _terms_of(found, part)
    return Row(
        name=part_name(found, part), value=value,
        interval=f"need {formats.full_count(missing)} more" if missing else _interval(measure, total),
        out_of=_out_of(measure, total), before=before, change=_change(measure, part),
        colour=colour, url="" if terms is None else link(terms),
    )  # fmt: skip


def _out_of(measure: Measure, total: Tally) -> str:
    count = tallies.basis(measure, total)
    return f"{formats.full_count(count)} {measure.of.removesuffix('s') if count == 1 else measure.of}"


def text(measure: Measure, value: float | None) -> str:
    """Return a number in the words of its unit."""
    unit = unit_of(measure)
    return formats.full_count(value) if unit is Unit.COUNT and value is not None else unit.text(value)


def _interval(measure: Measure, total: Tally) -> str:
    found = tallies.interval(measure, total)
    return f"{text(measure, found[0])} to {text(measure, found[1])}" if found else ""


def _change(measure: Measure, part: Part) -> Change:
    now = tallies.value(measure, part.total)
    before = tallies.value(measure, part.before) if part.before is not None else None
    if (
        now is None
        or not before
        or tallies.missing(measure, part.total)
        or tallies.missing(measure, part.before or part.total)
    ):
        return Change()
    share = now / before - 1
    return Change(formats.change(share), "flat" if abs(share) < 0.0005 else "up" if share > 0 else "down")


def _terms_of(found: Numbers, part: Part) -> list[Term] | None:
    """Return the terms that a part of the calls fits in Explore; None where the language has no word for it."""
    split, name = found.question.split.name, part.name
    if not split:
        return _of_measure(found.question.measure)
    if not name or split in ("label", "segment"):
        return None
    if split == "version":
        named = [term("prompt_version", name)] if " v" in name else [term("prompt", name)]
    elif split == "metadata":
        named = [Term("metadata", term("metadata", name).values, key=found.question.key)]
    else:
        named = [term(split, name)]
    return named + _of_measure(found.question.measure)


def _of_measure(measure: Measure) -> list[Term]:
    """Return the terms for the calls that a number is about: failed ones, disliked ones, those with a finding."""
    if measure.name in ("failed", "errors"):
        return [term("outcome", "error")]
    if measure.name == "disliked":
        return [term("feedback", "down")]
    return [term("flag", measure.flag.name.lower())] if measure.flag is not None and measure.flag.name else []


def notes(found: Numbers) -> list[str]:
    """Return what has to be said about how the numbers were made."""
    said = []
    if found.since:
        said.append(
            f"Read call by call, back to {timezone.localtime(found.since):%-d %b %H:%M} UTC: what lies before is too much to read. "
            "Choose a shorter time or a narrower filter."
        )
    if found.question.compares and all(part.before is None for part in found.parts):
        said.append(
            "The period before is not shown: its calls are gone in part, or there are too many to read, and a part of them "
            "would say something else."
        )
    if found.hidden:
        said.append(f"{formats.full_count(found.hidden)} more with fewer calls are not shown.")
    if found.source in (Source.CALLS, Source.FINDINGS):
        said.append("Calls count once they were looked at, about a minute after they arrive, and for four weeks.")
    if found.question.split.name == "label":
        said.append(
            "A version with two labels counts under both; while a label moved, the version that it left counts too."
        )
    return said


def csv_rows(found: Numbers) -> Iterator[Sequence[Any]]:
    """Yield the numbers of a chart as rows of a table: each part over each stretch of time, then over the whole time."""
    measure, step = found.question.measure, found.period.step
    yield ["from", "to", "part", measure.name, measure.of, f"{measure.name} before", f"{measure.of} before"]
    for part in found.parts:
        name = part_name(found, part)
        before = part.points_before or []
        earlier = found.values_before(part)
        for place, (moment, value) in enumerate(zip(found.period.moments, found.values(part), strict=True)):
            count = tallies.basis(measure, before[place]) if place < len(before) else None
            known = (
                tallies.basis(measure, part.points[place])
                if value is not None or not found.since or moment >= found.since
                else None
            )
            yield [moment.isoformat(), (moment + step).isoformat(), name, value, known, earlier[place], count]
    for part in found.parts:
        total, was = part.total, part.before
        yield [
            found.period.start.isoformat(), found.period.end.isoformat(), part_name(found, part), tallies.value(measure, total),
            tallies.basis(measure, total), tallies.value(measure, was) if was else None,
            tallies.basis(measure, was) if was else None,
        ]  # fmt: skip
