"""Money: what a call may cost is set aside before it is made, and settled afterwards; a limit is never passed by many at once.

Amounts are whole billionths of a dollar. A day begins at midnight UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from projects import audit, notifications
from projects.errors import ProjectsError
from projects.models import Project, User
from projects.roles import Action
from projects.spending_models import SpendingDay, SpendingLimit

NANO = 1_000_000_000
DEFAULT_PROJECT_NANO_USD = 20 * NANO
DEFAULT_PERSON_NANO_USD = 5 * NANO
MOST_NANO_USD = 1_000_000 * NANO
WARN_AT = 0.8

# One statement: the sums are raised only where they stay within the limits, whoever else does the same at this moment.
# The project's row always comes before the person's, so that two of these never wait for each other.
_RESERVE = """
    WITH bound AS (
        SELECT coalesce(max(project_nano_usd), %(project_default)s::bigint) AS project,
               coalesce(max(person_nano_usd), %(person_default)s::bigint) AS person,
               (statement_timestamp() AT TIME ZONE 'utc')::date AS today
          FROM spending_limit WHERE project_id = %(project)s
    ), of_project AS (
        INSERT INTO spending_day AS d (project_id, user_id, day, reserved_nano_usd)
        SELECT %(project)s, NULL, today, %(amount)s FROM bound WHERE %(amount)s <= bound.project
        ON CONFLICT ON CONSTRAINT spending_day_unique
        DO UPDATE SET reserved_nano_usd = d.reserved_nano_usd + EXCLUDED.reserved_nano_usd
         WHERE d.spent_nano_usd + d.reserved_nano_usd + EXCLUDED.reserved_nano_usd <= (SELECT project FROM bound)
        RETURNING d.spent_nano_usd + d.reserved_nano_usd AS used
    ), of_person AS (
        INSERT INTO spending_day AS d (project_id, user_id, day, reserved_nano_usd)
        SELECT %(project)s, %(user)s::bigint, today, %(amount)s FROM bound, of_project
         WHERE %(user)s::bigint IS NOT NULL AND %(amount)s <= bound.person
        ON CONFLICT ON CONSTRAINT spending_day_unique
        DO UPDATE SET reserved_nano_usd = d.reserved_nano_usd + EXCLUDED.reserved_nano_usd
         WHERE d.spent_nano_usd + d.reserved_nano_usd + EXCLUDED.reserved_nano_usd <= (SELECT person FROM bound)
        RETURNING d.spent_nano_usd + d.reserved_nano_usd AS used
    ), kept AS (
        INSERT INTO expense (project_id, user_id, day, purpose, reserved_nano_usd)
        SELECT %(project)s, %(user)s::bigint, today, %(purpose)s, %(amount)s FROM bound, of_project
         WHERE %(user)s::bigint IS NULL OR EXISTS (SELECT 1 FROM of_person)
        RETURNING id
    )
    SELECT (SELECT id FROM kept), (SELECT used FROM of_project), (SELECT used FROM of_person), project, person FROM bound
"""
_SETTLE = """
    WITH settled AS (
        UPDATE expense SET settled_nano_usd = %(cost)s, settled_at = statement_timestamp()
         WHERE id = %(expense)s AND settled_at IS NULL RETURNING project_id, user_id, day, reserved_nano_usd
    ), of_project AS (
        UPDATE spending_day d SET reserved_nano_usd = d.reserved_nano_usd - s.reserved_nano_usd,
                                  spent_nano_usd = d.spent_nano_usd + %(cost)s
          FROM settled s WHERE d.project_id = s.project_id AND d.user_id IS NULL AND d.day = s.day RETURNING s.user_id
    )
    UPDATE spending_day d SET reserved_nano_usd = d.reserved_nano_usd - s.reserved_nano_usd,
                              spent_nano_usd = d.spent_nano_usd + %(cost)s
      FROM settled s, of_project p WHERE d.project_id = s.project_id AND d.user_id = s.user_id AND d.day = s.day
"""


class SpendingLimitReached(ProjectsError):
    """The money for today is used up. Go on tomorrow, or ask an admin to raise the limit in Settings, Spending."""


class LimitNotUsable(ProjectsError):
    """A limit is an amount in dollars from 0 to 1,000,000."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be spent in a day."""

    project_nano_usd: int = DEFAULT_PROJECT_NANO_USD
    person_nano_usd: int = DEFAULT_PERSON_NANO_USD


@dataclass(frozen=True, slots=True)
class Used:
    """What of a limit is spent and what is set aside for calls that are under way."""

    limit_nano_usd: int
    spent_nano_usd: int
    reserved_nano_usd: int

    @property
    def left_nano_usd(self) -> int:
        return max(0, self.limit_nano_usd - self.spent_nano_usd - self.reserved_nano_usd)


