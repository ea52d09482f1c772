"""What happened while a chart runs: versions that went live, rollouts, issues that were opened, alerts that fired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from monitoring.alerts import queries
from monitoring.issues.models import Issue
from projects.models import Project
from prompt_registry.models import Rollout
from prompt_registry.rollouts.models import RolloutState
from webapp.pages import overview_charts
from webapp.pages.overview_charts import MOST_MARKERS, Markers


def between(*, project: Project, start: datetime, end: datetime, prompt_name: str = "") -> Markers:
    """Return the marks of a time, of one prompt where one is named; the latest, when there are very many."""
    published = overview_charts.publishings(project=project, start=start, end=end, prompt_name=prompt_name)
    fired = queries.fired_between(project=project, start=start, end=end)
    marks = [*overview_charts.markers(published, fired), *further(project, start, end, prompt_name)]
    return sorted(marks)[-MOST_MARKERS:]


def further(project: Project, start: datetime, end: datetime, prompt_name: str = "") -> Markers:
    """Return when rollouts began or were undone, and when issues were opened."""
    return sorted([*_rollouts(project, start, end, prompt_name), *_issues(project, start, end)])


def _rollouts(project: Project, start: datetime, end: datetime, prompt_name: str) -> Iterator[tuple[datetime, str]]:
    """Yield when rollouts began and ended; one that ended well was published then, too, and that mark is enough."""
    rows = Rollout.objects.for_project(project).filter(started_at__lt=end).select_related("candidate")
    if prompt_name:
        rows = rows.filter(prompt__name=prompt_name)
    for rollout in rows.newest_first()[: 2 * MOST_MARKERS]:
        name = f"rollout v{rollout.candidate.number}"
        if start <= rollout.started_at:
            yield rollout.started_at, name
        if rollout.ended_at and start <= rollout.ended_at < end and rollout.state == RolloutState.ROLLED_BACK:
            yield rollout.ended_at, f"{name} undone"


def _issues(project: Project, start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    rows = Issue.objects.for_project(project).filter(created_at__gte=start, created_at__lt=end, merged_into=None)
    for number, created_at in rows.order_by("-created_at").values_list("number", "created_at")[:MOST_MARKERS]:
        yield created_at, f"issue #{number}"
