"""Writes one export of everything in a process of its own, kills it once in the middle, and counts what is in the file.

Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from monitoring.exports.models import Export

DAYS = 30


def main() -> None:
    """Write the export and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--project-id", type=int, required=True)
    parser.add_argument("--kind", required=True)
    args = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    sys.stdout.write(json.dumps(measure(project_id=args.project_id, kind=args.kind)) + "\n")


def measure(*, project_id: int, kind: str) -> dict[str, Any]:
    """Return how fast the lines came, what memory that took at a tenth and at the end, and whether the file is whole."""
    export = _ask(project_id, kind)
    killed_after = _killed_in_the_middle(export)
    began, tenth = time.monotonic(), 0.0

    def keep() -> bool:
        nonlocal tenth
        export.refresh_from_db(fields=["trace_count"])
        if not tenth and export.trace_count * 10 >= (export.expected_count or 0):
            tenth = _peak_mb()
        return True

    _write(export, keep)
    seconds = time.monotonic() - began
    export.refresh_from_db()
    lines, different = _counted(export)
    return {
        "rows": export.row_count, "rows_per_s": round((export.row_count - killed_after) / seconds), "seconds": round(seconds, 2),
        "peak_mb_at_a_tenth": tenth, "peak_mb": _peak_mb(), "packed_mb": round(export.byte_count / 1e6, 1),
        "rows_before_the_kill": killed_after, "lines_in_the_file": lines, "different_lines": different,
        "left_out": export.counts,
    }  # fmt: skip


def _ask(project_id: int, kind: str) -> Export:
    from datetime import timedelta

    from django.utils import timezone

    from monitoring.exports import requests
    from monitoring.trace_filters import TraceFilter
    from projects.models import Project

    now = timezone.now()
    options = {"rows": "calls", "which": "all", "masks": True, "validation_share": 0.1, "reviews": False}
    return requests.ask(
        project=Project.objects.get(pk=project_id), kind=kind, words="everything", options=options, by=None,
        wanted=TraceFilter(start=now - timedelta(days=DAYS), end=now),
    )  # fmt: skip


def _write(export: Export, keep: Any) -> None:
    from monitoring.exports import running
    from workers.export_jobs import maker_of

    running.run(export_id=export.pk, make=maker_of, keep=keep)


def _killed_in_the_middle(export: Export) -> int:
    """Let another process begin, kill it without warning, and return how many lines it had committed."""
    from django.db import connection

    connection.close()
    child = os.fork()
    if child == 0:
        _write(export, lambda: True)
        os._exit(0)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        export.refresh_from_db()
        if export.trace_count * 5 >= (export.expected_count or 0):
            break
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    export.refresh_from_db()
    return int(export.row_count)


def _counted(export: Export) -> tuple[int, int]:
    """Return how many lines are in the files, and how many different ones."""
    from monitoring.exports import parts

    lines, seen = 0, set[int]()
    for file in export.files:
        rest = b""
        for data in parts.read(export, file["name"]):
            for piece in parts.unpacked(data):
                *whole, rest = (rest + piece).split(b"\n")
                lines += len(whole)
                seen.update(map(hash, whole))
    return lines, len(seen)


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    main()
