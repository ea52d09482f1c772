"""How much a project may send, and how much it sent today."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from django.db import connection, transaction

from monitoring.models import IngestQuota
from projects import audit
from projects.models import Project, User

# A changed quota holds everywhere within this time.
CACHE_SECONDS = 20.0
_USED_SECONDS = 10.0
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Quota:
    """What may be sent; None means as much as one likes."""

    requests_per_minute: int | None = None
    key_requests_per_minute: int | None = None
    megabytes_per_minute: int | None = None
    spans_per_day: int | None = None
    megabytes_per_day: int | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether nothing is limited."""
        return self == Quota()

    @property
    def has_daily_limit(self) -> bool:
        return self.spans_per_day is not None or self.megabytes_per_day is not None


@dataclass(frozen=True, slots=True)
class Used:
    """What was taken in since midnight UTC."""

    spans: int
    bytes: int


_quotas: dict[int, tuple[float, Quota]] = {}
_used: dict[int, tuple[float, Used]] = {}


def of(project_id: int) -> Quota:
    """Return the project's quota, as it was a moment ago."""
    now = time.monotonic()
    known = _quotas.get(project_id)
    if known is None or known[0] < now:
        known = _quotas[project_id] = (now + CACHE_SECONDS, load(project_id))
    return known[1]


def load(project_id: int) -> Quota:
    """Return the project's quota as it is now."""
    row = IngestQuota.objects.filter(project_id=project_id).first()
    if row is None:
        return Quota()
    return Quota(
        requests_per_minute=row.requests_per_minute, key_requests_per_minute=row.key_requests_per_minute,
        megabytes_per_minute=row.megabytes_per_minute, spans_per_day=row.spans_per_day, megabytes_per_day=row.megabytes_per_day,
    )  # fmt: skip


@transaction.atomic
def change(*, project: Project, quota: Quota, by: User) -> None:
    """Set how much the project may send."""
    before = load(project.pk)
    if before == quota:
        return
    IngestQuota.objects.update_or_create(project=project, defaults=asdict(quota))
    audit.record(
        action="ingest_quota.changed", subject=project.slug, by=by, project=project, before=asdict(before), after=asdict(quota)
    )  # fmt: skip
    transaction.on_commit(lambda: _quotas.pop(project.pk, None))


def exhausted(project_id: int) -> str:
    """Return which daily limit is used up, in words; nothing while there is room."""
    quota = of(project_id)
    if not quota.has_daily_limit:
        return ""
    used = used_today(project_id)
    if quota.spans_per_day is not None and used.spans >= quota.spans_per_day:
        return f"{quota.spans_per_day:,} spans"
    if quota.megabytes_per_day is not None and used.bytes >= quota.megabytes_per_day * _MEGABYTE:
        return f"{quota.megabytes_per_day:,} MB"
    return ""


def used_today(project_id: int) -> Used:
    """Return what the ledger counted since midnight UTC, at most ten seconds old."""
    now = time.monotonic()
    known = _used.get(project_id)
    if known is None or known[0] < now:
        known = _used[project_id] = (now + _USED_SECONDS, _count_today(project_id))
    return known[1]


def forget() -> None:
    """Empty this process's memory of quotas."""
    _quotas.clear()
    _used.clear()


def _count_today(project_id: int) -> Used:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(accepted), 0), coalesce(sum(bytes), 0) FROM ingest_minute "
            "WHERE project_id = %s AND at >= date_trunc('day', now(), 'UTC')",
            [project_id],
        )
        spans, size = cursor.fetchone()
    return Used(spans=int(spans), bytes=int(size))
