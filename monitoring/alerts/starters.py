"""Three alerts that nearly every team wants, ready to be taken as they are."""

from __future__ import annotations

from dataclasses import replace

from monitoring.alerts.rules import Direction, Kind
from monitoring.alerts.wanted import Wanted
from projects.models import User

STARTERS: dict[str, Wanted] = {
    "errors": Wanted(
        kind=Kind.THRESHOLD, measure="errors", direction=Direction.ABOVE, limit=0.05, window_minutes=15, least_calls=30
    ),
    "silence": Wanted(kind=Kind.SILENCE, window_minutes=60, least_calls=50, recovery_minutes=0),
    "refusals": Wanted(
        kind=Kind.CHANGE, measure="refused", direction=Direction.ABOVE, limit=1.0, window_minutes=180, least_calls=50,
        recovery_minutes=60,
    ),
}  # fmt: skip


def starter(name: str, *, by: User) -> Wanted | None:
    """Return a ready alert that tells this person."""
    found = STARTERS.get(name)
    return replace(found, people_ids=(by.pk,)) if found else None
