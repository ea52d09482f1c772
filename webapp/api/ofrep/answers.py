"""What OpenFeature clients are answered, in the words of OFREP 0.3."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from prompt_registry.rollouts.serving import Audience, Reason, Serving, serve
from webapp.api.conditions import is_one_of
from webapp.api.errors import ApiError
from webapp.api.ofrep.flags import Flag

PARSE_ERROR = "PARSE_ERROR"
INVALID_CONTEXT = "INVALID_CONTEXT"
FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
_CODES = frozenset({PARSE_ERROR, INVALID_CONTEXT, FLAG_NOT_FOUND})
_REASONS = {
    Reason.PUBLISHED: "STATIC", Reason.SPLIT: "SPLIT", Reason.TESTER: "TARGETING_MATCH", Reason.OUTSIDE: "DEFAULT",
    Reason.NO_UNIT: "DEFAULT",
}  # fmt: skip


def evaluation(flag: Flag, audience: Audience) -> dict[str, Any]:
    """Return what a flag is for an audience; the metadata is what a call has to carry to be counted."""
    serving = serve(flag.document, audience)
    return {
        "key": flag.key,
        "value": {"prompt": flag.document["name"], "version": serving.version["version"], "label": flag.label},
        "variant": serving.arm or "published",
        "reason": _REASONS[serving.reason],
        "metadata": _metadata(flag, serving),
    }


def _metadata(flag: Flag, serving: Serving) -> dict[str, str | int]:
    """Return primitive values only: clients refuse others."""
    found: dict[str, str | int] = {
        "prompt": flag.document["name"], "version": serving.version["version"], "label": flag.label,
        "content_hash": serving.version["content_hash"],
    }  # fmt: skip
    if serving.rollout_id:
        found |= {"rollout_id": serving.rollout_id, "arm": serving.arm}
        found |= {} if serving.bucket is None else {"bucket": serving.bucket}
    return found


def one(flag: Flag, audience: Audience) -> HttpResponse:
    """Answer with the evaluation of one flag."""
    return _answer(orjson.dumps(evaluation(flag, audience)))


def many(request: HttpRequest, evaluations: list[dict[str, Any]]) -> HttpResponse:
    """Answer with the evaluations of all flags, or with 304 when the client has just these."""
    body = orjson.dumps({"flags": evaluations})
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    is_known = is_one_of(request.headers.get("If-None-Match", ""), etag)
    response = HttpResponse(status=304) if is_known else _answer(body)
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    response["Vary"] = "Authorization, X-Api-Key"
    return response


def refused(error: ApiError, key: str = "") -> HttpResponse:
    """Answer with why there is no evaluation."""
    code = error.kind if error.kind in _CODES else "GENERAL"
    body = {**({"key": key} if key else {}), "errorCode": code, "errorDetails": error.detail}
    response = _answer(orjson.dumps(body), status=error.status)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="callboard"'
    for name, value in error.headers.items():
        response[name] = value
    return response


def _answer(body: bytes, *, status: int = 200) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json")
