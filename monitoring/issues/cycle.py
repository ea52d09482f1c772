"""One look at the issues of a project: count, rank, follow what is known, open what is new.

Everything is worked out anew from the calls, each issue changes in one transaction, and a change applies only to what was
looked at. Two looks at once, or one that ends anywhere, do no harm.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from monitoring.issues import following, lineage, looks, opening, themes
from monitoring.issues.models import IssueCycle
from monitoring.streams import harm, hours, watching

PLAN_KIND, RUN_KIND = "issues.plan", "issues.run"
_LATE_EVERY = timedelta(hours=24)
# Clocks differ, and what is written while another look ends must not be missed.
_OVERLAP = timedelta(minutes=10)
_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_WAITING = """
    SELECT p.id FROM project p
     WHERE EXISTS (SELECT FROM issue i WHERE i.project_id = p.id AND i.merged_into_id IS NULL)
        OR EXISTS (SELECT FROM call_analysis a WHERE a.project_id = p.id AND a.call_at >= %s)
"""


def run(*, project_id: int, now: datetime) -> None:
    """Look at the issues of a project after new calls were looked at, or because an hour has passed."""
    is_late_due = _count(project_id, now)
    watching.look(project_id=project_id, now=now)
    ranking = harm.rank(project_id=project_id, now=now)
    calls = looks.all_calls(project_id=project_id, since=now - looks.FURTHEST, until=now)
    lineage.follow(project_id=project_id, now=now)
    known = opening.known(project_id=project_id)
    following.follow(project_id=project_id, ranking=ranking, known=known, all_calls=calls, now=now)
    opening.open_new(project_id=project_id, ranking=ranking, all_calls=calls, now=now)
    moments = {"looked_at": now} | ({"recounted_at": now} if is_late_due else {})
    IssueCycle.objects.update_or_create(
        project_id=project_id, defaults=moments, create_defaults=moments | {"recounted_at": now}
    )
    themes.follow(project_id=project_id, now=now)


def waiting() -> list[int]:
    """Return the projects whose issues should be looked at every hour: time alone may change them."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [timezone.now() - looks.WINDOW])
        return [row[0] for row in cursor.fetchall()]


def _count(project_id: int, now: datetime) -> bool:
    """Count the hours anew that changed since the last look; tell whether late opinions were counted as well."""
    last = IssueCycle.objects.filter(project_id=project_id).first()
    hours.recount(project_id=project_id, since=last.looked_at - _OVERLAP if last else _EVER)
    is_late_due = last is not None and now - last.recounted_at >= _LATE_EVERY
    if is_late_due:
        hours.recount_late(project_id=project_id, now=now)
    return is_late_due
