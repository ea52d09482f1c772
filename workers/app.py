"""The Celery application. A message is only a doorbell: it carries ids, never work that could be lost."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import django
from celery.signals import worker_init, worker_process_init

from workers import memory
from workers.messaging import application
from workers.queues import INSIGHT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

app = application(include=["workers.tasks"])


@worker_init.connect
def _share_what_was_loaded(options: Mapping[str, Any] | None = None, **_: object) -> None:
    """Pages that no collection of garbage writes to stay shared between the processes of the pool.

    The package that asks models takes half a second to load: the first answer of an experiment need not wait for it.
    """
    import_module("prompt_registry.providers.calls")
    queues = (options or {}).get("queues")
    if not queues or INSIGHT in queues:
        # Each process of the pool comes to look at calls sooner or later.
        from monitoring.analysis import warming

        warming.load()
    gc.collect()
    memory.give_back()
    gc.freeze()


@worker_process_init.connect
def _forget_parents_connections(**_: object) -> None:
    """A forked child must not share the parent's database sockets."""
    from django.db import connections

    connections.close_all()
