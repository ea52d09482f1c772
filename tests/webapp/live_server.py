"""The live process on a free port of this machine, run by uvicorn in a thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from django.db import connection

from webapp import live_trials
from webapp.live import create_application
from webapp.live_prompts import Limits, PromptStreams
from webapp.live_trials import TrialStreams
from webapp.simulated_provider import SimulatedProvider

NOWHERE = "postgresql://127.0.0.1:9/nowhere"


def test_database_url() -> str:
    """Return the address of the database that the tests write to."""
    found = connection.settings_dict
    return f"postgresql://{found['USER']}@/{found['NAME']}?host={found['HOST']}&port={found['PORT']}" + (
        f"&password={found['PASSWORD']}" if found["PASSWORD"] else ""
    )


test_database_url.__test__ = False


@contextmanager
def serving(
    provider: SimulatedProvider | None = None,
    *,
    database_url: str = NOWHERE,
    limits: Limits | None = None,
    trial_limits: live_trials.Limits | None = None,
    port: int = 0,
) -> Iterator[tuple[str, PromptStreams]]:
    """Run the live application and give its address and its streams."""
    streams = PromptStreams(database_url=database_url, limits=limits)
    trials = TrialStreams(
        database_url=database_url, secret=os.environ["CALLBOARD_SECRET_KEY"], hosts=["127.0.0.1", "localhost"],
        limits=trial_limits,
    )  # fmt: skip
    application = create_application(simulated=provider or SimulatedProvider(), prompts=streams, trials=trials)
    config = uvicorn.Config(application, port=port, log_level="error", ws="none", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", streams
    finally:
        loop = streams.loop
        if loop is not None:
            loop.call_soon_threadsafe(streams.end_streams)
            loop.call_soon_threadsafe(trials.end_streams)
        server.should_exit = True
        thread.join(timeout=10)
