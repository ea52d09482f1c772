"""Key pairs as Langfuse's SDKs send them: the secret key is the API key, the public key names it."""

from __future__ import annotations

import structlog
from django.db import OperationalError
from django.http import HttpRequest

from projects import audit, keys, refusals, tokens
from projects.keys import Caller
from projects.roles import Scope
from webapp.api import auth
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError
from webapp.middleware import client_address

log = structlog.get_logger("callboard.api.langfuse")


class ScoreAuth(KeyAuth):
    """Opens an operation to keys that may send feedback, and to whoever knows the public half of such a key."""

    def __init__(self) -> None:
        super().__init__(Scope.FEEDBACK_WRITE)

    def __call__(self, request: HttpRequest) -> Caller:
        key_id = public_key_id(request)
        return _public_caller(request, key_id) if key_id else super().__call__(request)


def public_key_id(request: HttpRequest) -> str:
    """Return the id in a public key that was sent alone, as «Bearer pk-cb-…»; empty when a whole key was sent."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return tokens.public_key_id(value.strip()) if scheme.lower() == "bearer" else ""


def noted(request: HttpRequest) -> Caller:
    """Return who calls, and note that the key is in use; a database that is down keeps nobody from reading."""
    caller = caller_of(request)
    try:
        keys.touch(key_id=caller.key_id, used_by=request.headers.get("User-Agent", "").replace("\x00", ""))
    except OperationalError:
        log.warning("key_not_touched", key_id=caller.key_id)
    return caller


def _public_caller(request: HttpRequest, key_id: str) -> Caller:
    found = keys.caller_by_id(key_id)
    if found is None:
        refusals.note(key_id=key_id, reason=auth.UNKNOWN)
        raise ApiError(401, auth.UNKNOWN)
    if Scope.FEEDBACK_WRITE not in found.scopes:
        sentence = "This key may not send feedback, so its public key cannot either. Make a key that may."
        refusals.note(key_id=key_id, reason=sentence, project_id=found.project_id)
        raise ApiError(403, sentence)
    audit.origin.set(audit.Origin(address=client_address(request), key_id=found.key_id))
    return found
