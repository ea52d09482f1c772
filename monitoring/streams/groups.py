"""How the groups of questions do: calls, dislikes and findings of each, from the counts by hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from monitoring.analysis.flags import SHOWN, Flag
from monitoring.streams.rates import interval

_OF_GROUPS = """
    SELECT cluster_id, sum(call_count)::bigint, sum(disliked_count)::bigint FROM flag_hour
     WHERE project_id = %s AND at >= %s GROUP BY 1
"""
_FLAGS = """
    SELECT cluster_id, bit, sum(amount)::bigint FROM flag_hour, unnest(flag_counts) WITH ORDINALITY AS counted(amount, bit)
     WHERE project_id = %s AND at >= %s GROUP BY 1, 2 HAVING sum(amount) > 0
"""
# Rates of fewer calls say nothing.
_FEWEST_CALLS = 20


@dataclass(frozen=True, slots=True)
class GroupNumbers:
    """The calls of one group of questions; `cluster_id` is 0 for those of none. `others` are all calls but these."""

    cluster_id: int
    calls: int
    disliked: int
    other_calls: int
    other_disliked: int
    flags: Mapping[str, int]

    @property
    def lift(self) -> float | None:
        """How many times as often as the rest it is disliked; None when that may be chance, or nothing is known of the rest."""
        if self.calls < _FEWEST_CALLS or not self.other_calls or not self.other_disliked:
            return None
        rest = self.other_disliked / self.other_calls
        return self.disliked / self.calls / rest if interval(self.disliked, self.calls)[0] > rest else None

    @property
    def worst_flag(self) -> tuple[str, int] | None:
        """The finding that most of its calls have."""
        return max(self.flags.items(), key=lambda item: item[1], default=None)


def numbers(*, project_id: int, since: datetime) -> list[GroupNumbers]:
    """Return the numbers of each group since a moment, the largest group first."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_GROUPS, [project_id, since])
        rows = list(cursor.fetchall())
        cursor.execute(_FLAGS, [project_id, since])
        flags = list(cursor.fetchall())
    found: dict[int, dict[str, int]] = {}
    for cluster_id, bit, amount in flags:
        flag = Flag(1 << (bit - 1)) if bit <= len(Flag) else Flag(0)
        if flag & SHOWN:
            found.setdefault(cluster_id, {})[str(flag.name).lower()] = amount
    calls, disliked = sum(row[1] for row in rows), sum(row[2] for row in rows)
    groups = [
        GroupNumbers(key, own, own_disliked, calls - own, disliked - own_disliked, found.get(key, {}))
        for key, own, own_disliked in rows
    ]
    return sorted(groups, key=lambda group: -group.calls)
