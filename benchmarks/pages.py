"""`callboard bench pages`: how long the server works on the pages of prompts when there are very many of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figures
from benchmarks.stage import Stage


@dataclass(frozen=True)
class Options:
    """How much is stored, and how often each page is asked for."""

    prompts: int = 2_000
    versions: int = 500
    requests: int = 20


def run(options: Options) -> Figures:
    """Fill a project with prompts, versions and counters, and measure every page inside one process."""
    machine = figures.machine()
    with Stage() as stage:
        arguments = {
            "--project-id": stage.prepared.project_id, "--prompts": options.prompts, "--versions": options.versions,
            "--requests": options.requests,
        }  # fmt: skip
        measured = json.loads(
            stage.run("benchmarks.prompt_pages", *(str(part) for pair in arguments.items() for part in pair))
        )
        version = figures.postgres_version(stage.servers.database_url)
    return {**measured, "requests_per_page": options.requests, "machine": {**machine, "postgres": version}}
