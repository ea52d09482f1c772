"""Takes outcomes in: checks what was sent and stores it, once however often it is sent."""

from __future__ import annotations

import hmac
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from monitoring import masking_policies
from monitoring.erasure import tombstones
from monitoring.erasure.tombstones import Identity
from monitoring.errors import OutcomeRefused
from monitoring.ingest.cleaning import clean_text
from monitoring.outcomes.models import OutcomeType
from projects import secrets

MAX_ITEMS = 1_000
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# A clock may be wrong by this much; nothing has happened yet that lies farther ahead.
_AHEAD = timedelta(minutes=10)
_NO_TRACE = uuid.UUID(int=0)
# What is sent again changes the value and nothing of when it first came.
_STORE = """
    INSERT INTO outcome (project_id, id, unit_id, name, data_type, value, happened_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (project_id, id) DO UPDATE SET unit_id = excluded.unit_id, name = excluded.name,
        data_type = excluded.data_type, value = excluded.value, happened_at = excluded.happened_at
"""


@dataclass(frozen=True, slots=True)
class NewOutcome:
    """One outcome, checked and ready to be stored."""

    id: uuid.UUID
    unit_id: str
    name: str
    data_type: str
    value: float
    happened_at: datetime


def checked(item: Any, *, project_id: int, now: datetime) -> NewOutcome:
    """Return the outcome that a client describes, or raise OutcomeRefused with the reason.

    Without an id, the same thing of the same unit at the same moment is the same outcome.
    """
    if not isinstance(item, dict):
        raise OutcomeRefused("Each item must be an object.")
    unit_id, name = _name(item, "unit_id", 255), _name(item, "name", 80)
    data_type, value = _value(item.get("value"))
    happened_at = _moment(item.get("happened_at"), now)
    return NewOutcome(_id(item, project_id, unit_id, name, happened_at), unit_id, name, data_type, value, happened_at)


def record(*, project_id: int, outcomes: Sequence[NewOutcome]) -> int:
    """Store the outcomes; return how many there were. The same id again replaces what was sent before.

    Ids of units are masked as those of calls are, and nothing is kept of people whose data was deleted.
    """
    masker = masking_policies.masker_of(project_id)
    masked = [replace(one, unit_id=masker.unit(one.unit_id)) for one in outcomes] if masker else list(outcomes)
    # Where ids are dropped, nobody could tell whose it was.
    named = [one for one in masked if one.unit_id]
    kept = tombstones.kept(project_id=project_id, rows=named, identity=_identity)
    if kept:
        _store(project_id, sorted(kept, key=lambda one: one.id.int))
    return len(outcomes)


@transaction.atomic
def _store(project_id: int, outcomes: Sequence[NewOutcome]) -> None:
    rows = [(project_id, one.id, one.unit_id, one.name, one.data_type, one.value, one.happened_at) for one in outcomes]
    with connection.cursor() as cursor:
        cursor.executemany(_STORE, rows)


def _identity(outcome: NewOutcome) -> Identity:
    unit = outcome.unit_id
    try:
        trace_id = uuid.UUID(hex=unit) if len(unit) == 32 else _NO_TRACE
    except ValueError:
        trace_id = _NO_TRACE
    return Identity(trace_id, user_id=unit, session_id=unit)


def _name(item: dict[str, Any], field: str, longest: int) -> str:
    sent = item.get(field)
    text = clean_text(str(sent)).strip() if isinstance(sent, str | int) and not isinstance(sent, bool) else ""
    if not 1 <= len(text) <= longest:
        raise OutcomeRefused(f"The {field} must have 1 to {longest} characters.")
    return text


def _value(sent: Any) -> tuple[str, float]:
    """Return the type and the value; an outcome without a value says that it happened."""
    if sent is None or isinstance(sent, bool):
        return OutcomeType.BOOLEAN, float(sent is not False)
    if (
        not isinstance(sent, int | float)
        or not math.isfinite(sent if isinstance(sent, float) else 0)
        or abs(sent) > 1e15
    ):
        raise OutcomeRefused("The value must be true, false or a finite number.")
    return OutcomeType.NUMBER, float(sent)


def _id(item: dict[str, Any], project_id: int, unit_id: str, name: str, happened_at: datetime) -> uuid.UUID:
    if not item.get("id"):
        if item.get("happened_at") in (None, ""):
            return uuid.uuid4()
        # With the installation's key, so that nobody can find out hidden ids of people by trying.
        key = secrets.derived_key(project_id=project_id, purpose="outcome")
        said = f"{unit_id}\x1f{name}\x1f{happened_at.isoformat()}".encode()
        return uuid.UUID(bytes=hmac.digest(key, said, "sha256")[:16])
    try:
        return uuid.UUID(str(item["id"]))
    except ValueError as error:
        raise OutcomeRefused("The id must be a UUID.") from error


def _moment(sent: Any, now: datetime) -> datetime:
    if sent in (None, ""):
        return now
    try:
        moment = datetime.fromisoformat(str(sent))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise OutcomeRefused("The happened_at must be a date and time such as 2026-01-31T10:00:00Z.") from error
    if moment > now + _AHEAD:
        raise OutcomeRefused("The happened_at lies in the future. Send an outcome when it happened.")
    if moment < _EARLIEST:
        raise OutcomeRefused("The happened_at lies before the year 2000.")
    return moment
