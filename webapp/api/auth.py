"""Who calls the API: finds the key in the headers, checks it, and refuses in one clear sentence."""

from __future__ import annotations

import base64
from typing import cast

import structlog
from django.db import Error, transaction
from django.http import HttpRequest
from psycopg_pool import PoolTimeout

from projects import audit, keys, refusals, tokens
from projects.keys import Caller
from projects.roles import Scope
from webapp.access import Rule
from webapp.api.errors import ApiError
from webapp.middleware import client_address

log = structlog.get_logger("callboard.api")

MISSING = "No API key was sent. Send it as «Authorization: Bearer cb_…»; make one under Settings → API keys."
UNKNOWN = "This API key is not valid: it is mistyped, revoked or expired. Make a new one under Settings → API keys."
MISMATCHED = "The public key belongs to another API key than the secret key. Copy both from the same key."


class CallerRequest(HttpRequest):
    """A request by an application that holds a key."""

    auth: Caller


class KeyAuth:
    """Opens an API operation to keys with a scope; django-ninja calls it and keeps the caller as `request.auth`."""

    openapi_security_schema = {"type": "http", "scheme": "bearer"}

    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope
        self.callboard_rule = Rule("keys", scope=scope)

    def __call__(self, request: HttpRequest) -> Caller:
        return caller(request, scope=self.scope)


def caller(request: HttpRequest, *, scope: Scope | None) -> Caller:
    """Return who calls, or raise ApiError 401 (no or unknown key) or 403 (the key may not do this)."""
    plain = sent_key(request)
    if not plain:
        raise ApiError(401, MISSING)
    found = keys.check(plain)
    if found is None:
        _note(key_id=plain[3:15] if plain.startswith("cb_") else "", reason=UNKNOWN)
        raise ApiError(401, UNKNOWN)
    if sent_public_key_id(request) not in ("", found.key_id):
        _note(key_id=found.key_id, reason=MISMATCHED, project_id=found.project_id)
        raise ApiError(401, MISMATCHED)
    if scope is not None and scope not in found.scopes:
        sentence = f"This API key may not do this: it lacks the permission «{Scope(scope).label}» ({scope.value})."
        _note(key_id=found.key_id, reason=sentence, project_id=found.project_id)
        raise ApiError(403, sentence)
    audit.origin.set(audit.Origin(address=client_address(request), key_id=found.key_id))
    return found


def sent_key(request: HttpRequest) -> str:
    """Return the key from the Authorization header (Bearer, or Basic with the key as password) or from x-api-key."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        return _basic(value)[1]
    return request.headers.get("X-Api-Key", "").strip()


def sent_public_key_id(request: HttpRequest) -> str:
    """Return the id in the public key that came as the name of Basic authentication; other names say nothing."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return tokens.public_key_id(_basic(value)[0]) if scheme.lower() == "basic" else ""


def caller_of(request: HttpRequest) -> Caller:
    """Return the caller that KeyAuth put on a request."""
    return cast(CallerRequest, request).auth


def _note(*, key_id: str, reason: str, project_id: int | None = None) -> None:
    """Remember a refusal; that the database is away must not turn it into another answer."""
    try:
        with transaction.atomic():
            refusals.note(key_id=key_id.replace("\x00", ""), reason=reason, project_id=project_id)
    except (Error, PoolTimeout):
        log.warning("a refused request could not be written down", reason=reason)


def _basic(value: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password
