"""How Celery passes messages on, for those who work and for the one who keeps the time."""

from __future__ import annotations

import os
from collections.abc import Sequence

from celery import Celery
from celery.signals import setup_logging

from workers.timetable import beat_schedule

_VISIBILITY_SECONDS = 300
_TRANSPORT = {
    "visibility_timeout": _VISIBILITY_SECONDS,
    "socket_timeout": 5.0,
    "socket_connect_timeout": 0.5,
    "max_retries": 0,
    "queue_order_strategy": "priority",
}


def application(*, include: Sequence[str] = (), fixups: Sequence[str] | None = None) -> Celery:
    """Return an application that knows the tasks of these modules; `fixups` are Celery's own when None."""
    app = Celery("callboard", broker=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"), fixups=fixups)
    app.conf.update(
        include=list(include),
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue="fast",
        task_soft_time_limit=120,
        task_time_limit=150,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=500,
        worker_max_memory_per_child=400_000,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_soft_shutdown_timeout=20.0,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options=_TRANSPORT,
        result_backend_transport_options=_TRANSPORT,
        visibility_timeout=_VISIBILITY_SECONDS,
        beat_schedule=beat_schedule(),
        beat_max_loop_interval=10,
        timezone="UTC",
        enable_utc=True,
    )
    return app


@setup_logging.connect
def _keep_our_logging(**_: object) -> None:
    """Leave logging as webapp.logs configured it."""
