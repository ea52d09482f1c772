"""Feedback and other scores: may come before or after the call they are about, and may be changed."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from monitoring import masking_policies
from monitoring.erasure import tombstones
from monitoring.erasure.tombstones import Identity
from monitoring.errors import ScoreRefused
from monitoring.ingest.cleaning import clean_text
from monitoring.ingest.turns import wait_for_turn
from monitoring.kinds import Kind
from monitoring.models import Score, ScoreSource, ScoreType, span_number

MAX_ITEMS = 1_000
MAX_TEXT = 8_192
# The database tells no moment before the year 1, and nobody means one before this.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_SERIES = "kind, arm, prompt_version, rollout_id, environment, model, prompt_name"
_OF_TRACE = ", ".join(f"t.{column}" for column in _SERIES.split(", ")[1:])
_COUNTED = f"trace_id, joined_at, call_at, data_type, value, {_SERIES}"
_SAID = "data_type, value, string_value, comment"
_TRIAGE = "triage, triaged_by_id, triaged_at"
# A call may arrive a little after other steps of its trace, and after what a quick user says about it.
_PATIENCE = "interval '60 seconds'"
_IS_ARRIVING = f"(NOT t.has_root OR t.received_at > now() - {_PATIENCE}) AND s.received_at > now() - {_PATIENCE}"


@dataclass(frozen=True, slots=True)
class NewScore:
    """One value about a trace or a span, checked and ready to be stored."""

    id: uuid.UUID
    trace_id: uuid.UUID
    span_id: int | None
    name: str
    data_type: str
    source: str
    value: float | None
    string_value: str | None
    comment: str
    user_id: str
    created_at: datetime
    author_id: int | None = None


def checked(item: Any, *, now: datetime, source: str | None = None, author_id: int | None = None) -> NewScore:
    """Return the score that a client describes, or raise ScoreRefused with the reason."""
    if not isinstance(item, dict):
        raise ScoreRefused("Each item must be an object.")
    data_type = str(item.get("data_type") or ScoreType.NUMBER)
    if data_type not in ScoreType.values:
        raise ScoreRefused(f"The data_type must be one of {', '.join(ScoreType.values)}.")
    chosen_source = source or str(item.get("source") or ScoreSource.API)
    if chosen_source not in ScoreSource.values:
        raise ScoreRefused(f"The source must be one of {', '.join(ScoreSource.values)}.")
    name = clean_text(str(item.get("name") or data_type)).strip()
    if not 1 <= len(name) <= 80:
        raise ScoreRefused("The name must have 1 to 80 characters.")
    value, string_value = _values(item, data_type)
    return NewScore(
        id=_uuid(item.get("id")) if item.get("id") else uuid.uuid4(),
        trace_id=_trace_id(item.get("trace_id")),
        span_id=_span_id(item.get("span_id")),
        name=name,
        data_type=data_type,
        source=chosen_source,
        value=value,
        string_value=string_value,
        comment=_text(item.get("comment")),
        user_id=_text(item.get("user_id"))[:255],
        created_at=_moment(item.get("created_at"), now),
        author_id=author_id,
    )


def record(*, project_id: int, scores: Sequence[NewScore]) -> int:
    """Store the scores and count them on the calls that are already here; return how many were stored.

    The same id, or the same person's score of the same name on the same call, replaces the earlier one.
    """
    masker = masking_policies.masker_of(project_id)
    sent = [masker.score(score) for score in scores] if masker else list(scores)
    masked = tombstones.kept(project_id=project_id, rows=sent, identity=lambda one: Identity(one.trace_id, one.user_id))
    masked.sort(key=lambda item: (item.trace_id.int, item.name, item.user_id))
    if masked:
        _record(project_id, masked)
    return len(scores)


@transaction.atomic
def _record(project_id: int, scores: list[NewScore]) -> None:
    # One at a time per project: the same score sent twice at once, or thumbs on the same counters, would collide.
    wait_for_turn(project_id)
    with connection.cursor() as cursor:
        for score in scores:
            triage = _take_back(cursor, project_id, score)
            stored_id = _insert(cursor, project_id, score, triage)
            _join(cursor, project_id, stored_id)


def has_room(*, project_id: int, scores: Sequence[NewScore], most_names: int) -> bool:
    """Tell whether one person's scores about one call would stay within so many names; a name that is there is replaced."""
    first = scores[0]
    masker = masking_policies.masker_of(project_id)
    user_id = masker.score(first).user_id if masker else first.user_id
    names = Score.objects.filter(
        project_id=project_id, trace_id=first.trace_id, span_id=first.span_id, source=first.source, user_id=user_id
    ).values_list("name", flat=True)
    return len({*names, *(score.name for score in scores)}) <= most_names


