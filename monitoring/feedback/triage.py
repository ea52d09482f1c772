"""What the team did with feedback: handled, dismissed, or put back; with those that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from monitoring.errors import MarkRefused
from monitoring.feedback.wanted import Wanted, alike
from monitoring.models import Triage
from projects import audit
from projects.models import Project, User

MOST_MARKED = 10_000
_MARK = """
    UPDATE score SET triage = %(to)s, triaged_by_id = %(by)s, triaged_at = now()
     WHERE project_id = %(project)s AND triage <> %(to)s AND id IN (
        SELECT c.id FROM score c WHERE c.id = ANY(%(ids)s) AND {chosen}
        UNION
        (SELECT o.id FROM score c JOIN score o ON {same} WHERE c.id = ANY(%(ids)s) AND {chosen} AND {others} LIMIT {most}))
"""


@transaction.atomic
def mark(*, project: Project, wanted: Wanted, score_ids: Sequence[UUID], to: str, by: User) -> int:
    """Say what was done with feedback that a filter shows, and with all that it shows folded into it; return with how much.

    Feedback that another person already put there is left as it is, and what the filter does not show is never touched.
    """
    if to not in Triage.values:
        raise MarkRefused("Feedback is new, handled or dismissed.")
    chosen = wanted.of_state("")
    statement = _MARK.format(
        chosen=chosen.condition("c"), others=wanted.condition("o"), same=alike("c", "o"), most=MOST_MARKED
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, wanted.values | {"ids": list(score_ids), "to": to, "by": by.pk})
        count = int(cursor.rowcount)
    if count:
        audit.record(action="feedback.marked", subject=to, by=by, project=project, count=count)
    return count
