"""Which traces hold calls of an issue or of a group of questions, and which issues a trace belongs to: for lists and pages of traces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q
from django.db.models.expressions import RawSQL

from monitoring.analysis.flags import bit_of
from monitoring.analysis.models import CallAnalysis
from monitoring.issues import membership
from monitoring.issues.membership import Membership, is_narrower
from monitoring.issues.models import Issue, IssueScope
from monitoring.models import Trace
from monitoring.streams.scopes import DISLIKED, Scope
from projects.models import Project

# A call begins after its trace; one that begins later than this is not found by the time of its trace.
_LONGEST, _SLACK = timedelta(days=1), timedelta(minutes=10)
_NAMED = re.compile(r"%\((\w+)\)s")
_IN_ISSUE = """
    SELECT a.trace_id FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.call_at < %(until)s AND ({bad})
"""


class _Kind(NamedTuple):
    """What of a call tells to which issues it belongs."""

    trace_id: UUID
    cluster_id: int | None
    prompt_name: str
    model: str
    environment: str
    flags: int


def of_issue(*, project: Project, number: int, since: datetime, until: datetime) -> Q:
    """Return the condition that selects traces, begun between two moments, with a call that has the problem."""
    bad = _membership(project, number).bad()
    given = bad.values | {"project": project.pk, "since": since - _SLACK, "until": until + _LONGEST}
    return Q(trace_id__in=RawSQL(*_numbered(_IN_ISSUE.format(bad=bad.sql), given)))  # noqa: S611


def of_group(*, project: Project, cluster_id: int, since: datetime, until: datetime) -> Q:
    """Return the condition that selects traces, begun between two moments, with a call of the group of questions."""
    calls = CallAnalysis.objects.for_project(project).filter(cluster_id=cluster_id)
    return Q(trace_id__in=calls.filter(call_at__gte=since - _SLACK, call_at__lt=until + _LONGEST).values("trace_id"))


def issues_of(trace: Trace) -> list[Issue]:
    """Return the issues that a call of the trace belongs to, the most harmful first."""
    return issues_by_trace([trace]).get(trace.trace_id, [])


def issues_by_trace(traces: Sequence[Trace]) -> dict[UUID, list[Issue]]:
    """Return by trace the issues that a call of it belongs to, the most harmful first; all traces are of one project."""
    if not traces:
        return {}
    days = (min(trace.min_day for trace in traces), max(trace.max_day for trace in traces))
    disliked = {trace.trace_id for trace in traces if trace.thumbs_down}
    calls = CallAnalysis.objects.filter(
        Q(trace_id__in=disliked) | ~Q(flags=0), project_id=traces[0].project_id, start_day__range=days,
        trace_id__in=[trace.trace_id for trace in traces],
    )  # fmt: skip
    # A trace may hold thousands of calls, and few kinds of them.
    rows = [_Kind(*row) for row in calls.values_list(*_Kind._fields).distinct()]
    if not rows:
        return {}
    scopes = IssueScope.objects.filter(project_id=traces[0].project_id, issue__merged_into=None).select_related("issue")
    own = [(scope.as_scope(), scope.issue) for scope in scopes]
    found: dict[UUID, dict[int, Issue]] = {}
    for row in rows:
        issues = _issues_with(row, own, has_dislikes=row.trace_id in disliked)
        found.setdefault(row.trace_id, {}).update({issue.pk: issue for issue in issues})
    return {trace_id: sorted(each.values(), key=lambda issue: -issue.harm) for trace_id, each in found.items()}


def _issues_with(call: _Kind, scopes: Sequence[tuple[Scope, Issue]], *, has_dislikes: bool) -> list[Issue]:
    """Return the issues that a call is counted for: of two parts with the call, the smaller one has it."""
    fitting = [(scope, issue) for scope, issue in scopes if _has(scope, call, has_dislikes)]
    return [
        issue for scope, issue in fitting if not any(is_narrower(other, scope) and owner != issue for other, owner in fitting)
    ]  # fmt: skip


def _has(scope: Scope, call: _Kind, has_dislikes: bool) -> bool:
    names = ("cluster_id", "prompt_name", "model", "environment")
    if any(getattr(scope, name) not in (None, "", getattr(call, name)) for name in names):
        return False
    return has_dislikes if scope.signal == DISLIKED else bool(call.flags & bit_of(scope.signal))


def _membership(project: Project, number: int) -> Membership:
    rows = IssueScope.objects.filter(project=project).order_by("pk")
    own = [row.as_scope() for row in rows.filter(issue__number=number)]
    return membership.of(own, others=[row.as_scope() for row in rows.exclude(issue__number=number)])


def _numbered(statement: str, values: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return a statement with its values in order: a part of a query of Django's cannot name them."""
    names = _NAMED.findall(statement)
    return _NAMED.sub("%s", statement), [values[name] for name in names]
