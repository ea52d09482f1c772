"""What users say about the calls of an issue, in their own words: comments that say the same stand together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from monitoring import embeddings
from monitoring.issues import variety
from monitoring.issues.membership import Membership

# So many become vectors within a third of a second.
_MOST_COMMENTS, _MOST_THEMES, _SHOWN, _WORDS = 60, 5, 3, 4
_MOST_CHARS = 400
_COMMENTS = """
    SELECT left(s.comment, %(chars)s) FROM score s
     WHERE s.project_id = %(project)s AND s.data_type = 'thumbs' AND s.value = 0 AND s.comment <> '' AND s.trace_id IN (
        SELECT a.trace_id FROM call_analysis a
         WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.call_at < %(until)s AND ({bad})
     ) ORDER BY s.created_at DESC, s.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Theme:
    """Comments of users that say the same: the words they share, how many there are, and the most typical ones."""

    words: tuple[str, ...]
    count: int
    comments: tuple[str, ...]


def themes(*, project_id: int, of: Membership, since: datetime, until: datetime) -> list[Theme]:
    """Return what users say about the bad calls of an issue, what most of them say first. All of it is hostile text."""
    comments = _comments(project_id, of, since, until)
    if not comments:
        return []
    found = variety.groups(embeddings.embed(comments))[:_MOST_THEMES]
    return [_theme([comments[place] for place in group], comments) for group in found]


def _theme(group: list[str], comments: list[str]) -> Theme:
    own = set(group)
    words = variety.telling_words(group, beside=[one for one in comments if one not in own], most=_WORDS)
    return Theme(tuple(words), len(group), tuple(dict.fromkeys(group))[:_SHOWN])


def _comments(project_id: int, of: Membership, since: datetime, until: datetime) -> list[str]:
    bad = of.bad()
    values = bad.values | {
        "project": project_id, "since": since, "until": until, "chars": _MOST_CHARS, "limit": _MOST_COMMENTS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_COMMENTS.format(bad=bad.sql), values)
        return [row[0] for row in cursor.fetchall()]
