"""Finds issues like another one: the same wrong with the same prompt, or with questions that are near to its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.clusters.models import Cluster
from monitoring.issues.models import Issue, IssueScope

_MOST = 5
_NEAR = 0.6


@dataclass(frozen=True, slots=True)
class Similar:
    """An issue like another one, and in which way."""

    number: int
    title: str
    state: str
    state_label: str
    why: str


def to(issue: Issue, scopes: Sequence[IssueScope]) -> list[Similar]:
    """Return the issues most like this one, the nearest first."""
    others = IssueScope.objects.filter(project_id=issue.project_id).exclude(issue=issue).select_related("issue")
    rows = list(others)
    clusters = {scope.cluster_id for scope in [*scopes, *rows] if scope.cluster_id is not None}
    centroids = _centroids(issue.project_id, clusters)
    best: dict[int, tuple[float, str, Issue]] = {}
    for row in rows:
        likeness, why = max((_likeness(own, row, centroids) for own in scopes), default=(0.0, ""))
        if likeness > best.get(row.issue_id, (0.0,))[0]:
            best[row.issue_id] = (likeness, why, row.issue)
    ranked = sorted(best.values(), key=lambda one: (-one[0], -one[2].number))[:_MOST]
    return [Similar(one.number, one.title, one.state, one.get_state_display(), why) for _, why, one in ranked]


def _likeness(own: IssueScope, other: IssueScope, centroids: dict[int, tuple[str, np.ndarray]]) -> tuple[float, str]:
    same = own.signal == other.signal
    if own.cluster_id is not None and other.cluster_id is not None:
        near = (
            1.0
            if own.cluster_id == other.cluster_id
            else _cosine(centroids.get(own.cluster_id), centroids.get(other.cluster_id))
        )
        if near >= _NEAR:
            return near + same, "The same questions" if near == 1.0 else "Similar questions"
    if same and own.prompt_name and own.prompt_name == other.prompt_name:
        return 0.9, "The same prompt, the same problem"
    if same and own.model and own.model == other.model:
        return 0.8, "The same model, the same problem"
    return 0.0, ""


def _cosine(one: tuple[str, np.ndarray] | None, other: tuple[str, np.ndarray] | None) -> float:
    # Vectors of different versions lie in different spaces.
    if one is None or other is None or one[0] != other[0]:
        return 0.0
    return float(one[1] @ other[1])


def _centroids(project_id: int, ids: set[int]) -> dict[int, tuple[str, np.ndarray]]:
    found: dict[int, tuple[str, np.ndarray]] = {}
    for pk, version, centroid in Cluster.objects.filter(project_id=project_id, pk__in=ids).values_list(
        "pk", "embedding_version", "centroid"
    ):
        vector = np.asarray(centroid, dtype=np.float32)
        found[pk] = (version, vector / max(float(np.linalg.norm(vector)), 1e-12))
    return found
