"""Lets issues keep their calls when groups of questions are split or joined."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from monitoring.clusters.models import ClusterLink, LinkKind
from monitoring.issues import transitions
from monitoring.issues.models import Happening, IssueScope


def follow(*, project_id: int, now: datetime) -> None:
    """Give each issue the groups that its own were joined into, or that were split off them since it was opened.

    A group that an issue has already, the same or another one, stays where it is: doing this again changes nothing.
    """
    with_issues = IssueScope.objects.filter(project_id=project_id, cluster__isnull=False).values("cluster")
    links = ClusterLink.objects.filter(project_id=project_id, source__in=with_issues).order_by("at", "pk")
    for link in links:
        for row in IssueScope.objects.filter(project_id=project_id, cluster=link.source_id).select_related(
            "issue__project"
        ):
            if link.kind == LinkKind.MERGED or link.at > row.issue.created_at:
                _move(row, link, now)


def _move(row: IssueScope, link: ClusterLink, now: datetime) -> None:
    same = {
        "project_id": row.project_id, "signal": row.signal, "prompt_name": row.prompt_name, "model": row.model,
        "environment": row.environment,
    }  # fmt: skip
    if IssueScope.objects.filter(**same, cluster=link.target_id).exists():
        return
    try:
        with transaction.atomic():
            if link.kind == LinkKind.MERGED:
                IssueScope.objects.filter(pk=row.pk).update(cluster=link.target_id)
            else:
                IssueScope.objects.create(**same, issue=row.issue, cluster_id=link.target_id)
            numbers = {"from": link.source_id, "to": link.target_id, "share": link.share, "kind": link.kind}
            transitions.tell(issue=row.issue, what=Happening.REGROUPED, now=now, numbers=numbers)
    except IntegrityError:
        # Another look was quicker.
        return
