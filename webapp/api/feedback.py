"""Feedback by key, and from browsers by signed token."""

from __future__ import annotations

import time
from typing import Any

import orjson
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from ninja import Router
from psycopg_pool import PoolTimeout

from monitoring import feedback_tokens, scores
from monitoring.errors import ScoreRefused, TokenRefused
from monitoring.feedback_tokens import Token
from monitoring.models import ScoreSource
from projects import keys
from projects.roles import Scope
from webapp.access import Rule, declared
from webapp.api import bodies, rate_limits
from webapp.api.admission import busy, demand_open
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError, problem
from webapp.database_waits import SECONDS_TO_STORE, within
from webapp.middleware import client_address

router = Router(tags=["Feedback"])

# What a browser may send in a minute, whatever the project's own limits: about one answer, for one person, from one address.
OF_TOKEN, OF_PERSON, OF_ADDRESS = 20, 30, 120
# Each name is one row beside a call. A person names a few things about an answer, and a script any number.
MOST_NAMES = 10


@router.post("/feedback", auth=KeyAuth(Scope.FEEDBACK_WRITE), summary="Send thumbs, scores, comments and corrections")
def send_feedback(request: HttpRequest) -> HttpResponse:
    """Store up to 1,000 items: `{"items": [{"trace_id", "name", "data_type", "value" | "string_value", "comment", …}]}`.

    Answers 200 with the ids when all are committed, 207 when some were refused, with the reasons.
    """
    caller = caller_of(request)
    demand_open()
    rate_limits.demand_room(caller, wire_bytes=bodies.wire_bytes(request), over=429)
    items = bodies.json_object(request).get("items")
    if not isinstance(items, list) or not items:
        raise ApiError(422, 'Send {"items": [...]} with at least one item.')
    if len(items) > scores.MAX_ITEMS:
        raise ApiError(413, "One request may carry 1,000 items. Send smaller batches.")
    accepted, rejected = [], []
    now = timezone.now()
    for index, item in enumerate(items):
        try:
            accepted.append(scores.checked(item, now=now))
        except ScoreRefused as error:
            rejected.append({"index": index, "reason": str(error)})
    client = request.headers.get("X-Callboard-SDK") or request.headers.get("User-Agent", "")
    with within(SECONDS_TO_STORE):
        # First, so that nothing can go wrong once the scores are stored.
        keys.touch(key_id=caller.key_id, used_by=client.replace("\x00", ""))
        scores.record(project_id=caller.project_id, scores=accepted)
    answer = {"accepted": len(accepted), "ids": [str(score.id) for score in accepted], "rejected": rejected}
    status = 207 if rejected else 200
    return HttpResponse(orjson.dumps(answer), status=status, content_type="application/json")


def _from_browser(request: HttpRequest) -> HttpResponse:
    if request.method == "OPTIONS":
        return _open_to_browsers(HttpResponse(status=204))
    try:
        if request.method != "POST":
            raise ApiError(405, "Send feedback with POST.", headers={"Allow": "POST, OPTIONS"})
        count = _store_from_browser(bodies.small_json_object(request), address=client_address(request))
    except ApiError as error:
        return _open_to_browsers(problem(request, error))
    except (OperationalError, InterfaceError, InternalError, PoolTimeout):
        sentence = "Callboard cannot reach its database right now. Please try again in a moment."
        return _open_to_browsers(problem(request, busy(sentence)))
    return _open_to_browsers(HttpResponse(orjson.dumps({"accepted": count}), content_type="application/json"))


def _store_from_browser(document: dict[str, Any], *, address: str) -> int:
    try:
        token = feedback_tokens.read(
            str(document.get("token") or ""), now_seconds=time.time(), signing_key=_signing_key
        )
    except TokenRefused as error:
        raise ApiError(401, str(error)) from error
    caller = keys.caller_by_id(token.key_id)
    if caller is None:
        raise ApiError(401, TokenRefused.__doc__ or "")
    demand_open()
    _demand_calm(token, address)
    rate_limits.demand_room(caller, wire_bytes=0, over=429)
    about = {
        "trace_id": token.trace_id,
        "span_id": token.span_id,
        "user_id": token.user_id,
        "comment": document.get("comment"),
    }
    try:
        found = [
            scores.checked({**about, **item}, now=timezone.now(), source=ScoreSource.USER) for item in _items(document)
        ]
    except ScoreRefused as error:
        raise ApiError(422, str(error)) from error
    with within(SECONDS_TO_STORE):
        if not scores.has_room(project_id=caller.project_id, scores=found, most_names=MOST_NAMES):
            raise ApiError(
                429, f"There are {MOST_NAMES} different kinds of feedback of this person about this answer already."
            )
        return scores.record(project_id=caller.project_id, scores=found)


def _demand_calm(token: Token, address: str) -> None:
    """Hold back whoever sends more than a person would, with one token, under one name, or from one address."""
    about = f"{token.key_id}/{token.trace_id}/{token.user_id or ''}"
    rate_limits.demand_calm(kind="feedback token", who=about, per_minute=OF_TOKEN)
    if token.user_id:
        rate_limits.demand_calm(kind="feedback person", who=f"{token.key_id}/{token.user_id}", per_minute=OF_PERSON)
    rate_limits.demand_calm(kind="feedback address", who=f"{token.key_id}/{address}", per_minute=OF_ADDRESS)


def _items(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    thumbs = document.get("thumbs")
    if thumbs in ("up", "down"):
        found.append({"name": "thumbs", "data_type": "thumbs", "value": int(thumbs == "up")})
    if document.get("value") is not None:
        found.append({"name": document.get("name") or "score", "data_type": "number", "value": document["value"]})
    if document.get("correction"):
        found.append({"name": "correction", "data_type": "correction", "string_value": document["correction"]})
    if not found and document.get("comment"):
        found.append({"name": "comment", "data_type": "text", "string_value": document["comment"], "comment": ""})
    if not found:
        raise ApiError(422, "Send «thumbs» (up or down), a «value», a «comment» or a «correction».")
    return found


def _signing_key(key_id: str) -> bytes | None:
    caller = keys.caller_by_id(key_id)
    return caller.feedback_key if caller and Scope.FEEDBACK_WRITE in caller.scopes else None


def _open_to_browsers(response: HttpResponse) -> HttpResponse:
    """Allow every site: the token alone decides, and no cookie is ever read or sent."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Allow-Methods"] = "POST"
    response["Access-Control-Allow-Headers"] = "Content-Type"
    response["Access-Control-Max-Age"] = "600"
    return response


from_browser = csrf_exempt(
    declared(_from_browser, Rule("public", why="the signed token in the body is the permission"))
)
