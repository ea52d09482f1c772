"""What people and models concluded from calls in their words: themes of comments, second opinions, alerts and fixes."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from monitoring.alerts.models import AlertEvent
from monitoring.analysis.models import SecondOpinion
from monitoring.erasure import derived
from monitoring.erasure.targets import Place, Target
from monitoring.issues.fix_models import IssueFix
from monitoring.issues.models import IssueTheme
from monitoring.models import Score

FORGOTTEN = "What this said was deleted on request."


def of_conclusions() -> list[Place]:
    """Return the places in the order in which they are cleared; themes go before the comments that they are made of."""
    return [
        Place("themes", "What comments are about", _count(_themes), _delete(_themes)),
        Place("opinions", "Second opinions of models", _count(_opinions), _delete(_opinions)),
        Place("alerts", "What alerts said", _count(_alert_events), _forget),
        Place("fixes", "Examples chosen for fixes", _count(_fixes), _leave_out),
    ]


def _count(rows: Any) -> Any:
    def count(target: Target) -> int:
        return int(rows(target).count())

    return count


def _delete(rows: Any) -> Any:
    def erase(target: Target) -> int:
        found = rows(target)
        return int(found.delete()[1].get(found.model._meta.label, 0))

    return erase


def _themes(target: Target) -> QuerySet[IssueTheme]:
    scores = Score.objects.filter(
        Q(trace_id__in=target.trace_ids) | Q(user_id__in=target.user_ids), project_id=target.project_id
    )
    rows = IssueTheme.objects.filter(project_id=target.project_id, comments__score_id__in=scores.values("id"))
    return IssueTheme.objects.filter(pk__in=rows.values("pk"))


def _opinions(target: Target) -> QuerySet[SecondOpinion]:
    return SecondOpinion.objects.filter(project_id=target.project_id, trace_id__in=target.trace_ids)


def _alert_events(target: Target) -> QuerySet[AlertEvent]:
    named = Q(pk__in=[])
    for issue in derived.issues_of(target):
        named |= Q(path__contains=f"/issues/{issue.number}/", at__lt=target.made_before)
    for needle in target.ids:
        named |= Q(sentence__contains=needle)
    return AlertEvent.objects.filter(named, project_id=target.project_id).exclude(sentence=FORGOTTEN)


def _forget(target: Target) -> int:
    return _alert_events(target).update(sentence=FORGOTTEN)


def _fixes(target: Target) -> QuerySet[IssueFix]:
    named = Q(pk__in=[])
    for trace_id in target.trace_ids:
        named |= Q(examples__contains=[[trace_id.hex]])
    return IssueFix.objects.filter(named, project_id=target.project_id)


def _leave_out(target: Target) -> int:
    statement = """
        UPDATE issue_fix SET examples = COALESCE((
            SELECT jsonb_agg(example ORDER BY place) FROM jsonb_array_elements(examples) WITH ORDINALITY AS one (example, place)
            WHERE NOT example ->> 0 = ANY(%s)), '[]')
        WHERE id = ANY(%s)
    """
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            [[trace_id.hex for trace_id in target.trace_ids], list(_fixes(target).values_list("pk", flat=True))],
        )
        return int(cursor.rowcount)
