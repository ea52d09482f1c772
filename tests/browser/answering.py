"""What answers trials beside the site: the live process with its simulated models, and a worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db import connection
from django.test import override_settings

from prompt_registry.providers import clients, event_loop
from prompt_registry.providers.simulated.models import MODELS
from tests.webapp import live_server
from webapp.simulated_provider import SimulatedProvider
from workers import tasks

RELIABLE = {name: replace(model, error_rate=0.0, rate_limit_rate=0.0) for name, model in MODELS.items()}


class Worker:
    """Does the jobs of trials in a thread, once it was started."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(60)

    def _work(self) -> None:
        while not self._stopped.wait(0.05):
            tasks.run_ready("evals")
        connection.close()


@contextmanager
def answering(*, time_scale: float = 0.5, is_started: bool = True) -> Iterator[Worker]:
    """Run the live process until the block ends, and a worker, which may be started later."""
    provider, worker = SimulatedProvider(models=RELIABLE, time_scale=time_scale), Worker()
    database_url = live_server.test_database_url()
    with live_server.serving(provider, database_url=database_url) as (url, _), override_settings(LIVE_URL=url):
        if is_started:
            worker.start()
        try:
            yield worker
        finally:
            worker.stop()
            event_loop.submit(clients.close_clients()).result(timeout=5)
            event_loop.stop()
