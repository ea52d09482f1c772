"""Groups what users say about the calls of an issue: a comment joins the theme that says the same, or begins one.

Made by workers, which embed texts anyway; pages read what is stored (monitoring.issues.feedback). Which comments there are is
asked anew each time, so doing it twice changes nothing, and comments that were taken back are forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray
from pgvector import HalfVector

from monitoring import embeddings
from monitoring.issues import looks, opening, variety
from monitoring.issues.membership import Membership
from monitoring.issues.models import CLOSED, Issue, IssueTheme, ThemeComment

Vectors = NDArray[np.float32]

# Those of one look become vectors within a second; what is left waits for the next.
_MOST_NEW, _MOST_COMMENTS, _MOST_CHARS, _WORDS = 200, 1_000, 400, 4
_COMMENTS = """
    SELECT s.id, left(s.comment, %(chars)s) FROM score s JOIN trace t USING (project_id, trace_id)
     WHERE s.project_id = %(project)s AND s.data_type = 'thumbs' AND s.value = 0 AND s.comment <> ''
       AND s.received_at >= %(since)s AND EXISTS (
        SELECT FROM call_analysis a
         WHERE a.project_id = s.project_id AND a.start_day BETWEEN t.min_day AND t.max_day AND a.trace_id = s.trace_id AND ({bad})
     ) ORDER BY s.received_at DESC, s.id LIMIT %(limit)s
"""
_OLDER = """
    SELECT c.score_id FROM theme_comment c JOIN score s ON s.project_id = c.project_id AND s.id = c.score_id
     WHERE c.project_id = %s AND c.issue_id = %s AND s.received_at < %s
"""


def follow(*, project_id: int, now: datetime) -> None:
    """Take in what users said since the last look, for every issue that is not closed."""
    known = opening.known(project_id=project_id)
    for issue in known.issues.values():
        if issue.merged_into_id is None and issue.state not in CLOSED:
            _follow(issue, known.of(issue.pk), since=now - looks.FURTHEST)


@dataclass(frozen=True, slots=True)
class _Comment:
    score_id: UUID
    text: str


def _follow(issue: Issue, own: Membership, *, since: datetime) -> None:
    said = _said(issue.project_id, own, since)
    stored = _stored(issue)
    themes = list(IssueTheme.objects.filter(issue=issue).order_by("pk"))
    if _is_stale(issue, themes, stored, said, since):
        # Their middle and their words rest on what is no longer there.
        themes, kept = [], {}
    else:
        kept = stored
    new = [one for one in said if one.score_id not in kept][:_MOST_NEW]
    if not new and len(kept) == len(stored):
        return
    vectors = embeddings.embed([one.text for one in new])
    with transaction.atomic():
        Issue.objects.select_for_update(no_key=True).get(pk=issue.pk)
        if _stored(issue) != stored:
            return  # another worker was quicker
        if not kept:
            IssueTheme.objects.filter(issue=issue).delete()
        for theme, places in _joined(issue, themes, vectors):
            _take_in(theme, [new[place] for place in places], vectors[places])
        _name(issue, {one.score_id: one.text for one in said})


def _stored(issue: Issue) -> dict[UUID, int]:
    return dict(ThemeComment.objects.filter(issue=issue).values_list("score_id", "theme_id"))


def _said(project_id: int, own: Membership, since: datetime) -> list[_Comment]:
    bad = own.bad()
    values: dict[str, Any] = bad.values | {
        "project": project_id, "since": since, "chars": _MOST_CHARS, "limit": _MOST_COMMENTS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_COMMENTS.format(bad=bad.sql), values)
        return [_Comment(*row) for row in cursor.fetchall()]


def _is_stale(
    issue: Issue, themes: Sequence[IssueTheme], stored: Mapping[UUID, int], said: Sequence[_Comment], since: datetime
) -> bool:  # fmt: skip
    """Tell whether themes rest on comments that are gone or of other calls now, or lie in another space."""
    if any(theme.embedding_version != embeddings.version() for theme in themes):
        return True
    if sum(theme.mass for theme in themes) != len(stored):
        return True
    if len(said) == _MOST_COMMENTS:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_OLDER, [issue.project_id, issue.pk, since])
        older = {row[0] for row in cursor.fetchall()}
    return not set(stored) <= older | {one.score_id for one in said}


def _joined(issue: Issue, themes: Sequence[IssueTheme], vectors: Vectors) -> list[tuple[IssueTheme, list[int]]]:
    """Return which comments each theme gets; those that are near to none make themes of their own."""
    near = _nearest(themes, vectors)
    found = [(theme, np.flatnonzero(near == place).tolist()) for place, theme in enumerate(themes)]
    alone = np.flatnonzero(near < 0)
    for group in variety.groups(vectors[alone]):
        theme = IssueTheme(project_id=issue.project_id, issue=issue, mass=0, embedding_version=embeddings.version())
        found.append((theme, alone[group].tolist()))
    return [(theme, places) for theme, places in found if places]


def _nearest(themes: Sequence[IssueTheme], vectors: Vectors) -> NDArray[np.int64]:
    """Return the place of the nearest theme of each comment; -1 for those that say something else."""
    if not themes or not len(vectors):
        return np.full(len(vectors), -1)
    likeness = vectors @ np.stack([_middle(theme) for theme in themes]).T
    best: NDArray[np.int64] = likeness.argmax(axis=1)
    return np.where(likeness.max(axis=1) >= variety.NEAR, best, -1)


def _take_in(theme: IssueTheme, comments: Sequence[_Comment], vectors: Vectors) -> None:
    before = theme.mass * _middle(theme) if theme.mass else np.zeros(vectors.shape[1], dtype=np.float32)
    middle = before + vectors.sum(axis=0)
    middle /= max(float(np.linalg.norm(middle)), 1e-12)
    theme.centroid, theme.mass = HalfVector(middle), theme.mass + len(comments)
    theme.save()
    ThemeComment.objects.bulk_create(
        ThemeComment(
            project_id=theme.project_id, issue_id=theme.issue_id, theme=theme, score_id=comment.score_id, nearness=float(likeness),
        )
        for comment, likeness in zip(comments, vectors @ middle, strict=True)
    )  # fmt: skip


def _middle(theme: IssueTheme) -> Vectors:
    found = theme.centroid
    return np.asarray(found.to_numpy() if isinstance(found, HalfVector) else found, dtype=np.float32)


def _name(issue: Issue, texts: Mapping[UUID, str]) -> None:
    """Name the themes anew: what tells one from the others changes when one of them does."""
    said: dict[int, list[str]] = defaultdict(list)
    for score_id, theme_id in _stored(issue).items():
        if score_id in texts:
            said[theme_id].append(texts[score_id])
    for theme_id, own in said.items():
        beside = [text for other, some in said.items() if other != theme_id for text in some]
        words = variety.telling_words(own, beside=beside, most=_WORDS)
        IssueTheme.objects.filter(pk=theme_id).update(words=words)
