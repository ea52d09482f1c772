"""Says what is different about the calls of an issue since it was closed: prompt versions, models, and how many there are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from monitoring.issues.looks import WINDOW
from monitoring.issues.membership import Condition, Membership

# A share that moved by less is what it was.
_MOVED = 0.1
_MOST = 6
_VERSION, _MODEL, _SHARE = "prompt version", "model", "share of all calls"
_SPLIT = """
    SELECT {value} AS value, count(*) FILTER (WHERE a.call_at < %(closed)s), count(*) FILTER (WHERE a.call_at >= %(closed)s)
      FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.call_at < %(until)s AND ({traffic}) GROUP BY 1
"""
_VALUES = {
    _VERSION: "CASE WHEN a.prompt_version > 0 THEN a.prompt_name || ' ' || a.prompt_version ELSE '' END", _MODEL: "a.model",
    _SHARE: "''",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that is different: which share of the calls had it before the issue was closed, and since."""

    what: str
    value: str
    before: float
    after: float


def changed_since(*, project_id: int, of: Membership, closed_at: datetime, now: datetime) -> list[dict[str, Any]]:
    """Return what changed most in the calls that could have the problem, the week before it was closed and since."""
    window = {"project": project_id, "closed": closed_at, "since": closed_at - WINDOW, "until": now}
    traffic = of.traffic()
    found = [
        changed
        for what in (_VERSION, _MODEL)
        for changed in _shares(what, _split(_VALUES[what], traffic, window))
    ]  # fmt: skip
    found += _traffic_share(
        _split(_VALUES[_SHARE], traffic, window), _split(_VALUES[_SHARE], Condition("true", {}), window)
    )
    # What is new says more than what is gone.
    ranked = sorted(found, key=lambda one: (one.after <= one.before, -abs(one.after - one.before), one.value))
    return [asdict(one) for one in ranked[:_MOST]]


def _split(value: str, traffic: Condition, window: dict[str, Any]) -> dict[str, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_SPLIT.format(value=value, traffic=traffic.sql), window | traffic.values)
        return {row[0]: (int(row[1]), int(row[2])) for row in cursor.fetchall()}


def _shares(what: str, counts: dict[str, tuple[int, int]]) -> list[Changed]:
    before, after = (sum(pair[place] for pair in counts.values()) for place in (0, 1))
    if not before or not after:
        return []
    found = [Changed(what, value, pair[0] / before, pair[1] / after) for value, pair in counts.items() if value]
    return [one for one in found if abs(one.after - one.before) >= _MOVED]


def _traffic_share(own: dict[str, tuple[int, int]], everything: dict[str, tuple[int, int]]) -> list[Changed]:
    (mine_before, mine_after), (all_before, all_after) = own.get("", (0, 0)), everything.get("", (0, 0))
    if not all_before or not all_after:
        return []
    one = Changed(_SHARE, "", mine_before / all_before, mine_after / all_after)
    grew = one.after - one.before
    return [one] if abs(grew) >= _MOVED * max(one.before, one.after) and max(mine_before, mine_after) >= 20 else []
