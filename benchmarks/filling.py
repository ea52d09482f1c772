"""Fills a project with days of traffic: a few thousand received spans are copied again and again inside the database.

Every copy goes through the statement that stores real traffic, so traces and counters are exactly those of production.
Prints one JSON object; runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from psycopg import Cursor

TEMPLATES = 3_072
_CUT = "UPDATE template_span SET attributes = '{}', input = left(input, %s), output = left(output, %s)"
DAYS = 14
RATED_TRACES = 400


@dataclass(frozen=True)
class Filled:
    """What was made: how many spans, a trace in the middle of the time and its user, and how long it took."""

    spans: int
    trace_id: str
    user_id: str
    seconds: float


def main() -> None:
    """Fill the project and print what was made."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--project-id", type=int, required=True)
    parser.add_argument("--spans", type=int, required=True)
    parser.add_argument("--distinct", action="store_true", help="no two calls say the same")
    parser.add_argument(
        "--longest-text", type=int, default=0, help="cut texts: for the size of indexes, not of the disk"
    )
    args = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    filled = fill(
        project_id=args.project_id, spans=args.spans, longest_text=args.longest_text, is_distinct=args.distinct
    )  # fmt: skip
    sys.stdout.write(json.dumps(asdict(filled)) + "\n")


def fill(
    *, project_id: int, spans: int, days: int = DAYS, longest_text: int = 0, is_distinct: bool = False
) -> Filled:  # fmt: skip
    """Store at least this many spans over the last days, the oldest first, and rate some traces.

    Texts are cut at so many characters, if any: ten million spans then fill the indexes as real ones do, but not the disk.
    """
    from django.db import connection

    began = time.monotonic()
    rounds = -(-spans // TEMPLATES)
    connection.ensure_connection()
    driver = connection.connection
    driver.prepare_threshold = 0
    with driver.cursor() as cursor:
        _make_templates(cursor, project_id)
        if longest_text:
            cursor.execute(_CUT, [longest_text, longest_text])
        name = os.urandom(8).hex()
        for number in range(rounds):
            _copy(
                cursor, name=f"{name} {number}", days=days, number=number, rounds=rounds, is_distinct=is_distinct
            )  # fmt: skip
        cursor.execute("UPDATE project SET first_accepted_at = now() WHERE id = %s", [project_id])
    _rate(project_id)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM span WHERE project_id = %s", [project_id])
        count = int(cursor.fetchone()[0])
    trace_id, user_id = _trace_in_the_middle(project_id)
    return Filled(count, trace_id, user_id, seconds=round(time.monotonic() - began, 1))


def _make_templates(cursor: Cursor, project_id: int) -> None:
    from benchmarks.traffic import Traffic
    from monitoring.ingest import protobuf, rows, statements

    request = Traffic(started_within_seconds=1.0).request(TEMPLATES)
    built, _ = rows.build(protobuf.decode(bytes(request.body)), rows.Sender(project_id, "", rows.now()))
    cursor.execute(statements.STAGE)
    cursor.execute("CREATE TEMPORARY TABLE template_span (LIKE staged_span)")
    with cursor.copy(statements.COPY_STAGED.replace("staged_span", "template_span")) as copy:
        copy.set_types(rows.COLUMN_TYPES)
        for row in built:
            copy.write_row(row)
    for name in sorted({row[rows.ENVIRONMENT] for row in built}):
        cursor.execute(
            "INSERT INTO environment (project_id, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", [project_id, name]
        )


def _copy(cursor: Cursor, *, name: str, days: int, number: int, rounds: int, is_distinct: bool) -> None:
    """Store the templates once more, as traces of their own that began in this round's part of the time."""
    part_us = days * 86_400_000_000 // rounds
    first_us = (rounds - number) * part_us
    changed = {
        "trace_id": "moved_id", "start_day": "((sort_at - moved) AT TIME ZONE 'UTC')::date", "sort_at": "sort_at - moved",
        "received_at": "received_at - moved", "start_ns": "start_ns - moved_us * 1000", "end_ns": "end_ns - moved_us * 1000",
    }  # fmt: skip
    if is_distinct:
        # The first word of what the assistant said becomes one that nobody else says.
        changed["output"] = """regexp_replace(output, '"content": ?"', '\\&' || left(moved_id::text, 13) || ' ')"""
    source = """
        template_span,
        LATERAL (SELECT md5(trace_id::text || %(name)s)::uuid AS moved_id) ids,
        LATERAL (SELECT %(first_us)s - (abs(hashtextextended(moved_id::text, 0)) %% %(part_us)s) AS moved_us) shares,
        LATERAL (SELECT moved_us * interval '1 microsecond' AS moved) moves
        ORDER BY moved_id
    """
    store(cursor, changed, source, {"name": name, "first_us": first_us, "part_us": part_us})


def store(cursor: Cursor, changed: dict[str, str], source: str, values: dict[str, object]) -> None:
    """Store spans of the template with some columns changed, by the statement that stores real traffic."""
    from psycopg import Cursor as BindingCursor

    from monitoring.ingest import statements
    from monitoring.ingest.rows import COLUMNS

    chosen = ", ".join(changed.get(column, column) for column in COLUMNS)
    with cursor.connection.transaction(), BindingCursor(cursor.connection) as binding:
        binding.execute(statements.STAGE, prepare=False)
        binding.execute(f"INSERT INTO staged_span ({', '.join(COLUMNS)}) SELECT {chosen} FROM {source}", values)
        binding.execute(statements.STORE, {"shard": 0})


def _rate(project_id: int) -> None:
    from django.utils import timezone

    from monitoring import scores
    from monitoring.models import Trace

    ids = list(
        Trace.objects.filter(project_id=project_id)
        .order_by("trace_id")
        .values_list("trace_id", flat=True)[:RATED_TRACES]
    )
    rated = [
        {
            "trace_id": trace_id.hex,
            "name": "thumbs",
            "data_type": "thumbs",
            "value": number % 2,
            "user_id": "u",
            "source": "user",
        }
        for number, trace_id in enumerate(ids)
    ]
    scores.record(project_id=project_id, scores=[scores.checked(item, now=timezone.now()) for item in rated])


def _trace_in_the_middle(project_id: int) -> tuple[str, str]:
    from monitoring.models import Trace

    traces = Trace.objects.filter(project_id=project_id).order_by("started_at")
    trace = traces[traces.count() // 2]
    return trace.hex_id, trace.user_id


if __name__ == "__main__":
    main()
