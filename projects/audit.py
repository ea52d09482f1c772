"""Records who changed what, in the same transaction as the change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from projects.models import AuditEvent, Project, User

_GENESIS = bytes(32)
_LOCK = 7_204_118


@dataclass(frozen=True)
class Origin:
    """Where the current change comes from, beyond the person who made it."""

    address: str = ""
    key_id: str = ""
    # The name of somebody without an account who came by a link.
    guest: str = ""


_UNKNOWN = Origin()
origin: ContextVar[Origin] = ContextVar("audit_origin", default=_UNKNOWN)


@contextmanager
def as_guest(name: str) -> Iterator[None]:
    """Let the changes inside count as those of a guest."""
    token = origin.set(replace(origin.get(), guest=name))
    try:
        yield
    finally:
        origin.reset(token)


@transaction.atomic
def record(*, action: str, subject: str, by: User | None, project: Project | None = None, **details: Any) -> AuditEvent:
    """Append one event to the project's chain; `details` must be JSON values and never secrets."""
    _serialise_chain(project)
    where = origin.get()
    previous = AuditEvent.objects.filter(project=project).order_by("-pk").first()
    event = AuditEvent(
        project=project,
        created_at=timezone.now(),
        user=by,
        actor=_actor(by, where),
        address=where.address,
        action=action,
        subject=subject[:255],
        details=details,
        previous_hash=bytes(previous.content_hash) if previous else _GENESIS,
    )
    event.content_hash = content_hash(event)
    event.save(force_insert=True)
    return event


def _actor(by: User | None, where: Origin) -> str:
    if by is not None:
        return by.email
    if where.guest:
        return f"guest {where.guest}"
    return f"key {where.key_id}" if where.key_id else "the system"


def content_hash(event: AuditEvent) -> bytes:
    """Return the hash that ties an event to its content and to the event before it."""
    fields = (
        event.project_id, event.created_at.isoformat(), event.user_id, event.actor, event.address,
        event.action, event.subject, event.details,
    )  # fmt: skip
    return hashlib.sha256(bytes(event.previous_hash) + orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).digest()


def first_broken(events: Iterable[AuditEvent]) -> AuditEvent | None:
    """Return the first event, oldest first, that was altered or follows a removed one."""
    previous = _GENESIS
    for event in events:
        if bytes(event.previous_hash) != previous or bytes(event.content_hash) != content_hash(event):
            return event
        previous = bytes(event.content_hash)
    return None


def _serialise_chain(project: Project | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, project.pk if project else 0])
