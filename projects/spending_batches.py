"""Sets money aside for many calls in one statement, and settles many in one; the limits are those of `spending`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection, transaction

from projects import spending
from projects.models import Project, User
from projects.spending import SpendingLimitReached

# The expense that stands for the sum becomes one for each call.
_DIVIDE = """
    WITH whole AS (
        DELETE FROM expense WHERE id = %(expense)s RETURNING project_id, user_id, day, purpose
    )
    INSERT INTO expense (project_id, user_id, day, purpose, reserved_nano_usd)
    SELECT project_id, user_id, day, purpose, amount
      FROM whole, unnest(%(amounts)s::bigint[]) WITH ORDINALITY AS each(amount, place) ORDER BY place
    RETURNING id
"""
# The project's row comes before the person's, as everywhere.
_SETTLE = """
    WITH costs AS (
        SELECT * FROM unnest(%(expenses)s::bigint[], %(costs)s::bigint[]) AS given(id, cost)
    ), settled AS (
        UPDATE expense e SET settled_nano_usd = c.cost, settled_at = statement_timestamp()
          FROM costs c WHERE e.id = c.id AND e.settled_at IS NULL
        RETURNING e.project_id, e.user_id, e.day, e.reserved_nano_usd, c.cost
    ), of_project AS (
        UPDATE spending_day d SET reserved_nano_usd = d.reserved_nano_usd - s.reserved,
                                  spent_nano_usd = d.spent_nano_usd + s.cost
          FROM (SELECT project_id, day, sum(reserved_nano_usd) AS reserved, sum(cost) AS cost FROM settled GROUP BY 1, 2) s
         WHERE d.project_id = s.project_id AND d.user_id IS NULL AND d.day = s.day RETURNING d.project_id
    )
    UPDATE spending_day d SET reserved_nano_usd = d.reserved_nano_usd - s.reserved,
                              spent_nano_usd = d.spent_nano_usd + s.cost
      FROM (SELECT project_id, user_id, day, sum(reserved_nano_usd) AS reserved, sum(cost) AS cost
              FROM settled WHERE user_id IS NOT NULL GROUP BY 1, 2, 3) s
     WHERE EXISTS (SELECT 1 FROM of_project) AND d.project_id = s.project_id AND d.user_id = s.user_id AND d.day = s.day
"""
# Days that still hold something back are few, and lead to the expenses by an index.
_FORGOTTEN = """
    SELECT e.id, e.reserved_nano_usd FROM spending_day d
      JOIN expense e ON e.project_id = d.project_id AND e.day = d.day
     WHERE d.user_id IS NULL AND d.reserved_nano_usd > 0 AND e.settled_at IS NULL
       AND e.created_at < statement_timestamp() - make_interval(secs => %s) LIMIT %s
"""
# Longer than any call may take, with all that is done about it.
_FORGOTTEN_SECONDS = 3_600
_SETTLED_AT_ONCE = 5_000


@transaction.atomic
def reserve(*, project: Project, amounts_nano_usd: Sequence[int], purpose: str, by: User | None) -> list[int]:
    """Set money aside for as many of the calls as the limits allow, from the first on; return their expenses.

    SpendingLimitReached when they do not even allow the first.
    """
    count = len(amounts_nano_usd)
    while count:
        amounts = list(amounts_nano_usd[:count])
        try:
            whole = spending.reserve(project=project, amount_nano_usd=sum(amounts), purpose=purpose, by=by)
        except SpendingLimitReached:
            if count == 1:
                raise
            count //= 2
            continue
        return _divided(whole, amounts)
    return []


def settle(*, costs_nano_usd: Mapping[int, int]) -> None:
    """Write down what each of the expenses cost; settling twice changes nothing."""
    if costs_nano_usd:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_SETTLE, {"expenses": list(costs_nano_usd), "costs": list(costs_nano_usd.values())})


def settle_forgotten() -> int:
    """Settle what was set aside for calls whose worker died, as if all of it had been spent; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGOTTEN, [_FORGOTTEN_SECONDS, _SETTLED_AT_ONCE])
        found = dict(cursor.fetchall())
    settle(costs_nano_usd=found)
    return len(found)


def _divided(expense: int, amounts: Sequence[int]) -> list[int]:
    if len(amounts) == 1:
        return [expense]
    with connection.cursor() as cursor:
        cursor.execute(_DIVIDE, {"expense": expense, "amounts": list(amounts)})
        # A sequence gives out its numbers in the order of the rows.
        return sorted(row[0] for row in cursor.fetchall())
