"""Fills a project with all that a month of real use leaves behind: calls that were looked at, groups, an issue, and giants.

The giants are one trace of very many steps and one long session. Every row of traffic comes from the statement that stores
real traffic, and what was found out about calls from the detectors, for a few hundred calls that stand for their copies.
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

from benchmarks import filling

if TYPE_CHECKING:
    from psycopg import Cursor

DAYS = 30
PROMPT = "support/refund"
SESSION = "a session of many calls"
_LOOKED_AT = 128
_GROUPS = 12
# Of a hundred calls of the prompt, so many are refused since ten days ago.
_REFUSED_PERCENT, _REFUSED_DAYS = 4, 10


@dataclass(frozen=True)
class Matter:
    """What was made, and where the pages are that show the largest things."""

    spans: int
    analysed: int
    trace_id: str
    user_id: str
    long_trace_id: str
    session_id: str
    issue_number: int
    # Three words as they follow each other in a call, and in its copies.
    words: list[str]
    seconds: float


def main() -> None:
    """Fill the project and print what was made."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--project-id", type=int, required=True)
    parser.add_argument("--spans", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--longest-text", type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    made = fill(
        project_id=args.project_id, spans=args.spans, steps=args.steps, calls=args.calls, longest_text=args.longest_text
    )  # fmt: skip
    sys.stdout.write(json.dumps(asdict(made)) + "\n")


def fill(*, project_id: int, spans: int, steps: int, calls: int, longest_text: int = 0) -> Matter:
    """Store the traffic, look at all of its calls, and open an issue of some of them."""
    from django.db import connection

    from monitoring import partitions

    began = time.monotonic()
    partitions.ensure(days_back=DAYS + 1)
    filled = filling.fill(project_id=project_id, spans=spans, days=DAYS, longest_text=longest_text)
    # The spans that were copied wait in a temporary table of this connection.
    long_trace_id = _store_long_trace(steps)
    _store_long_session(calls)
    _look(project_id, long_trace_id=long_trace_id)
    number = _open_issue(project_id)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM call_analysis WHERE project_id = %s", [project_id])
        analysed = int(cursor.fetchone()[0])
    return Matter(
        spans=filled.spans + steps + 3 * calls, analysed=analysed, trace_id=filled.trace_id, user_id=filled.user_id,
        long_trace_id=long_trace_id, session_id=SESSION, issue_number=number,
        words=_words(project_id), seconds=round(time.monotonic() - began, 1),
    )  # fmt: skip


def _store_long_trace(steps: int) -> str:
    """Store one trace of an agent that worked for minutes: eight steps below each step."""
    trace_id = os.urandom(16).hex()
    changed = {
        "trace_id": "%(trace_id)s::uuid", "span_id": "n", "parent_span_id": "CASE WHEN n > 1 THEN (n + 6) / 8 END",
        "start_day": "(moved AT TIME ZONE 'UTC')::date", "sort_at": "moved", "start_ns": "begin_ns",
        "end_ns": "begin_ns + duration_ns", "session_id": "''",
    }  # fmt: skip
    source = """
        generate_series(1, %(steps)s::int) AS n
        JOIN (SELECT *, row_number() OVER (ORDER BY span_id) - 1 AS place FROM template_span) numbered
            ON place = n %% (SELECT count(*) FROM template_span),
        LATERAL (SELECT now() - interval '2 days' + n * interval '20 ms' AS moved) moves,
        LATERAL (SELECT (extract(epoch FROM moved) * 1000000)::bigint * 1000 AS begin_ns) begins
    """
    filling.store(_driver(), changed, source, {"trace_id": trace_id, "steps": steps})
    return trace_id


def _store_long_session(calls: int) -> None:
    """Store one conversation of many traces over three hours."""
    changed = {
        "trace_id": "md5(trace_id::text || %(name)s)::uuid", "start_day": "((sort_at - moved) AT TIME ZONE 'UTC')::date",
        "sort_at": "sort_at - moved", "start_ns": "start_ns - moved_ns", "end_ns": "end_ns - moved_ns",
        "session_id": "%(session)s::text", "user_id": "'customer-of-many-words'",
    }  # fmt: skip
    source = """
        (SELECT *, dense_rank() OVER (ORDER BY trace_id) AS place FROM template_span) ranked,
        LATERAL (SELECT interval '1 day' + place * interval '20 seconds' AS moved) moves,
        LATERAL (SELECT extract(epoch FROM moved)::bigint * 1000000000 AS moved_ns) nanoseconds
        WHERE place <= %(calls)s
    """
    filling.store(_driver(), changed, source, {"name": "session", "session": SESSION, "calls": calls})


def _driver() -> Cursor:
    """Return a cursor of the driver, on the connection on which the spans to copy are."""
    from django.db import connection

    connection.ensure_connection()
    cursor: Cursor = connection.connection.cursor()
    return cursor


