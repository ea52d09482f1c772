"""What was worked out from many calls and may carry their words: names of groups, titles of issues, and who was told of them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from monitoring.analysis.models import CallAnalysis
from monitoring.clusters.models import Cluster, NameSource
from monitoring.erasure.targets import Target
from monitoring.issues import titles
from monitoring.issues.models import Issue, IssueEvent, Signal
from projects.models import Notification, WebhookDelivery

UNNAMED = "Group without a name"


def clusters_of(*, project_id: int, trace_ids: Collection[UUID]) -> list[int]:
    """Return the groups that calls of these traces belong to."""
    calls = CallAnalysis.objects.filter(project_id=project_id, trace_id__in=trace_ids).exclude(cluster_id=None)
    found = {pk for pk in calls.values_list("cluster_id", flat=True) if pk is not None} if trace_ids else set()
    return sorted(found)


def count_clusters(target: Target) -> int:
    return _named(target).count()


def clear_clusters(target: Target) -> int:
    """Take away the names made from words of calls; the next look for groups names them anew from what is left."""
    rows = _named(target)
    parents = set(rows.exclude(parent_name="").values_list("parent_name", flat=True))
    cleared = rows.update(
        name=UNNAMED, name_source=NameSource.WORDS, summary="", terms=[], named_for=None, parent_name=""
    )
    Cluster.objects.filter(project_id=target.project_id, parent_name__in=parents).update(parent_name="")
    return cleared


def _named(target: Target) -> QuerySet[Cluster]:
    # A name that was looked for after the calls were gone is made without them.
    rows = Cluster.objects.filter(
        project_id=target.project_id, pk__in=target.cluster_ids, named_at__lt=target.made_before
    )
    return rows.filter(~Q(name_source=NameSource.PERSON) & ~Q(name=UNNAMED) | ~Q(terms=[]) | ~Q(summary=""))


def issues_of(target: Target) -> QuerySet[Issue]:
    """Return the issues whose titles name one of the groups."""
    rows = Issue.objects.filter(project_id=target.project_id, scopes__cluster_id__in=target.cluster_ids)
    before = Q(measured_at=None) | Q(measured_at__lt=target.made_before)
    return rows.filter(before).distinct().order_by("pk")


def count_issues(target: Target) -> int:
    return sum(_has_words(issue) for issue in issues_of(target))


def clear_issues(target: Target) -> int:
    """Give the issues titles without the words of their groups, and take earlier titles out of their history."""
    cleared = 0
    for issue in issues_of(target).prefetch_related("scopes"):
        if _has_words(issue):
            Issue.objects.filter(pk=issue.pk).update(title=_plain_title(issue))
            cleared += 1
        IssueEvent.objects.filter(issue=issue).exclude(old="", new="").update(old="", new="")
    return cleared


def _has_words(issue: Issue) -> bool:
    return not issue.is_title_own and issue.title != _plain_title(issue)


def _plain_title(issue: Issue) -> str:
    scope = issue.scopes.first()
    subject = (scope.prompt_name or scope.model or scope.environment) if scope else ""
    rate = issue.bad_count / issue.call_count if issue.call_count else 0.0
    signal = scope.signal if scope else Signal.DISLIKED
    return titles.make(subject=subject, signal=signal, rate=rate, cause=titles.Cause())


def count_news(target: Target) -> int:
    return _news(target).count()


def clear_news(target: Target) -> int:
    """Delete what people were told of these calls and issues, with the mails that wait."""
    return _news(target).delete()[1].get("projects.Notification", 0)


def _news(target: Target) -> QuerySet[Notification]:
    found = Q(pk__in=[])
    for issue in issues_of(target):
        found |= Q(path__contains=f"/issues/{issue.number}/", created_at__lt=target.made_before)
    for trace_id in target.trace_ids:
        found |= Q(path__contains=trace_id.hex)
    for name in target.ids:
        found |= Q(sentence__contains=name)
    return Notification.objects.filter(found, project_id=target.project_id)


def count_deliveries(target: Target) -> int:
    return _deliveries(target).count()


def clear_deliveries(target: Target) -> int:
    """Delete the messages with what the other systems answered to them; one on its way is not sent any more."""
    return _deliveries(target).delete()[1].get("projects.WebhookDelivery", 0)


def _deliveries(target: Target) -> QuerySet[WebhookDelivery]:
    numbers = [issue.number for issue in issues_of(target)]
    about = Q(payload__data__issue__in=numbers)
    for number in numbers:
        # What an alert tells of an issue names it by its address alone.
        about |= Q(payload__data__url__icontains=f"/issues/{number}/")
    about = about & Q(created_at__lt=target.made_before) if numbers else Q(pk__in=[])
    return WebhookDelivery.objects.filter(
        Q(pk__in=WebhookDelivery.objects.filter(about, project_id=target.project_id).values("pk"))
        | Q(pk__in=_naming(target)),
        project_id=target.project_id,
    )


def _naming(target: Target) -> list[int]:
    needles = [*target.ids, *(trace_id.hex for trace_id in target.trace_ids)]
    if not needles:
        return []
    statement = """
        SELECT id FROM webhook_delivery WHERE project_id = %s AND EXISTS (
            SELECT FROM unnest(%s::text[]) AS needle WHERE strpos(payload::text, needle) > 0)
    """
    rows = WebhookDelivery.objects.raw(statement, [target.project_id, needles])
    return [row.pk for row in rows]
