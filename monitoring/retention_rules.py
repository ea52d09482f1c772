"""How long each project keeps its calls: reading the rules, changing them, and what a change would take away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from monitoring.errors import MonitoringError
from monitoring.retention_models import FEWEST_DAYS, MOST_DAYS, USUAL_CALL_DAYS, USUAL_NUMBER_DAYS, RetentionRule
from projects import audit
from projects.models import Project, User


class RetentionRefused(MonitoringError):
    """Calls cannot be kept like this."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many days the calls of an environment are kept, and the numbers counted from them; empty is every other one."""

    environment: str = ""
    call_days: int = USUAL_CALL_DAYS
    number_days: int = USUAL_NUMBER_DAYS


@dataclass(frozen=True, slots=True)
class Removal:
    """What is older than a rule allows: calls with their texts, and days of numbers."""

    calls: int
    number_days: int


def of_project(project_id: int) -> list[Kept]:
    """Return the rules of a project, the one for all other environments first."""
    rows = RetentionRule.objects.filter(project_id=project_id).order_by("environment")
    found = [Kept(row.environment, row.call_days, row.number_days) for row in rows]
    return found if found and not found[0].environment else [Kept(), *found]


@transaction.atomic
def change(*, project: Project, kept: Kept, by: User | None) -> None:
    """Store a rule; it holds from the next housekeeping on, which comes within the hour."""
    _check(kept)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    before = {one.environment: one for one in of_project(project.pk)}.get(kept.environment)
    RetentionRule.objects.update_or_create(
        project=project, environment=kept.environment,
        defaults={"call_days": kept.call_days, "number_days": kept.number_days, "changed_by": by, "changed_at": timezone.now()},
    )  # fmt: skip
    audit.record(
        action="retention.changed", subject=kept.environment or "all environments", by=by, project=project,
        before=[before.call_days, before.number_days] if before else None, after=[kept.call_days, kept.number_days],
    )  # fmt: skip


@transaction.atomic
def remove(*, project: Project, environment: str, by: User | None) -> None:
    """Let the rule for all environments hold for this one too."""
    gone, _ = RetentionRule.objects.filter(project=project, environment=environment).exclude(environment="").delete()
    if gone:
        audit.record(action="retention.removed", subject=environment, by=by, project=project)


def preview(*, project: Project, kept: Kept) -> Removal:
    """Return what a rule would take away now, from the counters."""
    _check(kept)
    others = [one.environment for one in of_project(project.pk) if one.environment and not kept.environment]
    condition = "environment = %(environment)s" if kept.environment else "environment <> ALL(%(others)s)"
    values: dict[str, Any] = {
        "project": project.pk, "environment": kept.environment, "others": others, "calls": before_day(kept.call_days),
        "numbers": before_day(kept.number_days),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM trace WHERE project_id = %(project)s AND started_at < %(calls)s AND {condition}",
            values,
        )
        calls = int(cursor.fetchone()[0])
        cursor.execute(
            f"""
            SELECT count(DISTINCT at) FROM usage_day WHERE project_id = %(project)s AND at < %(numbers)s AND {condition}
            """,
            values,
        )
        return Removal(calls, int(cursor.fetchone()[0]))


def before_day(days: int) -> datetime:
    """Return the beginning of the oldest day that is kept."""
    today = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days)


def _check(kept: Kept) -> None:
    if not FEWEST_DAYS <= kept.call_days <= kept.number_days <= MOST_DAYS:
        raise RetentionRefused(
            f"Keep calls for {FEWEST_DAYS} to {MOST_DAYS:,} days, and the numbers at least as long as the calls."
        )
