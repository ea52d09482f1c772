"""How many matching traces began in each stretch of a time range."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Count, Func
from django.db.utils import OperationalError
from psycopg.errors import QueryCanceled

from monitoring import usage_periods
from monitoring.trace_filters import TraceFilter
from monitoring.usage_periods import Period
from projects.models import Project


class _Bucket(Func):
    function = "date_bin"
    output_field = models.DateTimeField()


class TookTooLong(Exception):
    """Counting would have taken longer than a page may take."""


def volume(*, project: Project, wanted: TraceFilter, milliseconds: int = 200) -> list[tuple[datetime, int]]:
    """Return the number of traces per bucket, empty ones included, or raise TookTooLong."""
    period = usage_periods.fit(wanted.start, wanted.end)
    if set(wanted.names_in_use) <= {"environment"}:
        counts = _from_counters(project, period, wanted.environment)
    else:
        counts = _from_traces(project, period, wanted, milliseconds)
    return [(moment, counts.get(moment, 0)) for moment in period.moments]


def _from_counters(project: Project, period: Period, environment: str) -> dict[datetime, int]:
    condition = "AND environment = %s" if environment else ""
    values: list[Any] = [period.step, usage_periods.ORIGIN, project.pk, period.start, period.end]
    query = f"""
        SELECT date_bin(%s, at, %s) AS bucket, sum(root_count)::bigint FROM {period.table}
        WHERE project_id = %s AND at >= %s AND at < %s {condition} GROUP BY bucket
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [*values, environment] if environment else values)
        return dict(cursor.fetchall())


def _from_traces(project: Project, period: Period, wanted: TraceFilter, milliseconds: int) -> dict[datetime, int]:
    bucket = _Bucket(
        _value(period.step, models.DurationField()), "started_at", _value(usage_periods.ORIGIN, models.DateTimeField())
    )
    found = wanted.found(project, since=wanted.start, until=wanted.end)
    rows = wanted.rows(project).filter(wanted.rest, found).order_by().values_list(bucket).annotate(Count("trace_id"))
    with at_most(milliseconds):
        return dict(rows)


def _value(value: timedelta | datetime, field: models.Field[Any, Any]) -> models.Value:
    return models.Value(value, output_field=field)


@contextmanager
def at_most(milliseconds: int) -> Iterator[None]:
    """Give the statements inside so much time; TookTooLong when they need more."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
            yield
            # A savepoint that is released keeps the setting; the statements that follow are not ours to limit.
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TookTooLong from error
        raise
