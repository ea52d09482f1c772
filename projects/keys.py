"""API keys: making, checking and revoking them."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from projects import audit, tokens
from projects.errors import NoScopes, UnknownScope
from projects.models import ApiKey, Project, User
from projects.roles import Scope

# A revoked key stops working everywhere within this time.
CACHE_SECONDS = 20.0
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """An application that proved it holds a key."""

    key_id: str
    project_id: int
    project_slug: str
    scopes: frozenset[str]
    environment: str
    feedback_key: bytes
    expires_at: datetime | None


_cache: dict[str, tuple[float, bytes, Caller]] = {}
_touch_again_at: dict[str, float] = {}


@transaction.atomic
def create(
    *, project: Project, name: str, scopes: Iterable[str], environment: str = "",
    expires_at: datetime | None = None, by: User | None = None,
) -> tuple[ApiKey, str]:  # fmt: skip
    """Return the key and the text the application sends, which is never shown again."""
    wanted = sorted(set(scopes))
    if not wanted:
        raise NoScopes
    if unknown := [scope for scope in wanted if scope not in Scope.values]:
        raise UnknownScope(f"«{unknown[0]}» is not a key scope. Use {', '.join(Scope.values)}.")
    key_id, secret, plain = tokens.new_key()
    key = ApiKey.objects.create(
        key_id=key_id, project=project, name=name.strip()[:80] or "Unnamed key", scopes=wanted,
        environment=environment.strip()[:60], secret_hash=tokens.digest(secret),
        feedback_key=tokens.feedback_key(secret), created_by=by, expires_at=expires_at,
    )  # fmt: skip
    audit.record(
        action="key.created",
        subject=key_id,
        by=by,
        project=project,
        name=key.name,
        scopes=wanted,
        environment=environment,
    )
    return key, plain


@transaction.atomic
def revoke(*, key: ApiKey, by: User) -> None:
    """Make the key useless, at the latest after CACHE_SECONDS everywhere."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now())
    audit.record(action="key.revoked", subject=key.key_id, by=by, project=key.project, name=key.name)
    transaction.on_commit(lambda: _cache.pop(key.key_id, None))


def check(plain: str) -> Caller | None:
    """Return who holds this key, or None when it is unknown, revoked or expired."""
    parts = tokens.split(plain)
    if parts is None:
        return None
    key_id, secret = parts
    secret_hash = tokens.digest(secret)
    cached = _cache.get(key_id)
    if cached is None or cached[0] < time.monotonic():
        cached = _load(key_id)
    if cached is None or not hmac.compare_digest(cached[1], secret_hash):
        return None
    caller = cached[2]
    return None if caller.expires_at and caller.expires_at <= timezone.now() else caller


def caller_by_id(key_id: str) -> Caller | None:
    """Return the holder of a key named by its id, for requests signed with something derived from the key."""
    cached = _cache.get(key_id)
    if cached is None or cached[0] < time.monotonic():
        cached = _load(key_id)
    return cached[2] if cached else None


def touch(*, key_id: str, used_by: str) -> None:
    """Note that the key was used, at most once a minute; only the first use in a minute asks the database at all."""
    now = time.monotonic()
    if now < _touch_again_at.get(key_id, 0.0):
        return
    ApiKey.objects.filter(key_id=key_id).exclude(last_used_at__gt=timezone.now() - _TOUCH_EVERY).update(
        last_used_at=Now(), last_used_by=used_by[:120]
    )
    _touch_again_at[key_id] = now + _TOUCH_EVERY.total_seconds()


def forget() -> None:
    """Empty this process's memory of keys."""
    _cache.clear()
    _touch_again_at.clear()


def _load(key_id: str) -> tuple[float, bytes, Caller] | None:
    key = ApiKey.objects.usable().select_related("project").filter(key_id=key_id).first()
    if key is None:
        _cache.pop(key_id, None)
        return None
    caller = Caller(
        key_id=key.key_id, project_id=key.project_id, project_slug=key.project.slug, scopes=frozenset(key.scopes),
        environment=key.environment, feedback_key=bytes(key.feedback_key), expires_at=key.expires_at,
    )  # fmt: skip
    entry = (time.monotonic() + CACHE_SECONDS, bytes(key.secret_hash), caller)
    _cache[key_id] = entry
    return entry


def maker_of(caller: Caller) -> User | None:
    """Return who made the key that the application holds."""
    key = ApiKey.objects.filter(key_id=caller.key_id).select_related("created_by").first()
    return key.created_by if key else None
