"""Runs the load generator beside a stage and reads what the stage's processes cost meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from types import TracebackType

from benchmarks import processes
from benchmarks.load import Done, Orders
from benchmarks.stage import Stage, StageFailed
from webapp.cli.layouts import ROOT
from webapp.embedded.accounts import as_identity


class Generator:
    """A load generator that is ready; it ends with the `with` block at the latest."""

    def __init__(self, orders: Orders) -> None:
        argv = [sys.executable, "-m", "benchmarks.load", json.dumps(asdict(orders))]
        self._process = subprocess.Popen(
            as_identity(argv, None), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Generator:
        if self._process.stdout is None or self._process.stdout.readline().strip() != "ready":
            self.__exit__(None, None, None)
            raise StageFailed("The load generator did not start.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def go(self) -> None:
        """Start sending."""
        if self._process.stdin is not None:
            self._process.stdin.write("go\n")
            self._process.stdin.flush()

    def result(self) -> Done:
        """Wait for the end and return what was sent."""
        output = self._process.stdout.read() if self._process.stdout is not None else ""
        try:
            done = Done(**json.loads(output))
        except ValueError as error:
            raise StageFailed("The load generator ended without a result.") from error
        if done.failure:
            raise StageFailed(f"The load was not accepted. {done.failure}")
        return done


@dataclass(frozen=True)
class Cost:
    """What was sent, and what storing it cost."""

    done: Done
    web_cpu_seconds: float
    postgres_cpu_seconds: float
    peak_mb: float


def measure(stage: Stage, orders: Orders) -> Cost:
    """Send a load and return it with the processor time and the memory of exactly the stage's processes."""
    web, postgres = [stage.web.pid], [stage.postgres.pid]
    with Generator(orders) as generator, processes.PeakMemory([*web, *postgres]) as memory:
        before = processes.cpu_seconds(web), processes.cpu_seconds(postgres)
        generator.go()
        done = generator.result()
        after = processes.cpu_seconds(web), processes.cpu_seconds(postgres)
    return Cost(done, after[0] - before[0], after[1] - before[1], memory.mb)
