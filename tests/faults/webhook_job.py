"""The worker's Celery application, whose webhooks may reach a receiver on this machine; other workers leave its jobs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from workers.app import app
from workers.job_kinds import KINDS

if TYPE_CHECKING:
    from projects.models import Job

WEBHOOK = "faults.webhook"

__all__ = ["app"]


def _deliver(job: Job) -> None:
    from projects import webhook_deliveries

    settings.WEBHOOK_ALLOWLIST = ["127.0.0.1"]
    webhook_deliveries.deliver(delivery_id=job.payload["delivery"], roll=0.0)


KINDS[WEBHOOK] = _deliver
