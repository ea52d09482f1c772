"""Filters that people keep, in views and on dashboards: a person or a trace may be named in them."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.dashboards.models import SavedChart
from monitoring.erasure.targets import Target
from monitoring.exploring import language
from monitoring.exploring.models import TraceView

# An id that is shorter is a part of many other words; it counts only where it stands alone.
_TELLING = 6


def count(target: Target) -> int:
    """Return how many kept filters name the target."""
    return len(_charts(target)) + len(_views(target))


def clear(target: Target) -> int:
    """Delete the views and charts that name the target: without the name they would show something else."""
    charts, views = _charts(target), _views(target)
    SavedChart.objects.filter(project_id=target.project_id, pk__in=charts).delete()
    TraceView.objects.filter(project_id=target.project_id, pk__in=views).delete()
    return len(charts) + len(views)


def _charts(target: Target) -> list[int]:
    rows = SavedChart.objects.filter(project_id=target.project_id).values_list("pk", "line", "title")
    return [pk for pk, line, title in rows if _is_named(target, line, title)]


def _views(target: Target) -> list[int]:
    rows = TraceView.objects.filter(project_id=target.project_id).values_list("pk", "line", "name")
    return [pk for pk, line, name in rows if _is_named(target, line, name)]


def _is_named(target: Target, line: str, title: str) -> bool:
    values = {value.text for term in language.parse(line).terms for value in term.values}
    words = set(title.split())
    return any(
        needle in values or needle in words or (len(needle) >= _TELLING and (needle in line or needle in title))
        for needle in _needles(target)
    )


def _needles(target: Target) -> Iterable[str]:
    spelled = (text for trace_id in target.trace_ids for text in (trace_id.hex, str(trace_id)))
    return (needle for needle in (*target.ids, *spelled) if needle)
