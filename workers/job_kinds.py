"""What each kind of job does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from evals import imports, item_care, repeated_requests
from evals.coverage import measuring
from evals.experiments import answer_cache, changes
from evals.judges import canaries
from evals.online import running
from evals.proposals import changes as proposals
from evals.second_opinions import running as second_opinions
from monitoring import partitions, repricing, retention
from monitoring.alerts import changes as alert_changes
from monitoring.alerts import looking as alerts
from monitoring.analysis import reruns
from monitoring.analysis import running as analyses
from monitoring.clusters import running as clusterings
from monitoring.erasure import running as erasures
from monitoring.erasure import tombstones
from monitoring.exports import running as exporting
from monitoring.issues import cycle
from monitoring.scheduled_exports import asking as scheduled_exports
from monitoring.weekly import mails as weekly_mails
from projects import jobs, notification_mail, sign_in_attempts, spending_batches, webhook_deliveries, webhooks
from projects.models import Job
from prompt_registry import schedules, trials
from workers import (
    alert_jobs,
    canary,
    erasure_jobs,
    experiment_jobs,
    export_jobs,
    insight_jobs,
    issue_jobs,
    proposal_jobs,
    scheduled_export_jobs,
    trial_jobs,
    weekly_jobs,
)
from workers.queues import queue_of


def _ensure_partitions(job: Job) -> None:
    partitions.ensure()


def _housekeeping(job: Job) -> None:
    jobs.delete_finished(older_than=timedelta(days=1))
    sign_in_attempts.delete_old()
    retention.delete_expired()
    tombstones.delete_expired()
    exporting.delete_expired()
    trials.delete_old()
    canary.forget_old()
    imports.forget_old()
    canaries.forget_old()
    repeated_requests.forget_old()
    answer_cache.forget_old()
    while spending_batches.settle_forgotten():
        pass
    webhook_deliveries.delete_old()
    alert_changes.forget_old()
    call_command("clearsessions")


def _deliver_webhook(job: Job) -> None:
    webhook_deliveries.deliver(delivery_id=job.payload["delivery"], roll=random.random())  # noqa: S311 - spreads retries


def _mail_notification(job: Job) -> None:
    notification_mail.send(mail_id=job.payload["mail"])


def _mail_digest(job: Job) -> None:
    notification_mail.send_digest(user_id=job.payload["user"])


def _plan_digests(job: Job) -> None:
    notification_mail.plan_digests()


def _apply_retention(job: Job) -> None:
    until = time.monotonic() + _RETENTION_SECONDS

    def keep() -> bool:
        jobs.renew(job=job)
        return time.monotonic() < until

    if retention.apply(keep=keep):
        jobs.add(kind=retention.KIND, dedupe_key=f"after {job.pk}.{job.attempts}")


def _reprice(job: Job) -> None:
    while repricing.step(run_id=job.payload["repricing"]):
        jobs.renew(job=job)


def _import_items(job: Job) -> None:
    # A large file is one transaction: nobody else may begin with it meanwhile.
    jobs.renew(job=job, lease=_IMPORT_LEASE)
    imports.run(import_id=job.payload["import"], is_last_try=job.attempts >= job.max_attempts)


def _plan_judge_canaries(job: Job) -> None:
    canaries.plan()


def _judge_canary(job: Job) -> None:
    canaries.run(version_id=int(job.payload["version"]), keep=lambda: jobs.renew(job=job))


def _publish_as_planned(job: Job) -> None:
    schedules.run(schedule_id=int(job.payload["schedule"]), now=timezone.now())


KINDS: dict[str, Callable[[Job], None]] = {
    "partitions.ensure": _ensure_partitions,
    "housekeeping": _housekeeping,
    canary.KIND: canary.arrive,
    webhooks.KIND: _deliver_webhook,
    notification_mail.AT_ONCE_KIND: _mail_notification,
    notification_mail.DIGEST_KIND: _mail_digest,
    "notification.digests": _plan_digests,
    weekly_mails.PLAN_KIND: weekly_jobs.plan,
    weekly_mails.REPORT_KIND: weekly_jobs.report,
    weekly_mails.MAIL_KIND: weekly_jobs.mail,
    repricing.KIND: _reprice,
    retention.KIND: _apply_retention,
    erasures.KIND: erasure_jobs.run,
    exporting.KIND: export_jobs.run,
    scheduled_exports.PLAN_KIND: scheduled_export_jobs.plan,
    scheduled_exports.RUN_KIND: scheduled_export_jobs.run,
    imports.KIND: _import_items,
    schedules.KIND: _publish_as_planned,
    trials.RUN_KIND: trial_jobs.run,
    changes.RUN_KIND: experiment_jobs.run,
    proposals.RUN_KIND: proposal_jobs.run,
    analyses.PLAN_KIND: insight_jobs.plan_analyses,
    analyses.RUN_KIND: insight_jobs.analyse,
    reruns.KIND: insight_jobs.analyse_again,
    alerts.PLAN_KIND: alert_jobs.plan,
    alerts.RUN_KIND: alert_jobs.run,
    cycle.PLAN_KIND: issue_jobs.plan,
    cycle.RUN_KIND: issue_jobs.run,
    clusterings.PLAN_KIND: insight_jobs.plan_clusterings,
    clusterings.DISCOVER_KIND: insight_jobs.find_clusters,
    clusterings.REBUILD_KIND: insight_jobs.rebuild_clusters,
    measuring.PLAN_KIND: insight_jobs.plan_measurements,
    measuring.KIND: insight_jobs.measure,
    item_care.KIND: insight_jobs.look_at_items,
    running.PLAN_KIND: insight_jobs.plan_online,
    running.RUN_KIND: insight_jobs.judge_live_calls,
    second_opinions.PLAN_KIND: insight_jobs.plan_opinions,
    second_opinions.RUN_KIND: insight_jobs.ask_for_opinions,
    "judges.canaries": _plan_judge_canaries,
    canaries.KIND: _judge_canary,
}

# A little more than the time a task may take.
_IMPORT_LEASE = timedelta(seconds=300)
# Less: what is left waits for a turn of its own.
_RETENTION_SECONDS = 45.0


def kinds_of(queue: str) -> list[str]:
    """Return the kinds of jobs that run in this queue."""
    return [kind for kind in KINDS if queue_of(kind) == queue]
