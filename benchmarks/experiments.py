"""`callboard bench experiments`: how near an experiment comes to the shortest time possible, with faults and kills as well.

The provider answers after a fixed time. The bound is all answers at that time, as many at once as are allowed.
"""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks import figures, processes
from benchmarks.figures import Figures
from benchmarks.stage import HOST, Stage, StageFailed
from webapp.cli import programs
from webapp.cli.layouts import ROOT
from webapp.supervisor.children import Child

VARIANTS = 2
# One process for pumps, one for all else, as a small worker has.
_WORKER_PROCESSES = "2"
_SECONDS_TO_END = 1_200.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Options:
    """How much is answered, how many calls at once, how long each takes, and what goes wrong."""

    items: int = 2_000
    concurrency: int = 64
    latency_seconds: float = 0.5
    failing: float = 0.3
    kills: int = 10

    @property
    def cells(self) -> int:
        return self.items * VARIANTS


def run(options: Options) -> Figures:
    """Run the experiment undisturbed, without latency, with a failing provider, and with workers that are killed."""
    machine = figures.machine()
    with Stage() as stage:
        version = figures.postgres_version(stage.servers.database_url)
        # Beat rings every ten seconds, as in every installation.
        stage.start(programs.beat(stage.layout, stage.environ))
        bench = _Bench(stage, options)
        found = bench.undisturbed() | bench.without_latency()
        if options.failing:
            found |= bench.with_failures()
        if options.kills:
            found |= bench.with_kills()
    return {
        **found, "items": options.items, "variants": VARIANTS, "concurrency": options.concurrency,
        "latency_ms": options.latency_seconds * 1_000, "machine": {**machine, "postgres": version},
    }  # fmt: skip


