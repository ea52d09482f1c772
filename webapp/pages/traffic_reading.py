"""Groups of questions and the dots of the map, as the page about them shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitoring.clusters import queries
from monitoring.clusters.models import ClusteringRun
from monitoring.clusters.queries import GroupLine
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Status:
    """How far the grouping has come."""

    grouped_at: datetime | None

    @property
    def sentence(self) -> str:
        """Why there is nothing to see yet."""
        if self.grouped_at is None:
            return "Calls are grouped when enough of them have come in: about fifty that ask for something. It happens by itself."
        return "The calls of the last 7 days are too few, or too unlike each other, to make groups of them."


def groups(*, project: Project, since: datetime) -> dict[int, GroupLine]:
    """Return the groups with calls since a moment, the largest first; those of few people without their names."""
    return {line.cluster_id: line for line in queries.visible(project, since=since)}


def status(*, project: Project) -> Status:
    """Return when calls were last grouped."""
    run = ClusteringRun.objects.filter(project=project).first()
    return Status(run.discovered_at if run else None)
