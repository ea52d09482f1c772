"""`callboard bench export`: how fast files of calls and training data are written, and what memory that takes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figures
from benchmarks.filling import Filled
from benchmarks.stage import Stage

KINDS = ("jsonl", "csv", "parquet", "tuning")


@dataclass(frozen=True)
class Options:
    """How much is stored, and which files are written of it."""

    spans: int = 30_000
    kinds: tuple[str, ...] = KINDS


def run(options: Options) -> Figures:
    """Fill a project and write each kind of file of all its calls, each in a process of its own that is killed once."""
    machine = figures.machine()
    with Stage() as stage:
        project = ("--project-id", str(stage.prepared.project_id))
        filled = Filled(
            **json.loads(stage.run("benchmarks.filling", *project, "--spans", str(options.spans), "--distinct"))
        )
        version = figures.postgres_version(stage.servers.database_url)
        written = {
            kind: json.loads(stage.run("benchmarks.exporting", *project, "--kind", kind)) for kind in options.kinds
        }
    return {
        "files": written,
        "spans_stored": filled.spans,
        "seconds_to_fill": filled.seconds,
        "machine": {**machine, "postgres": version},
    }
