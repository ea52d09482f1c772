"""«What is different about these»: the traces that pass the filter, or of a stretch of time, beside the rest of the time range."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils import timezone

from monitoring.clusters import queries
from monitoring.exploring import comparing, language
from monitoring.exploring.comparing import COST, LATENCY, TOKENS, Comparison
from monitoring.exploring.differences import Difference
from monitoring.exploring.terms import Operator, Term, Value, term
from monitoring.trace_filters import TraceFilter
from monitoring.trace_volume import TookTooLong
from projects.roles import Action
from webapp import formats, time_ranges
from webapp.access import ProjectRequest, requires
from webapp.pages import traces_filters, traces_line, traces_links, traces_words
from webapp.pages.traces_filters import TraceFilterForm
from webapp.render import render_page
from webapp.time_ranges import TimeRange

_BANDS = {"latency": LATENCY, "cost": COST, "tokens": TOKENS}
_LOCAL = "%Y-%m-%dT%H:%M"


class StretchForm(forms.Form):
    """A stretch of the time range that is held against the rest of it."""

    since = forms.DateTimeField(label="From", required=False, input_formats=[_LOCAL])
    until = forms.DateTimeField(label="To (UTC)", required=False, input_formats=[_LOCAL])

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        if bool(since) != bool(until) and not self.errors:
            raise forms.ValidationError("Say both from when and to when.")
        if since and until and since >= until:
            self.add_error("until", "This must be later than the start.")
        return found

    def stretch(self) -> tuple[datetime, datetime] | None:
        """Return the stretch in world time, when there is one that makes sense."""
        if not self.is_valid() or not self.cleaned_data.get("since"):
            return None
        return self.cleaned_data["since"].replace(tzinfo=UTC), self.cleaned_data["until"].replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One difference in words, with where it leads: to the traces that have it, and to those that do not."""

    one: Difference
    label: str
    value: str
    with_url: str
    without_url: str

    @property
    def bounds(self) -> str:
        """Between how many points more or fewer the truth lies."""
        low, high = round(self.one.low * 100), round(self.one.high * 100)
        return f"{low:+d} to {high:+d} points".replace("-", "−")


@requires(Action.READ_TRACES)
def difference(request: ProjectRequest) -> HttpResponse:
    """Show in which ways the traces differ from the rest."""
    time_range = time_ranges.from_request(request, now=timezone.now())
    form, stretch_form = TraceFilterForm(request.GET), StretchForm(request.GET)
    form.is_valid()
    wanted = form.wanted(start=time_range.start, end=time_range.end)
    during = stretch_form.stretch()
    is_asked = bool(during or wanted.without("environment").parts)
    found = _compare(request, wanted, during) if is_asked else None
    context = {
        "page_title": "What is different", "form": stretch_form, "found": found,
        "is_asked": is_asked, "lines": _lines(request, wanted, found, during) if found else [],
        "chips": [{"label": "Time", "value": time_range.label}, *_chips(wanted)], "words": _words(found, during, time_range),
        "list_url": traces_links.with_query(request, "explore", _query(request)),
    }  # fmt: skip
    return render_page(request, "traces/difference.html", context, section="explore", has_time_range=True)


def _compare(
    request: ProjectRequest, wanted: TraceFilter, during: tuple[datetime, datetime] | None
) -> Comparison | None:  # fmt: skip
    try:
        return comparing.compare(project=request.project, wanted=wanted, during=during)
    except TookTooLong:
        return None


def _chips(wanted: TraceFilter) -> list[dict[str, str]]:
    return [{"label": chip.label, "value": chip.value} for chip in traces_filters.chips(wanted)]


def _query(request: ProjectRequest) -> dict[str, str]:
    query = traces_links.without_page(request.GET)
    return {name: value for name, value in query.items() if name not in ("since", "until")}


def _words(found: Comparison | None, during: tuple[datetime, datetime] | None, time_range: TimeRange) -> str:
    if found is None:
        return ""
    chosen, rest = formats.full_count(found.chosen_count), formats.full_count(found.rest_count)
    which = "of the stretch" if during else "that match"
    cut = f", from {found.since:%-d %b %H:%M} UTC on" if found.since > time_range.start and not during else ""
    sample = " A sample of the others was looked at." if found.is_sample else ""
    return f"{chosen} traces {which} beside {rest} others of the same time{cut}.{sample}"


def _lines(
    request: ProjectRequest, wanted: TraceFilter, found: Comparison, during: tuple[datetime, datetime] | None
) -> list[Line]:  # fmt: skip
    query = _query(request) | (_range(during) if during else {})
    base = list(wanted.without("environment").spelled)
    return [
        _line(request, query, base, one) for one in found.differences if one.is_sure and not _is_asked_for(one, base)
    ]


def _is_asked_for(one: Difference, base: list[Term]) -> bool:
    """Tell whether all or none of the traces have it because the filter says so, which is no news."""
    field, _, key = _field_of(one)
    return one.share in (0.0, 1.0) and any((asked.field, asked.key) == (field, key) for asked in base)


def _field_of(one: Difference) -> tuple[str, str, str]:
    return one.dimension.replace("prompt version", "prompt_version").partition(".")


def _range(during: tuple[datetime, datetime]) -> dict[str, str]:
    return {"range": "..".join(f"{moment:%Y-%m-%dT%H:%M}Z" for moment in during)}


def _line(request: ProjectRequest, query: dict[str, str], base: list[Term], one: Difference) -> Line:
    having, lacking = terms_of(one)
    kept = {name: value for name, value in query.items() if name not in traces_line.SAID_BY_LINE}
    urls = [
        traces_links.with_query(request, "explore", kept | {"q": language.printed([*base, *terms])})
        for terms in (having, lacking)
    ]
    label, value = _label(one, having)
    if one.dimension == "group":
        value = queries.name_of(request.project, cluster_id=int(one.value))
    return Line(one, label, value, *urls)


def _label(one: Difference, having: list[Term]) -> tuple[str, str]:
    words = [traces_words.of_term(each) for each in having]
    if one.dimension == "feedback" and one.value == "none":
        return "Feedback", "none"
    return words[0][0], " and ".join(value for _, value in words)


def terms_of(one: Difference) -> tuple[list[Term], list[Term]]:
    """Return the terms for the traces that have a value of a dimension, and for those that do not."""
    if one.dimension in _BANDS:
        return _band(one.dimension, one.value)
    if one.dimension == "feedback" and one.value == "none":
        has = term("has", "feedback")
        return [Term(has.field, has.values, is_negated=True)], [has]
    field, _, key = _field_of(one)
    values = (Value(one.value),)
    return [Term(field, values, key)], [Term(field, values, key, is_negated=True)]


def _band(field: str, edge: str) -> tuple[list[Term], list[Term]]:
    edges = list(_BANDS[field])
    upper = edges[edges.index(edge) + 1] if edge != edges[-1] else ""
    least = [Value(edge, Operator.AT_LEAST)] if edge else []
    below = [Value(upper, Operator.BELOW)] if upper else []
    opposite = {Operator.AT_LEAST: Operator.BELOW, Operator.BELOW: Operator.AT_LEAST}
    outside = tuple(Value(one.text, opposite[one.operator]) for one in (*least, *below))
    return [Term(field, (one,)) for one in (*least, *below)], [Term(field, outside)]
