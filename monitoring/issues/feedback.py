"""What users say about the calls of an issue, in their own words, as workers grouped it (monitoring.issues.themes)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from monitoring import trace_messages
from monitoring.issues.models import Issue

_MOST_THEMES, _SHOWN, _LOOKED_AT, _MOST_CHARS = 5, 3, 12, 400
_LATELY = timedelta(days=7)
# The same words from many people are shown once.
_THEMES = """
    SELECT t.words, count(*), count(*) FILTER (WHERE s.received_at >= %(lately)s), min(s.received_at), max(s.received_at),
           (array_agg(left(s.comment, %(chars)s) ORDER BY c.nearness DESC, s.received_at DESC, s.id))[1:%(looked_at)s]
      FROM issue_theme t JOIN theme_comment c ON c.project_id = t.project_id AND c.theme_id = t.id
      JOIN score s ON s.project_id = c.project_id AND s.id = c.score_id
     WHERE t.project_id = %(project)s AND t.issue_id = %(issue)s
     GROUP BY t.id ORDER BY 2 DESC, 5 DESC, t.id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Theme:
    """Comments of users that say the same: the words they share, how many there are and since when, and the most typical ones."""

    words: tuple[str, ...]
    count: int
    # In the last seven days.
    lately_count: int
    first_at: datetime
    last_at: datetime
    comments: tuple[str, ...]


def themes(*, issue: Issue) -> list[Theme]:
    """Return what users say about the bad calls of an issue, what most of them say first. All of it is hostile text."""
    values: dict[str, Any] = {
        "project": issue.project_id, "issue": issue.pk, "lately": timezone.now() - _LATELY, "chars": _MOST_CHARS,
        "looked_at": _LOOKED_AT, "most": _MOST_THEMES,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_THEMES, values)
        return [_theme(*row) for row in cursor.fetchall()]


def _theme(words: str, count: int, lately: int, first_at: datetime, last_at: datetime, comments: list[str]) -> Theme:
    shown = tuple(dict.fromkeys(comments))[:_SHOWN]
    return Theme(tuple(trace_messages.loaded(words)), count, lately, first_at, last_at, shown)
