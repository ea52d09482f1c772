"""`callboard bench issues`: what one look at a stream with planted problems opens, and what at a stream without any."""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figures
from benchmarks.stage import Stage


@dataclass(frozen=True, slots=True)
class Options:
    """How many calls each stream has; 0 leaves it out."""

    calls: int = 3_000
    quiet_calls: int = 10_000


def run(options: Options) -> Figures:
    """Replay both streams through storing, detectors, groups of questions and issues."""
    machine = figures.machine()
    with Stage() as stage:
        arguments = ("--calls", str(options.calls), "--quiet-calls", str(options.quiet_calls))
        found = json.loads(stage.run("benchmarks.issue_replay", *arguments))
        version = figures.postgres_version(stage.servers.database_url)
    return {**found, "machine": {**machine, "postgres": version}}
