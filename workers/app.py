"""The Celery application. A message is only a doorbell: it carries ids, never work that could be lost."""

from __future__ import annotations

import gc
import os

import django
from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init

from workers.timetable import beat_schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

_VISIBILITY_SECONDS = 300
_TRANSPORT = {
    "visibility_timeout": _VISIBILITY_SECONDS,
    "socket_timeout": 5.0,
    "socket_connect_timeout": 0.5,
    "max_retries": 0,
    "queue_order_strategy": "priority",
}

app = Celery("callboard", broker=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
app.conf.update(
    include=["workers.tasks"],
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


@setup_logging.connect
def _keep_our_logging(**_: object) -> None:
    """Leave logging as webapp.logs configured it."""


@worker_init.connect
def _share_what_was_imported(**_: object) -> None:
    """Pages that no collection of garbage writes to stay shared between the processes of the pool."""
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def _forget_parents_connections(**_: object) -> None:
    """A forked child must not share the parent's database sockets."""
    from django.db import connections

    connections.close_all()