@dataclass(frozen=True, slots=True)
class Today:
    """How much of today's limits is used, by the project and by one person."""

    project: Used
    person: Used

    @property
    def left_nano_usd(self) -> int:
        """Return what this person can still spend today."""
        return min(self.project.left_nano_usd, self.person.left_nano_usd)


def limits_of(project: Project) -> Limits:
    """Return the limits of a project."""
    row = SpendingLimit.objects.filter(project=project).first()
    return Limits(row.project_nano_usd, row.person_nano_usd) if row else Limits()


@transaction.atomic
def change_limits(*, project: Project, project_nano_usd: int, person_nano_usd: int, by: User) -> Limits:
    """Set how much may be spent in a day; what is under way is not stopped."""
    if not all(0 <= amount <= MOST_NANO_USD for amount in (project_nano_usd, person_nano_usd)):
        raise LimitNotUsable
    before = limits_of(project)
    values = {"project_nano_usd": project_nano_usd, "person_nano_usd": person_nano_usd}
    SpendingLimit.objects.update_or_create(
        project=project, defaults={**values, "changed_by": by, "changed_at": timezone.now()}
    )
    # Who has to be told is told again under the new limits.
    SpendingDay.objects.filter(project=project).exclude(warned_at=None).update(warned_at=None)
    audit.record(
        action="spending.limits_changed", subject=project.slug, by=by, project=project, after=values,
        before={"project_nano_usd": before.project_nano_usd, "person_nano_usd": before.person_nano_usd},
    )  # fmt: skip
    return Limits(project_nano_usd, person_nano_usd)


def today(*, project: Project, user: User) -> Today:
    """Return what is used of today's limits."""
    limits = limits_of(project)
    day = timezone.now().date()
    rows = SpendingDay.objects.filter(project=project, day=day).filter(user=None)
    rows |= SpendingDay.objects.filter(project=project, day=day, user=user)
    found = {row.user_id: (row.spent_nano_usd, row.reserved_nano_usd) for row in rows}
    return Today(
        project=Used(limits.project_nano_usd, *found.get(None, (0, 0))),
        person=Used(limits.person_nano_usd, *found.get(user.pk, (0, 0))),
    )


@transaction.atomic
def reserve(*, project: Project, amount_nano_usd: int, purpose: str, by: User | None) -> int:
    """Set money aside for one call and return the number of the expense; SpendingLimitReached when there is too little."""
    values = {
        "project": project.pk, "user": by.pk if by else None, "amount": amount_nano_usd, "purpose": purpose,
        "project_default": DEFAULT_PROJECT_NANO_USD, "person_default": DEFAULT_PERSON_NANO_USD,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, values)
        expense, project_used, person_used, project_limit, person_limit = cursor.fetchone()
    if expense is None:
        # Raised inside the transaction: what the project's row set aside before the person's refused goes back.
        is_project = project_used is None
        raise SpendingLimitReached(_refusal(is_project=is_project, limit=project_limit if is_project else person_limit))
    _warn(project, None, project_used, project_limit)
    if by is not None:
        _warn(project, by, person_used, person_limit)
    return int(expense)


def settle(*, expense: int, cost_nano_usd: int) -> None:
    """Write down what the call cost and free what was set aside beyond it; settling twice changes nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SETTLE, {"expense": expense, "cost": cost_nano_usd})


def in_dollars(nano_usd: int) -> str:
    """Return an amount as people write it, such as $4.80."""
    return f"${nano_usd / NANO:,.2f}"


def _refusal(*, is_project: bool, limit: int) -> str:
    whose = "this project" if is_project else "you"
    return (
        f"The limit of {in_dollars(limit)} a day for {whose} does not allow this call. "
        "Go on tomorrow (after midnight UTC), or ask an admin to raise the limit in Settings, Spending."
    )


def _warn(project: Project, person: User | None, used: int, limit: int) -> None:
    if used < limit * WARN_AT:
        return
    day = SpendingDay.objects.filter(project=project, user=person, day=timezone.now().date(), warned_at=None)
    if not day.update(warned_at=timezone.now()):
        return
    admins = notifications.who_may(project=project, action=Action.MANAGE_PROJECT)
    whose = "The project" if person is None else person.display_name
    sentence = f"{whose} used {in_dollars(used)} of {in_dollars(limit)} that may be spent on models today."
    to = admins if person is None else [*admins, person]
    # The page of the limits; its address is known here because a notification is made where no page is.
    path = f"/p/{project.slug}/settings/spending/"
    notifications.tell(project=project, to={each.pk: each for each in to}.values(), kind="spending.near_limit",
                       sentence=sentence, path=path)  # fmt: skip
