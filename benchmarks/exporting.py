"""Writes one export of everything in a process of its own, kills it once in the middle, and counts what is in the file.

Files of calls hold every step, training files the calls of models. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import django
import orjson

if TYPE_CHECKING:
    from monitoring.exports.models import Export

DAYS = 30
_MOST_SECONDS_TO_THE_KILL = 600.0


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
    """Return how fast the lines came, what memory that took after a tenth and at the end, and whether the file is whole."""
    from monitoring.exports import requests

    export = _ask(project_id, kind)
    killed_after, traces_before = _killed_in_the_middle(export), export.trace_count
    began, tenth = time.monotonic(), 0.0

    def keep() -> bool:
        nonlocal tenth
        export.refresh_from_db(fields=["trace_count"])
        if not tenth and (export.trace_count - traces_before) * 10 >= (export.expected_count or 0):
            tenth = _peak_mb()
        return True

    _write(export, keep)
    seconds, peak = time.monotonic() - began, _peak_mb()
    tenth = tenth or peak
    export.refresh_from_db()
    found = {
        "rows": export.row_count, "rows_per_s": round((export.row_count - killed_after) / seconds), "seconds": round(seconds, 2),
        "peak_mb_at_a_tenth": tenth, "peak_mb": peak, "peak_ratio": round(peak / tenth, 2),
        "packed_mb": round(export.byte_count / 1e6, 1), "rows_before_the_kill": killed_after, **_counted(export),
        "left_out": export.counts,
    }  # fmt: skip
    requests.delete_file(export=export, by=None)
    return found


def _ask(project_id: int, kind: str) -> Export:
    from datetime import timedelta

    from django.utils import timezone

    from monitoring.exports import requests
    from monitoring.exports.calls import CallLines
    from monitoring.exports.models import Export
    from monitoring.trace_filters import TraceFilter
    from projects.models import Project

    now, project = timezone.now(), Project.objects.get(pk=project_id)
    wanted = TraceFilter(start=now - timedelta(days=DAYS), end=now)
    options = {"rows": "steps", "which": "all", "masks": True, "validation_share": 0.1, "reviews": False}
    if kind == "parquet":
        # As many at once as usual, but several stretches of a small project too: it is killed between two.
        most = CallLines(Export(kind=kind)).traces_at_once
        options["stretch"] = max(1, min(most, (requests.expected(project=project, wanted=wanted) or 0) // 10))
    return requests.ask(project=project, kind=kind, words="everything", options=options, by=None, wanted=wanted)


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
    deadline = time.monotonic() + _MOST_SECONDS_TO_THE_KILL
    while time.monotonic() < deadline:
        export.refresh_from_db()
        if export.trace_count * 5 >= (export.expected_count or 0):
            break
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    export.refresh_from_db()
    return int(export.row_count)


def _counted(export: Export) -> dict[str, Any]:
    """Return how many lines are in the files, how many different ones, and what the provider would not take."""
    from monitoring.exports.models import TRAINING, ExportKind

    lines, seen, problems = 0, set[int](), Counter[str]()
    for line in _rows_of_tables(export) if export.kind == ExportKind.PARQUET else _lines(export):
        lines += 1
        seen.add(hash(line))
        if isinstance(line, bytes) and export.kind in TRAINING:
            problems.update(_problems(export, line))
    found: dict[str, Any] = {"lines_in_the_file": lines, "different_lines": len(seen)}
    return found | {"format_problems": dict(problems)} if export.kind in TRAINING else found


def _lines(export: Export) -> Iterator[bytes]:
    from monitoring.exports import parts

    for file in export.files:
        rest = b""
        for piece in parts.plain(export, file["name"]):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole


def _rows_of_tables(export: Export) -> Iterator[tuple[str, str]]:
    from pyarrow import parquet

    from monitoring.exports import parts

    for data in parts.read(export, export.files[0]["name"]):
        table = parquet.read_table(io.BytesIO(data), columns=["trace_id", "span_id"])
        yield from zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True)


def _problems(export: Export, line: bytes) -> list[str]:
    from evals.training import checks
    from monitoring.exports.models import ExportKind

    found = checks.tuning_problems if export.kind == ExportKind.TUNING else checks.preference_problems
    return found(orjson.loads(line))


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    main()
