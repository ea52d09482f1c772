"""Which calls a line of the filter language means: what calls carry themselves is asked of them, the rest of their traces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from monitoring.exploring import amounts, fields
from monitoring.exploring.terms import Operator, Term
from monitoring.exploring.terms import Value as Asked
from monitoring.kinds import Arm
from monitoring.trace_filters import TraceFilter
from projects.models import Project

# A call begins after its trace, by so much at most.
_LONGEST = timedelta(days=1)
_SIGNS = {Operator.AT_LEAST: ">=", Operator.AT_MOST: "<=", Operator.ABOVE: ">", Operator.BELOW: "<"}
_COLUMNS = {
    "prompt": "prompt_name", "version": "prompt_version", "model": "model", "environment": "environment",
    "release": "release", "service": "service", "user": "user_id", "session": "session_id",
}  # fmt: skip
COUNTED = frozenset({"prompt", "version", "prompt_version", "model", "environment", "rollout", "arm"})
FOUND = COUNTED - {"rollout", "arm"}
_OF_CALLS = COUNTED | {"release", "service", "user", "session"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL with its values, in order."""

    sql: str
    values: tuple[Any, ...] = ()


def fields_of(terms: Iterable[Term]) -> frozenset[str]:
    """Return which fields are asked for."""
    return frozenset(term.field for term in terms)


def of_calls(terms: Iterable[Term], *, row: str = "", elsewhere: str = "") -> list[Condition]:
    """Return the conditions on what a row of calls carries; `elsewhere` names the row that has what scores do not carry."""
    return [_condition(term, row, elsewhere or row) for term in terms if term.field in _OF_CALLS]


def of_traces(
    terms: Iterable[Term], *, project: Project, start: datetime, end: datetime, column: str
) -> list[Condition]:
    """Return the condition that a call's trace fits the other terms; none, when there are none."""
    rest = tuple(term for term in terms if term.field not in _OF_CALLS)
    if not rest:
        return []
    wanted = TraceFilter(start=start - _LONGEST, end=end, terms=rest)
    found = wanted.found(project, since=wanted.start, until=wanted.end)
    rows = wanted.rows(project).filter(wanted.rest, found).order_by().values("trace_id")
    sql, values = rows.query.sql_with_params()
    return [Condition(f"{column} IN ({sql})", tuple(values))]


def joined(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """Return conditions that must all hold, as SQL that begins with AND, with its values."""
    sql = "".join(f" AND {condition.sql}" for condition in conditions)
    return sql, [value for condition in conditions for value in condition.values]


def _condition(term: Term, row: str, elsewhere: str) -> Condition:
    is_elsewhere = term.field in ("release", "service", "user", "session")
    prefix = f"{name}." if (name := elsewhere if is_elsewhere else row) else ""
    parts = [_of_value(term.field, value, prefix) for value in term.values]
    sql = f"({' OR '.join(part.sql for part in parts)})"
    # What is not known is not so: NOT of nothing would be nothing.
    return Condition(
        f"{sql} IS NOT TRUE" if term.is_negated else sql, tuple(value for part in parts for value in part.values)
    )


def _of_value(field: str, value: Asked, prefix: str) -> Condition:
    if field == "arm":
        return Condition(f"{prefix}arm = %s", (int(Arm[value.text.upper()]),))
    if field == "rollout":
        digits = value.text.lower().replace("-", "")
        ends = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
        return Condition(f"{prefix}rollout_id BETWEEN %s AND %s", ends)
    if field == "prompt_version":
        asked = fields.prompt_version(value.text) or ("", 0)
        return Condition(f"({prefix}prompt_name = %s AND {prefix}prompt_version = %s)", asked)
    column = f"{prefix}{_COLUMNS[field]}"
    if field == "version":
        return Condition(f"{column} {_SIGNS.get(value.operator, '=')} %s", (amounts.whole(value.text),))
    if value.operator == Operator.BEGINS:
        return Condition(f"starts_with({column}, %s) AND {column} <> ''", (value.text,))
    return Condition(f"{column} = %s", (value.text,))
