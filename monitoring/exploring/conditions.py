"""The conditions that terms stand for: on the row of a trace, on its calls that were looked at, or on what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.expressions import RawSQL

from monitoring.analysis import flagged
from monitoring.analysis.models import CallAnalysis
from monitoring.exploring import amounts, fields, members
from monitoring.exploring.terms import TEXT, Operator, Term
from monitoring.exploring.terms import Value as Asked
from monitoring.issues import of_traces
from monitoring.kinds import Arm
from monitoring.models import Score, Span
from projects.models import Project

# A call begins after its trace; one that begins later than this is not found by the time of its trace.
_LONGEST, _SLACK = timedelta(days=1), timedelta(minutes=10)
_START_OF_ID = re.compile(r"[0-9a-f]{6,31}")
_LOOKUPS = {Operator.AT_LEAST: "gte", Operator.AT_MOST: "lte", Operator.ABOVE: "gt", Operator.BELOW: "lt"}
_COLUMNS = {
    "prompt": "prompt_name", "version": "prompt_version", "model": "model", "environment": "environment",
    "release": "release", "service": "service", "user": "user_id", "session": "session_id", "name": "name",
    "input_tokens": "input_tokens", "output_tokens": "output_tokens", "calls": "call_count", "steps": "span_count",
    "cost": "cost_nano_usd",
}  # fmt: skip
_AMOUNTS: dict[str, Callable[[str], int | None]] = {
    "version": amounts.whole, "input_tokens": amounts.count, "output_tokens": amounts.count, "calls": amounts.count,
    "steps": amounts.count, "cost": amounts.nano_usd,
}  # fmt: skip
# A cost of nothing of calls without a price is no cost.
_COST_IS_KNOWN = Q(unpriced_count=0) | Q(cost_nano_usd__gt=0)
_PRESENT = {
    "feedback": Q(thumbs_up__gt=0) | Q(thumbs_down__gt=0), "error": Q(error_count__gt=0), "user": ~Q(user_id=""),
    "session": ~Q(session_id=""), "prompt": ~Q(prompt_name=""),
    "price": Q(call_count__gt=0) & _COST_IS_KNOWN,
}  # fmt: skip
_OF_CALLS = frozenset({TEXT, "flag", "issue", "group", "ttft", "language"})
_OF_PARTS = frozenset({"score", "metadata"})
# A word that is everywhere must not be looked up for a whole day: texts of calls that begin later are found by their beginnings.
_IN_TEXTS = """
    SELECT trace_id FROM call_analysis
     WHERE project_id = %s AND start_day BETWEEN %s AND %s AND call_at >= %s AND call_at < %s AND words @@ words_wanted(%s)
       AND words IS NOT NULL