@transaction.atomic
def withdraw(*, project_id: int, score_ids: Sequence[uuid.UUID]) -> None:
    """Remove scores that are no longer meant, and uncount their thumbs."""
    if not score_ids:
        return
    wait_for_turn(project_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM score WHERE project_id = %s AND id = ANY(%s) RETURNING {_COUNTED}",
            [project_id, list(score_ids)],
        )
        _uncount(cursor, project_id, cursor.fetchall())


def join_waiting(*, limit: int = 500) -> int:
    """Connect scores that came before their call; return how many were connected."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.project_id, s.id FROM score s JOIN trace t USING (project_id, trace_id)
            WHERE s.joined_at IS NULL AND (t.call_count > 0 OR s.span_id IS NOT NULL OR NOT ({_IS_ARRIVING}))
            ORDER BY s.project_id, s.trace_id LIMIT %s FOR UPDATE OF s SKIP LOCKED
            """,
            [limit],
        )
        return sum(_join(cursor, project_id, score_id) for project_id, score_id in cursor.fetchall())


def _take_back(cursor: CursorWrapper, project_id: int, score: NewScore) -> tuple[Any, ...]:
    """Uncount and remove what this score replaces; return what the team did with it, when it said the same."""
    cursor.execute(
        f"""
        DELETE FROM score WHERE project_id = %(project_id)s AND (id = %(id)s OR (
            %(source)s = 'user' AND source = 'user' AND trace_id = %(trace_id)s AND span_id IS NOT DISTINCT FROM %(span_id)s
            AND name = %(name)s AND user_id = %(user_id)s))
        RETURNING {_SAID}, {_TRIAGE}, {_COUNTED}
        """,
        {
            "project_id": project_id, "id": score.id, "source": score.source, "trace_id": score.trace_id,
            "span_id": score.span_id, "name": score.name, "user_id": score.user_id,
        },
    )  # fmt: skip
    replaced = cursor.fetchall()
    _uncount(cursor, project_id, [row[7:] for row in replaced])
    said = (score.data_type, score.value, score.string_value, score.comment)
    # An application that sends twice must not bring back what was handled; somebody who says something else does.
    return next((row[4:7] for row in replaced if row[:4] == said), ("new", None, None))


def _uncount(cursor: CursorWrapper, project_id: int, rows: Sequence[tuple[Any, ...]]) -> None:
    for trace_id, joined_at, call_at, data_type, value, *series in rows:
        if joined_at is not None and data_type == ScoreType.THUMBS:
            _count_thumb(cursor, project_id, trace_id, call_at, value, series, sign=-1)


