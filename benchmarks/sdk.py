"""`callboard bench sdk`: what one traced call costs the application that is traced."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figures
from benchmarks.stage import StageFailed
from webapp.cli.layouts import ROOT
from webapp.embedded.accounts import as_identity


@dataclass(frozen=True)
class Options:
    """How many calls to trace without a pause, and how many at one per ten milliseconds."""

    calls: int = 200_000
    paced_calls: int = 500


def run(options: Options) -> Figures:
    """Trace calls in processes of their own, with a server that takes everything, with none, and with one that hangs."""
    machine = figures.machine()
    with _sink() as url:
        found = _traced(url, options)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # Closed again at once, so that nobody answers there.
        port = taken.getsockname()[1]
    found |= _away(f"http://127.0.0.1:{port}", options, "down")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # The system takes the connection; nobody ever reads from it.
        found |= _away(f"http://127.0.0.1:{silent.getsockname()[1]}", options, "hung")
    return {**found, "calls": options.calls, "machine": machine}


def _traced(url: str, options: Options) -> Figures:
    orders = {"url": url, "calls": options.calls, "paced_calls": options.paced_calls}
    answer = subprocess.run(
        _command("benchmarks.sdk_calls", orders), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise StageFailed(f"The traced process failed: {answer.stderr.strip().rpartition(chr(10))[2]}")
    found: Figures = json.loads(answer.stdout)
    return found


def _away(url: str, options: Options, state: str) -> Figures:
    """Return what a process grew by and how long it took to end while the server was away."""
    command = _command("benchmarks.sdk_outage_calls", {"url": url, "calls": options.calls})
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        line = process.stdout.readline() if process.stdout else ""
        began = time.monotonic()
        process.wait()
        seconds = time.monotonic() - began
    if not line or process.returncode:
        raise StageFailed(f"The process traced with its server {state} failed.")
    found = json.loads(line)
    return {
        f"rss_growth_mb_server_{state}": found["rss_growth_mb"],
        f"rss_growth_mb_once_full_server_{state}": found["rss_growth_mb_once_full"],
        f"exit_seconds_server_{state}": round(seconds, 2),
    }


def _command(module: str, orders: Figures) -> list[str]:
    return as_identity([sys.executable, "-m", module, json.dumps(orders)], None)


@contextmanager
def _sink() -> Iterator[str]:
    """Run a server that answers 200 to everything, and name its address."""
    argv = as_identity([sys.executable, "-m", "benchmarks.sink"], None)
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            if not port:
                raise StageFailed("The server for the traced calls did not start.")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