class _Bench:
    """The runs on one stage."""

    def __init__(self, stage: Stage, options: Options) -> None:
        self._stage, self._options = stage, options

    def undisturbed(self) -> Figures:
        with self._provider(self._options.latency_seconds) as port, self._worker(port) as worker:
            cpu = processes.cpu_seconds([worker.pid])
            with processes.PeakMemory([worker.pid]) as memory:
                experiment = self._start(port, self._options.items)
                wall = self._wait(experiment)
            cpu = processes.cpu_seconds([worker.pid]) - cpu
            counts = _counts(port)
            self._check(experiment)
            first = self._ask(_FIRST, experiment)[0]
        bound = self._options.cells * self._options.latency_seconds / self._options.concurrency
        return {
            "wall_seconds": round(wall, 2), "first_answer_seconds": round(first, 2),
            "bound_seconds": round(bound, 2), "wall_over_bound": round(wall / bound, 3),
            "repeated_calls": counts["repeated"], "calls": counts["requests"], "most_under_way": counts["most_under_way"],
            "peak_rss_mb": round(memory.mb, 1), "cpu_ms_per_cell": round(cpu * 1_000 / self._options.cells, 2),
        }  # fmt: skip

    def without_latency(self) -> Figures:
        items = max(1, self._options.items // 4)
        with self._provider(0.0) as port, self._worker(port):
            wall = self._wait(self._start(port, items))
        return {"cells_per_s_without_latency": round(items * VARIANTS / wall, 1)}

    def with_failures(self) -> Figures:
        with self._provider(self._options.latency_seconds, self._options.failing) as port, self._worker(port):
            experiment = self._start(port, self._options.items)
            wall = self._wait(experiment)
            counts = _counts(port)
            cells = self._check(experiment)
        return {
            "failing_wall_seconds": round(wall, 2), "failing_calls": counts["requests"],
            "failing_repeated_calls": counts["repeated"], "failing_cells": cells,
        }  # fmt: skip

    def with_kills(self) -> Figures:
        with self._provider(self._options.latency_seconds) as port:
            experiment, kills, in_flight = self._start(port, self._options.items), 0, set[int]()
            while kills < self._options.kills and self._open(experiment):
                with self._worker(port) as worker:
                    if not self._is_in_the_middle(experiment, port):
                        continue
                    time.sleep(random.uniform(0, 1.0))  # noqa: S311 - any moment will do
                    worker.end()
                    kills += 1
                    # Begun, and no answer stored.
                    in_flight |= set(self._ask(_IN_FLIGHT, experiment)[0])
            with self._worker(port):
                wall = self._wait(experiment)
            counts = _counts(port)
            cells = self._check(experiment)
            spent, cap = self._ask("SELECT spent_nano_usd, cap_nano_usd FROM experiment WHERE id = %s", experiment)
        return {
            "kills": kills, "killed_wall_seconds": round(wall, 2), "killed_repeated_calls": counts["repeated"],
            "killed_calls_in_flight": len(in_flight), "killed_cells": cells, "killed_spent_usd": spent / 1e9,
            "killed_cap_usd": cap / 1e9,
        }  # fmt: skip

    @contextmanager
    def _provider(self, seconds: float, failing: float = 0.0) -> Iterator[int]:
        argv = [sys.executable, "-m", "benchmarks.answering", "--seconds", str(seconds), "--failing", str(failing)]
        process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            yield int((process.stdout.readline() if process.stdout else "") or 0)
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def _worker(self, port: int) -> Iterator[Child]:
        environ = {
            **self._stage.environ, "CALLBOARD_PROVIDER_ALLOWLIST": f"{HOST}:{port}",
            "CALLBOARD_WORKER_PROCESSES": _WORKER_PROCESSES, "CALLBOARD_SLOW_JOBS": "1",
            "CALLBOARD_EXPERIMENT_CALLS": str(self._options.concurrency),
        }  # fmt: skip
        child = self._stage.start(programs.worker(self._stage.layout, environ))
        # Its start is not what is measured.
        time.sleep(6.0)
        try:
            yield child
        finally:
            child.end()

    def _start(self, port: int, items: int) -> int:
        self._stage.environ["CALLBOARD_PROVIDER_ALLOWLIST"] = f"{HOST}:{port}"
        said = self._stage.run(
            "benchmarks.experiment_orders", "--project-id", str(self._stage.prepared.project_id),
            "--url", f"http://{HOST}:{port}/v1", "--items", str(items), "--variants", str(VARIANTS),
        )  # fmt: skip
        return int(json.loads(said)["experiment"])

    def _wait(self, experiment: int) -> float:
        """Return the seconds from the start of the experiment to its end, by the clock of the database."""
        deadline = time.monotonic() + _SECONDS_TO_END
        while self._ask("SELECT state FROM experiment WHERE id = %s", experiment)[0] == "running":
            if time.monotonic() > deadline:
                raise StageFailed(f"The experiment did not end: {self._ask(_STATES, experiment)[0]}")
            time.sleep(_LOOK_SECONDS)
        state, reason, wall = self._ask(
            "SELECT state, reason, extract(epoch FROM ended_at - created_at)::float8 FROM experiment WHERE id = %s",
            experiment,
        )
        if state != "done":
            raise StageFailed(f"The experiment is {state}: {reason}")
        # The pump looks for more for a while; the next run begins without one.
        while self._ask(_PUMPS)[0] and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        return float(wall)

    def _is_in_the_middle(self, experiment: int, port: int) -> bool:
        while self._open(experiment):
            if _counts(port)["under_way"] >= self._options.concurrency // 2:
                return True
            time.sleep(_LOOK_SECONDS)
        return False

    def _open(self, experiment: int) -> bool:
        return bool(self._ask("SELECT state = 'running' FROM experiment WHERE id = %s", experiment)[0])

    def _check(self, experiment: int) -> dict[str, int]:
        """Return the cells by state; every cell must be there once, and over."""
        cells: dict[str, int] = self._ask(_STATES, experiment)[0]
        if set(cells) - {"done", "failed"} or sum(cells.values()) != self._options.cells:
            raise StageFailed(f"Not every cell is over once: {cells}")
        return cells

    def _ask(self, query: str, *values: object) -> tuple[Any, ...]:
        with psycopg.connect(self._stage.servers.database_url) as connection:
            row = connection.execute(query.encode(), values).fetchone()
        if row is None:
            raise StageFailed("The experiment is gone.")
        return row


_PUMPS = "SELECT count(*) FROM job WHERE kind = 'experiment.run' AND state IN ('ready', 'running')"
_IN_FLIGHT = """
    SELECT coalesce(array_agg(a.id), '{}') FROM experiment_attempt a JOIN experiment_cell c ON c.id = a.cell_id
     WHERE c.experiment_id = %s AND a.outcome = 'running'
"""
_FIRST = """
    SELECT extract(epoch FROM min(c.ended_at) - e.created_at)::float8
      FROM experiment e JOIN experiment_cell c ON c.experiment_id = e.id WHERE e.id = %s GROUP BY e.created_at
"""
_STATES = """
    SELECT json_object_agg(state, cells) FROM
        (SELECT state, count(*) AS cells FROM experiment_cell WHERE experiment_id = %s GROUP BY 1) AS counted
"""


def _counts(port: int) -> dict[str, int]:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/counts")
        found: dict[str, int] = json.loads(connection.getresponse().read())
        return found
    finally:
        connection.close()
