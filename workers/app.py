"""The Celery application. A message is only a doorbell: it carries ids, never work that could be lost."""

from __future__ import annotations

import gc
import os

import django
from celery.signals import worker_init, worker_process_init

from workers.messaging import application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

app = application(include=["workers.tasks"])


@worker_init.connect
def _share_what_was_imported(**_: object) -> None:
    """Pages that no collection of garbage writes to stay shared between the processes of the pool.

    The package that asks models takes half a second to load: the first answer of an experiment need not wait for it.
    """
    import prompt_registry.providers.calls  # noqa: F401 - loaded for its effect

    gc.collect()
    gc.freeze()


@worker_process_init.connect
def _forget_parents_connections(**_: object) -> None:
    """A forked child must not share the parent's database sockets."""
    from django.db import connections

    connections.close_all()
