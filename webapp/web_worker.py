"""The gunicorn worker of the web processes: it takes the time that a request waits for a thread and arrives in."""

from __future__ import annotations

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from webapp import arrivals
from webapp.overload import waited_seconds


class TimingWorker(ThreadWorker):  # type: ignore[misc]
    """A worker with threads that tells each request how late it is."""

    def enqueue_req(self, conn: Any) -> None:
        """Queue a connection that has something to say."""
        conn.queued_at = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answer a request, in one of the threads."""
        waited_seconds.set(time.monotonic() - conn.queued_at)
        arrivals.begin(conn)
        return super().handle(conn)