"""
_PARTS_TO_HAVE = frozenset({"comment", "correction", "score"})


@dataclass(frozen=True, slots=True)
class Within:
    """The project, and between which two moments the traces began that a condition will be asked of."""

    project: Project
    since: datetime
    until: datetime


def is_of_row(term: Term) -> bool:
    """Tell whether the row of a trace alone says if it fits."""
    return term.field not in _OF_CALLS | _OF_PARTS and not _has_parts(term) and not _has_flag(term)


def is_heavy(term: Term) -> bool:
    """Tell whether every trace has to be looked into."""
    return term.field in _OF_PARTS or _has_parts(term)


def is_indexed(term: Term) -> bool:
    """Tell whether an index leads to the traces that fit, newest first."""
    if term.field in ("user", "session", "prompt"):
        return bool(term.only)
    return (term.field, term.only) in (("outcome", "error"), ("feedback", "down"))


def of_row(term: Term) -> Q:
    """Return the condition on the row of a trace."""
    return _any(term, lambda value: _of_row(term.field, value))


def of_parts(term: Term, within: Within) -> Q:
    """Return the condition on what else is known of traces that began within a time."""
    return _any(term, lambda value: _of_part(term, value, within))


def _any(term: Term, of_value: Callable[[Asked], Q]) -> Q:
    found = Q()
    for value in term.values:
        found |= of_value(value)
    return ~found if term.is_negated else found


def _has_parts(term: Term) -> bool:
    return term.field == "has" and any(value.text in _PARTS_TO_HAVE for value in term.values)


def _has_flag(term: Term) -> bool:
    return term.field == "has" and any(value.text == "flag" for value in term.values)


def _of_row(field: str, value: Asked) -> Q:
    match field:
        case "outcome":
            return Q(error_count__gt=0) if value.text == "error" else Q(error_count=0)
        case "feedback":
            return Q(thumbs_up__gt=0) if value.text == "up" else Q(thumbs_down__gt=0)
        case "latency":
            return _duration(value)
        case "tokens":
            return _tokens(value)
        case "cost":
            return _column(field, value) & _COST_IS_KNOWN
        case "prompt_version":
            name, number = fields.prompt_version(value.text) or ("", 0)
            return Q(prompt_name=name, prompt_version=number)
        case "hour":
            return Q(**{f"started_at__hour__{_LOOKUPS.get(value.operator, 'exact')}": amounts.whole(value.text)})
        case "rollout":
            return Q(rollout_id__range=_ids_from(value.text))
        case "arm":
            return Q(arm=int(Arm[value.text.upper()]))
        case "has":
            return _PRESENT[value.text]
        case _:
            return _column(field, value)


def _column(field: str, value: Asked) -> Q:
    column, read = _COLUMNS[field], _AMOUNTS.get(field)
    if read is not None:
        return Q(**{f"{column}__{_LOOKUPS.get(value.operator, 'exact')}": read(value.text)})
    if value.operator == Operator.BEGINS:
        return Q(**{f"{column}__startswith": value.text}) if value.text else ~Q(**{column: ""})
    return Q(**{column: value.text})


def _duration(value: Asked) -> Q:
    wanted = amounts.nanoseconds(value.text) or 0
    return Q(**{f"end_ns__{_LOOKUPS.get(value.operator, 'exact')}": F("start_ns") + Value(wanted)})


def _tokens(value: Asked) -> Q:
    wanted = Value(amounts.count(value.text) or 0)
    return Q(**{f"input_tokens__{_LOOKUPS.get(value.operator, 'exact')}": wanted - F("output_tokens")})


def _begins_with(words: str) -> Q:
    """Return the condition on what the row of a trace holds of its texts: the beginnings, and its names and ids."""
    found = Q()
    for column in ("name", "input_preview", "output_preview", "user_id", "session_id"):
        found |= Q(**{f"{column}__icontains": words})
    if _START_OF_ID.fullmatch(words.lower()):
        found |= Q(trace_id__range=_ids_from(words))
    return found


def _in_texts(words: str, within: Within) -> Q:
    since, until = within.since - _SLACK, within.until + _SLACK
    asked = [within.project.pk, since.date(), until.date(), since, until, words]
    return Q(trace_id__in=RawSQL(_IN_TEXTS, asked))  # noqa: S611


def _ids_from(start: str) -> tuple[UUID, UUID]:
    digits = start.lower().replace("-", "")
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _of_part(term: Term, value: Asked, within: Within) -> Q:
    match term.field:
        case "text":
            return _begins_with(value.text) | _in_texts(value.text, within)
        case "flag":
            return _flagged(value.text, within)
        case "issue":
            return _of_issue(amounts.whole(value.text) or 0, within)
        case "group":
            return _of_calls(within, cluster_id=amounts.whole(value.text))
        case "ttft":
            lookup = _LOOKUPS.get(value.operator, "exact")
            return _of_calls(within, **{f"ttft_ns__{lookup}": amounts.nanoseconds(value.text)})
        case "language":
            return _of_calls(within, **_texts(value, "language"))
        case "score":
            return _scored(within, members.score_condition(term.key, value))
        case "metadata":
            return _with_metadata(within, term.key, value)
        case _:
            return _present(value.text, within)


def _flagged(name: str, within: Within) -> Q:
    return flagged.in_traces(project_id=within.project.pk, name=name, since=within.since, until=within.until)


def _of_calls(within: Within, **condition: Any) -> Q:
    calls = CallAnalysis.objects.for_project(within.project).filter(**condition)
    calls = calls.filter(call_at__gte=within.since - _SLACK, call_at__lt=within.until + _LONGEST)
    return Q(trace_id__in=calls.values("trace_id"))


def _of_issue(number: int, within: Within) -> Q:
    return of_traces.of_issue(project=within.project, number=number, since=within.since, until=within.until)


def _texts(value: Asked, column: str) -> dict[str, str]:
    return {f"{column}__startswith" if value.operator == Operator.BEGINS else column: value.text}


def _present(kind: str, within: Within) -> Q:
    if kind == "flag":
        return _flagged(flagged.ANY, within)
    if kind in _PARTS_TO_HAVE:
        return _scored(within, members.HAS[kind])
    return _PRESENT[kind]


def _scored(within: Within, condition: Q) -> Q:
    # Said about a trace after it began, however late: the clocks of two machines may differ a little.
    said = Score.objects.filter(condition, project_id=within.project.pk, received_at__gte=within.since - _SLACK)
    return Q(Exists(said.filter(trace_id=OuterRef("trace_id"))))


def _with_metadata(within: Within, key: str, value: Asked) -> Q:
    days = (within.since - _SLACK).date(), (within.until + _LONGEST).date()
    steps = Span.objects.filter(
        project_id=within.project.pk, start_day__range=days, trace_id=OuterRef("trace_id"), metadata__isnull=False
    )
    # The days of each trace as well: of all partitions in the time only those are opened that it touches.
    steps = steps.filter(start_day__gte=OuterRef("min_day"), start_day__lte=OuterRef("max_day"))
    return Q(Exists(members.with_member(steps, key, value)))
