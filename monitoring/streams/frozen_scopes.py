"""A part of the traffic as it was defined at one moment: its group of questions is a direction and a reach, not a number.

Groups of questions are found anew, split and joined while time goes on. Whoever compares the two versions of a rollout must not
follow that: calls are told by the group as it was when the rollout began, and by nothing that differs between the versions.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.clusters.models import Cluster
from monitoring.streams.scopes import Scope

# Those further away take no call from the group.
_MOST_NEIGHBOURS = 8


@dataclass(frozen=True, slots=True)
class FrozenScope(Scope):
    """The group is all that lies within reach of the centre, and nearer to it than to the centres of its neighbours."""

    space: str = ""
    # Half floats in base64: a rollout keeps them with its plan.
    centre: str = ""
    # The least likeness (cosine) to the centre.
    reach: float = 0.0
    neighbours: tuple[str, ...] = ()
    # Smaller parts of it that are about something else.
    without: tuple[FrozenScope, ...] = ()

    def calls(self) -> tuple[str, dict[str, Any]]:
        """Return the SQL condition on rows `a` of call_analysis that holds for the part of the traffic, with its values."""
        group = None if self.centre else self.cluster_id
        sql, values = Scope(self.signal, group, self.prompt_name, self.model, self.environment).calls()
        if self.centre:
            sql = f"({sql}) AND {self._in_group(values)}"
        for number, other in enumerate(self.without):
            inner, needed = other.calls()
            values |= {name.replace("scope_", f"scope_x{number}_", 1): value for name, value in needed.items()}
            sql += f" AND NOT coalesce({inner.replace('%(scope_', f'%(scope_x{number}_')}, false)"
        return sql, values

    def _in_group(self, values: dict[str, Any]) -> str:
        values |= {"scope_space": self.space, "scope_centre": _as_sql(self.centre), "scope_far": 1 - self.reach}
        near = "(a.embedding <=> %(scope_centre)s::halfvec)"
        conditions = [f"{near} <= %(scope_far)s"]
        for number, neighbour in enumerate(self.neighbours):
            values[f"scope_beside{number}"] = _as_sql(neighbour)
            conditions.append(f"{near} <= (a.embedding <=> %(scope_beside{number})s::halfvec)")
        # Vectors of another space may have another length, which the operator refuses.
        return (
            "CASE WHEN a.embedding_version = %(scope_space)s AND a.embedding IS NOT NULL "
            f"THEN {' AND '.join(conditions)} ELSE false END"
        )


def freeze(*, project_id: int, scopes: Sequence[Scope], without: Sequence[Scope] = ()) -> tuple[FrozenScope, ...]:
    """Return the scopes as they are now; `without` are smaller parts of them that are not meant."""
    wanted = {scope.cluster_id for scope in (*scopes, *without) if scope.cluster_id is not None}
    groups = {row.pk: row for row in Cluster.objects.filter(project_id=project_id, pk__in=wanted)}
    left_out = tuple(_frozen(scope, groups) for scope in without)
    return tuple(_frozen(scope, groups, left_out) for scope in scopes)


def of_json(raw: Mapping[str, Any]) -> Scope:
    """Return a scope that was kept, frozen or not."""
    if "space" not in raw:
        return Scope(**raw)
    without = tuple(one for one in map(of_json, raw["without"]) if isinstance(one, FrozenScope))
    return FrozenScope(**{**raw, "neighbours": tuple(raw["neighbours"]), "without": without})


def _frozen(scope: Scope, groups: Mapping[int, Cluster], without: tuple[FrozenScope, ...] = ()) -> FrozenScope:
    named = (scope.signal, scope.cluster_id, scope.prompt_name, scope.model, scope.environment)
    group = groups.get(scope.cluster_id or 0)
    if group is None:
        return FrozenScope(*named, without=without)
    return FrozenScope(
        *named, space=group.embedding_version, centre=_kept(_unit(group.centroid)), reach=group.radius,
        neighbours=_neighbours(group), without=without,
    )  # fmt: skip


def _neighbours(group: Cluster) -> tuple[str, ...]:
    rows = Cluster.objects.filter(project_id=group.project_id, embedding_version=group.embedding_version).current()
    others = [_unit(centroid) for centroid in rows.exclude(pk=group.pk).values_list("centroid", flat=True)]
    own = _unit(group.centroid)
    nearest = sorted(others, key=lambda other: -float(other @ own))[:_MOST_NEIGHBOURS]
    return tuple(_kept(other) for other in nearest)


def _unit(centroid: Any) -> NDArray[np.float32]:
    vector = np.asarray(getattr(centroid, "to_list", lambda: centroid)(), dtype=np.float32)
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


def _kept(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f2").tobytes()).decode()


def _as_sql(kept: str) -> str:
    return "[" + ",".join(f"{value:g}" for value in np.frombuffer(base64.b64decode(kept), dtype="<f2").tolist()) + "]"
