"""`callboard bench analysis`: how many calls a second one worker looks at, and which detector takes how much of that time."""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figures
from benchmarks.stage import Stage


@dataclass(frozen=True)
class Options:
    """How many calls to look at."""

    calls: int = 1_000


def run(options: Options) -> Figures:
    """Store calls on a throw-away Callboard and look at all of them in one process on one core."""
    machine = figures.machine()
    with Stage() as stage:
        # One core: the libraries that multiply matrices would take all of them.
        stage.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        found: Figures = json.loads(
            stage.run("benchmarks.analysed", str(stage.prepared.project_id), str(options.calls))
        )
        machine["postgres"] = figures.postgres_version(stage.servers.database_url)
    return {**found, "machine": machine}