def _look(project_id: int, *, long_trace_id: str) -> None:
    """Store what is found about every call: some are really looked at, the others are their copies."""
    from django.db import connection

    from monitoring.analysis import looking, running
    from monitoring.kinds import Kind
    from monitoring.models import Span

    some = list(Span.objects.filter(project_id=project_id, kind=Kind.LLM).order_by("-start_day")[:_LOOKED_AT])
    running.store(project_id, looking.rows(some))
    groups = _make_groups(project_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'call_analysis_words'")
        words_index = cursor.fetchone()[0].replace(" ON ONLY ", " ON ")
        # Built at the end it takes a tenth of the time, and is the same; the words are those of the call that is copied.
        cursor.execute("DROP INDEX call_analysis_words")
        cursor.execute("ALTER TABLE call_analysis DISABLE TRIGGER call_analysis_words")
        cursor.execute(_KNOWN, {"project": project_id, "llm": int(Kind.LLM), "groups": groups})
        cursor.execute("ANALYZE known_call")
        cursor.execute("DELETE FROM call_analysis WHERE project_id = %s", [project_id])
        cursor.execute("SELECT DISTINCT start_day FROM span WHERE project_id = %s ORDER BY 1", [project_id])
        values: dict[str, int | str] = {
            "project": project_id,
            "llm": int(Kind.LLM),
            "prompt": PROMPT,
            "days": _REFUSED_DAYS,
            "percent": _REFUSED_PERCENT,
        }
        for (day,) in cursor.fetchall():
            cursor.execute(_COPIED_ANALYSIS.format(copied=_SAME_SPAN), {**values, "day": day})
            cursor.execute(_COPIED_ANALYSIS.format(copied=_STEP), {**values, "day": day, "trace_id": long_trace_id})
        cursor.execute("ALTER TABLE call_analysis ENABLE TRIGGER call_analysis_words")
        cursor.execute(words_index)
        cursor.execute(
            "INSERT INTO analysis_progress (project_id, until_at, round_began_at) VALUES (%s, now(), now()) "
            "ON CONFLICT (project_id) DO NOTHING",
            [project_id],
        )


def _words(project_id: int) -> list[str]:
    from monitoring.analysis.models import CallAnalysis

    asked = CallAnalysis.objects.filter(project_id=project_id).exclude(text="").order_by("-start_day").first()
    return asked.text.split()[1:4] if asked else []


def _make_groups(project_id: int) -> list[int]:
    from django.utils import timezone
    from pgvector import HalfVector

    from monitoring import embeddings
    from monitoring.clusters.models import Cluster

    names = [f"Questions of kind {number}" for number in range(_GROUPS)]
    now = timezone.now()
    return [
        Cluster.objects.create(
            project_id=project_id, name=name, centroid=HalfVector(vector), radius=0.6,
            embedding_version=embeddings.version(), first_at=now, last_at=now,
        ).pk
        for name, vector in zip(names, embeddings.embed(names), strict=True)
    ]  # fmt: skip


def _open_issue(project_id: int) -> int:
    """Open the issue of the refused calls and look at it as the worker does; return its number."""
    from datetime import timedelta

    from django.utils import timezone

    from monitoring.issues import cycle, opening
    from monitoring.streams.scopes import Scope

    now = timezone.now()
    fields = {
        "title": "Refunds are refused", "first_at": now - timedelta(days=_REFUSED_DAYS), "last_at": now,
        "usual_rate": 0.001,
    }  # fmt: skip
    issue = opening.create(project_id=project_id, fields=fields, at=now - timedelta(days=1))
    opening.add_scope(issue, Scope("refused", prompt_name=PROMPT))
    cycle.run(project_id=project_id, now=now)
    return int(issue.number)


# Each span that is copied with its words, and with one of the calls that were looked at for what else is known about it.
_KNOWN = """
    CREATE TEMPORARY TABLE known_call AS
    WITH looked_at AS (
        SELECT *, row_number() OVER (ORDER BY trace_id, span_id) - 1 AS place FROM call_analysis WHERE project_id = %(project)s
    ), calls AS (
        SELECT span_id, words_of_text(input) || words_of_text(output) AS words, row_number() OVER (ORDER BY span_id) AS place
        FROM template_span WHERE kind = %(llm)s
    )
    SELECT c.span_id, c.words, c.place, a.text, a.embedding, a.embedding_version, a.detectors_version, a.language,
        (%(groups)s::bigint[])[1 + c.place %% 16] AS cluster_id
    FROM calls c JOIN looked_at a ON a.place = c.place %% (SELECT count(*) FROM looked_at)
"""
# The steps of the long trace have ids of their own.
_SAME_SPAN = "k.span_id = s.span_id"
_STEP = "s.trace_id = %(trace_id)s::uuid AND k.place = 1 + s.span_id %% (SELECT count(*) FROM known_call)"
_COPIED_ANALYSIS = """
    INSERT INTO call_analysis (project_id, start_day, trace_id, span_id, call_at, duration_ns, ttft_ns, cost_nano_usd, draw,
        cluster_id, input_tokens, output_tokens, prompt_version, flags, arm, status, rollout_id, prompt_name, environment,
        release, service, model, user_id, session_id, language, detectors_version, embedding_version, findings, text, embedding,
        words)
    SELECT s.project_id, s.start_day, s.trace_id, s.span_id, s.sort_at, s.duration_ns, s.ttft_ns, s.cost_nano_usd, lot,
        k.cluster_id, s.input_tokens, s.output_tokens, s.prompt_version, CASE WHEN is_refused THEN 1 ELSE 0 END, s.arm, s.status,
        s.rollout_id, s.prompt_name, s.environment, s.release, s.service, s.model, s.user_id, s.session_id, k.language,
        k.detectors_version, k.embedding_version,
        CASE WHEN is_refused THEN jsonb_build_object('refused',
            jsonb_build_object('probability', 0.97, 'version', '1', 'evidence', '[["output", 0, 20, "It declines."]]'::jsonb)) END,
        k.text, k.embedding, k.words
    FROM span s JOIN known_call k ON {copied},
        LATERAL (SELECT ('x' || left(encode(sha256(uuid_send(s.trace_id)), 'hex'), 8))::bit(32)::bigint AS lot) lots,
        LATERAL (SELECT s.prompt_name = %(prompt)s AND s.sort_at > now() - %(days)s * interval '1 day'
            AND lot %% 100 < %(percent)s AS is_refused) found
    WHERE s.project_id = %(project)s AND s.start_day = %(day)s AND s.kind = %(llm)s
"""

if __name__ == "__main__":
    main()
