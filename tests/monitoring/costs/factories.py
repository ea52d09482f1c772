"""Counters of days long past: calls that old would be dated later when they arrive."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from monitoring.kinds import Kind
from projects.models import Project


def count_day(
    project: Project, moment: datetime, usd: float, *, model: str = "gpt-5-mini", calls: int = 1, kind: Kind = Kind.LLM,
) -> None:  # fmt: skip
    """Count calls on the day of a moment."""
    values = {
        "project": project.pk, "at": moment.replace(hour=0, minute=0, second=0, microsecond=0), "model": model, "calls": calls,
        "cost": round(usd * 1e9), "kind": int(kind),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO usage_day (project_id, at, shard, kind, arm, prompt_version, environment, model, prompt_name, span_count,
                root_count, error_count, unpriced_count, input_tokens, output_tokens, cache_read_tokens, reasoning_tokens,
                cost_nano_usd, duration_ns, latency, ttft)
            VALUES (%(project)s, %(at)s, 0, %(kind)s, 0, 0, 'production', %(model)s, '', %(calls)s,
                0, 0, 0, %(calls)s * 100, %(calls)s * 10, 0, 0, %(cost)s, 0, '{}', '{}')
            """,
            values,
        )
