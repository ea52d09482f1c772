"""`callboard bench sdk`: what one traced call costs the application that is traced."""

from __future__ import annotations

import json
import subprocess
import sys
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
    """Trace calls in a process of their own, with a server beside it that takes everything."""
    machine = figures.machine()
    with _sink() as url:
        orders = {"url": url, "calls": options.calls, "paced_calls": options.paced_calls}
        answer = subprocess.run(
            as_identity([sys.executable, "-m", "benchmarks.sdk_calls", json.dumps(orders)], None),
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if answer.returncode:
        raise StageFailed(f"The traced process failed: {answer.stderr.strip().rpartition(chr(10))[2]}")
    return {**json.loads(answer.stdout), "calls": options.calls, "machine": machine}


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
