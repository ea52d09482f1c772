"""Everything that happens by the clock, on one screen. Each tick is idempotent; two beats do no harm."""

from __future__ import annotations

from typing import Any

from workers.queues import FAST, JOB_QUEUES, ROLLOUTS, options_of

EVERY_TEN_SECONDS = 10.0
EVERY_MINUTE = 60.0
EVERY_TEN_MINUTES = 600
EVERY_HOUR = 3600.0


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Return Celery's timetable. A message that waited longer than its interval expires: the next one is as good."""
    return {
        **{
            f"free silent jobs and run ready ones: {queue}": _entry(
                "workers.tasks.run_jobs", EVERY_TEN_SECONDS, queue, queue=queue
            )
            for queue in JOB_QUEUES
        },
        "connect feedback that came before its call": _entry("workers.tasks.join_waiting_scores", EVERY_TEN_SECONDS),
        "look at the rollouts": _entry("workers.tasks.look_at_rollouts", EVERY_TEN_SECONDS, queue=ROLLOUTS),
        "send the canary through": _entry("workers.tasks.send_canary", EVERY_MINUTE),
        "make the partitions of the next days": _entry("workers.tasks.tick", EVERY_HOUR, "partitions.ensure"),
        "look at new calls": _entry("workers.tasks.tick", EVERY_MINUTE, "analysis.plan", int(EVERY_MINUTE)),
        "look at the alerts": _entry("workers.tasks.tick", EVERY_MINUTE, "alerts.plan", int(EVERY_MINUTE)),
        "look at all issues": _entry("workers.tasks.tick", EVERY_HOUR, "issues.plan"),
        "look for groups of calls": _entry("workers.tasks.tick", EVERY_TEN_MINUTES, "clusters.plan", EVERY_TEN_MINUTES),
        "judge live calls": _entry("workers.tasks.tick", EVERY_MINUTE, "online.plan", int(EVERY_MINUTE)),
        "ask models about findings": _entry("workers.tasks.tick", EVERY_MINUTE, "opinions.plan", int(EVERY_MINUTE)),
        "measure what datasets represent": _entry("workers.tasks.tick", EVERY_HOUR, "coverage.plan"),
        "plan the daily mails": _entry("workers.tasks.tick", EVERY_HOUR, "notification.digests"),
        "plan the weekly reports": _entry("workers.tasks.tick", EVERY_HOUR, "weekly.plan"),
        "try known injections on the judges": _entry("workers.tasks.tick", EVERY_HOUR, "judges.canaries"),
        "plan the exports that are due": _entry(
            "workers.tasks.tick", EVERY_TEN_MINUTES, "scheduled_export.plan", EVERY_TEN_MINUTES
        ),
        "remove what is older than it is kept": _entry("workers.tasks.tick", EVERY_HOUR, "retention.apply"),
        "remove what is no longer needed": _entry("workers.tasks.tick", EVERY_HOUR, "housekeeping"),
    }


def _entry(task: str, seconds: float, *args: str | int, queue: str = FAST) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "args": args, "options": {"expires": seconds, **options_of(queue)}}