def _insert(cursor: CursorWrapper, project_id: int, score: NewScore, triage: tuple[Any, ...]) -> uuid.UUID:
    cursor.execute(
        f"""
        INSERT INTO score (project_id, id, trace_id, span_id, name, {_SAID}, source, user_id, author_id, created_at, {_TRIAGE})
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            project_id, score.id, score.trace_id, score.span_id, score.name, score.data_type, score.value, score.string_value,
            score.comment, score.source, score.user_id, score.author_id, score.created_at, *triage,
        ],
    )  # fmt: skip
    return score.id


def _join(cursor: CursorWrapper, project_id: int, score_id: uuid.UUID) -> bool:
    """Copy onto the score what its call was made with, and count a thumb there; False while the call is not here."""
    cursor.execute(
        "SELECT trace_id, data_type, value FROM score WHERE project_id = %s AND id = %s AND joined_at IS NULL",
        [project_id, score_id],
    )
    waiting = cursor.fetchone()
    found = _call(cursor, project_id, score_id) if waiting else None
    if found is None:
        return False
    trace_id, data_type, value = waiting
    call_at, *series = found
    cursor.execute(
        f"UPDATE score SET joined_at = now(), (call_at, {_SERIES}) = (%s, %s, %s, %s, %s, %s, %s, %s) "
        "WHERE project_id = %s AND id = %s",
        [call_at, *series, project_id, score_id],
    )
    if data_type == ScoreType.THUMBS:
        _count_thumb(cursor, project_id, trace_id, call_at, value, series, sign=1)
    return True


def _call(cursor: CursorWrapper, project_id: int, score_id: uuid.UUID) -> tuple[Any, ...] | None:
    """Return (moment, series …) of the span that a score is about, else of the trace's last call; None while that may still come."""
    cursor.execute(
        f"""
        SELECT s.trace_id, s.span_id, t.min_day, t.max_day, t.call_count > 0, {_IS_ARRIVING}, t.started_at,
               CASE WHEN t.call_count > 0 THEN {int(Kind.LLM)} ELSE {int(Kind.OTHER)} END, {_OF_TRACE}
          FROM score s JOIN trace t USING (project_id, trace_id) WHERE s.project_id = %s AND s.id = %s
        """,
        [project_id, score_id],
    )
    found = cursor.fetchone()
    if found is None:
        return None
    trace_id, span_id, min_day, max_day, has_call, is_arriving, *of_trace = found
    if span_id is not None:
        # The days stand in the statement, so that the planner opens only the partitions the trace touches.
        cursor.execute(
            f"SELECT sort_at, {_SERIES} FROM span WHERE project_id = %s AND start_day BETWEEN %s AND %s "
            "AND trace_id = %s AND span_id = %s",
            [project_id, min_day, max_day, trace_id, span_id],
        )
        if span := cursor.fetchone():
            return tuple(span)
    is_all = has_call and span_id is None
    return None if is_arriving and not is_all else tuple(of_trace)


def _count_thumb(
    cursor: CursorWrapper,
    project_id: int,
    trace_id: uuid.UUID,
    call_at: datetime,
    value: float,
    series: Sequence[Any],
    *,
    sign: int,
) -> None:
    """Add or take away one thumb on the trace and in the counters of the minute, hour and day of the call."""
    up, down = (sign, 0) if value else (0, sign)
    cursor.execute(
        "UPDATE trace SET thumbs_up = thumbs_up + %s, thumbs_down = thumbs_down + %s WHERE project_id = %s AND trace_id = %s",
        [up, down, project_id, trace_id],
    )
    for grain in ("minute", "hour", "day"):
        cursor.execute(
            f"""
            INSERT INTO usage_{grain} (project_id, at, shard, {_SERIES}, span_count, root_count, error_count, unpriced_count,
                input_tokens, output_tokens, cache_read_tokens, reasoning_tokens, cost_nano_usd, duration_ns, thumbs_up,
                thumbs_down, latency, ttft)
            VALUES (%s, date_trunc('{grain}', %s, 'UTC'), 0, %s, %s, %s, %s, %s, %s, %s,
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, %s, %s, '{{}}', '{{}}')
            ON CONFLICT ON CONSTRAINT usage_{grain}_key DO UPDATE SET
                thumbs_up = usage_{grain}.thumbs_up + excluded.thumbs_up,
                thumbs_down = usage_{grain}.thumbs_down + excluded.thumbs_down
            """,
            [project_id, call_at, *series, up, down],
        )


def _values(item: dict[str, Any], data_type: str) -> tuple[float | None, str | None]:
    value, text = item.get("value"), item.get("string_value")
    if data_type in (ScoreType.CATEGORY, ScoreType.TEXT, ScoreType.CORRECTION):
        if not isinstance(text, str) or not text.strip():
            raise ScoreRefused(f"A score of type {data_type} needs a string_value.")
        return None, _text(text)
    if isinstance(value, bool):
        value = int(value)
    if not isinstance(value, int | float) or math.isnan(value if isinstance(value, float) else 0) or abs(value) > 1e15:
        raise ScoreRefused("The value must be a finite number.")
    if data_type in (ScoreType.THUMBS, ScoreType.BOOLEAN) and value not in (0, 1):
        raise ScoreRefused("The value must be 1 (up, yes) or 0 (down, no).")
    return float(value), None


def _trace_id(value: Any) -> uuid.UUID:
    text = str(value or "").strip().lower()
    if len(text) != 32 or not _is_hex(text) or not int(text, 16):
        raise ScoreRefused("The trace_id must be 32 hexadecimal digits.")
    return uuid.UUID(text)


def _span_id(value: Any) -> int | None:
    if value in (None, ""):
        return None
    text = str(value).strip().lower()
    if len(text) != 16 or not _is_hex(text):
        raise ScoreRefused("The span_id must be 16 hexadecimal digits.")
    return span_number(text)


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)


def _uuid(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError as error:
        raise ScoreRefused("The id must be a UUID.") from error


def _text(value: Any) -> str:
    return clean_text(str(value))[:MAX_TEXT] if value is not None else ""


def _moment(value: Any, now: datetime) -> datetime:
    if value in (None, ""):
        return now
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ScoreRefused("The created_at must be a date and time such as 2026-01-31T10:00:00Z.") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(_EARLIEST, min(moment, now + timedelta(minutes=10)))
