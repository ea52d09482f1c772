"""Asks workers for runs, at once or at the moment of the next try; asking twice does no harm."""

from __future__ import annotations

from django.utils import timezone

from monitoring.scheduled_exports.models import ExportRun
from projects import jobs

RUN_KIND, PLAN_KIND = "scheduled_export.run", "scheduled_export.plan"


def ask(run: ExportRun, *, once_more: str = "") -> None:
    """Ask for the next try of a run; `once_more` names a further job where one of the same try was lost."""
    is_now = run.next_try_at is None or run.next_try_at <= timezone.now()
    jobs.add(
        kind=RUN_KIND, dedupe_key=f"run {run.pk} round {run.round} after {run.tries} {run.place}{once_more}"[:200],
        payload={"run": run.pk}, project_id=run.project_id, run_at=None if is_now else run.next_try_at,
    )  # fmt: skip
