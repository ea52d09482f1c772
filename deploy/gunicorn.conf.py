"""Settings of the web processes: one pool for `callboard up`, the pools prompts, ingest and ui for docker-compose."""

import os
import shutil
import tempfile
from typing import Any

from webapp import draining, garbage, niceness

# Applications wait for prompts and people for pages, but nobody for a span: under a flood the others get the processor.
_INGEST_NICENESS = 5

# Where the workers keep the numbers of /metrics, which whichever of them is asked adds up.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="callboard-metrics-")

# Workers and threads of each pool: prompts must answer while ingest is flooded, so each has processes of its own.
POOLS = {"all": (1, 16), "prompts": (1, 8), "ingest": (2, 4), "ui": (2, 4)}
_workers, _threads = POOLS[os.environ.get("CALLBOARD_POOL", "all")]

bind = os.environ.get("CALLBOARD_BIND", "127.0.0.1:8400")
worker_class = "webapp.web_worker.TimingWorker"
workers = int(os.environ.get("CALLBOARD_WEB_WORKERS", _workers))
threads = int(os.environ.get("CALLBOARD_WEB_THREADS", _threads))

# Longer than the idle time of common proxies and of the SDK's connections, so it is never us who close a live one.
keepalive = 75
timeout = 60
graceful_timeout = 25
backlog = 256

# The heartbeat file must not wait for a disk.
_memory = "/dev/shm"  # noqa: S108 - gunicorn makes a private file in it
worker_tmp_dir = _memory if os.access(_memory, os.W_OK) else None
control_socket_disable = True
forwarded_allow_ips = "*" if os.environ.get("CALLBOARD_BEHIND_PROXY") else "127.0.0.1,::1"
limit_request_line = 8190


errorlog = "-"
loglevel = "warning"
accesslog = None


def post_worker_init(worker: Any) -> None:
    """Keep the garbage collector's work rare and short, so that no answer waits for it; drain on SIGTERM."""
    garbage.calm()
    if os.environ.get("CALLBOARD_POOL") == "ingest":
        niceness.step_back(_INGEST_NICENESS)
    draining.drain_on_sigterm(worker)


def on_reload(server: Any) -> None:
    """With SIGHUP the new workers answer at once, so the old ones just end."""
    draining.note_reload()


def child_exit(server: Any, worker: Any) -> None:
    """Take the numbers of a worker that has ended out of those that only count while it lives."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Leave no numbers behind."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
