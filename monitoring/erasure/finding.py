"""Finds the traces that a deletion is about; may be run again at any time and then finds what came meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from monitoring import stored_filters, walks
from monitoring.erasure.models import ErasedTrace, Erasure, SubjectKind
from monitoring.erasure.targets import Target

_FROM_TRACES = """
    INSERT INTO erased_trace (project_id, erasure_id, trace_id, round)
    SELECT project_id, %(erasure)s, trace_id, 0 FROM trace WHERE project_id = %(project)s AND {column} = ANY(%(ids)s)
    ON CONFLICT DO NOTHING
"""
# A trace may be of several people; its row names one of them, each step its own.
_FROM_STEPS = """
    INSERT INTO erased_trace (project_id, erasure_id, trace_id, round)
    SELECT DISTINCT project_id, %(erasure)s, trace_id, 0 FROM {partition}
     WHERE project_id = %(project)s AND {column} = ANY(%(ids)s)
    ON CONFLICT DO NOTHING
"""
_COLUMNS = {SubjectKind.USER: "user_id", SubjectKind.SESSION: "session_id"}


def find(erasure: Erasure, target: Target, keep: Callable[[], None]) -> None:
    """Note every trace of the request that is not noted yet; `keep` is called between steps that may take a while."""
    if erasure.kind == SubjectKind.TRACE:
        _note(erasure, [UUID(hex=erasure.subject)])
    elif erasure.kind == SubjectKind.FILTER:
        _walk(erasure, keep)
    else:
        _look_everywhere(erasure, target, keep)


def _look_everywhere(erasure: Erasure, target: Target, keep: Callable[[], None]) -> None:
    column = _COLUMNS[SubjectKind(erasure.kind)]
    values: dict[str, Any] = {"erasure": erasure.pk, "project": erasure.project_id, "ids": list(target.ids)}
    with connection.cursor() as cursor:
        cursor.execute(_FROM_TRACES.format(column=column), values)
        for partition in _partitions():
            # What an earlier turn of this round looked through is not looked through again.
            if f"{erasure.round} {partition}" > erasure.search_place:
                keep()
                cursor.execute(_FROM_STEPS.format(column=column, partition=partition), values)
                erasure.search_place = f"{erasure.round} {partition}"
                Erasure.objects.filter(pk=erasure.pk).update(search_place=erasure.search_place)


def _partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree('span') WHERE isleaf ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


def _walk(erasure: Erasure, keep: Callable[[], None]) -> None:
    """Go on with the search where it was left; what a filter finds is what it found once, not what arrives later."""
    wanted = stored_filters.from_json(erasure.wanted)
    while erasure.search_place != walks.END:
        keep()
        some = walks.stretch(project=erasure.project, wanted=wanted, place=erasure.search_place)
        erasure.search_place = some.place
        with transaction.atomic():
            _note(erasure, [trace.trace_id for trace in some.traces])
            Erasure.objects.filter(pk=erasure.pk).update(search_place=some.place)


def _note(erasure: Erasure, trace_ids: list[UUID]) -> None:
    ErasedTrace.objects.bulk_create(
        (ErasedTrace(project_id=erasure.project_id, erasure=erasure, trace_id=trace_id) for trace_id in trace_ids),
        ignore_conflicts=True,
    )
