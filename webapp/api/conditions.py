"""Conditional requests: what did not change is not sent again, and what changed meanwhile is not overwritten."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags


def answered(request: HttpRequest, body: bytes, *, etag: str = "") -> HttpResponse:
    """Answer with a JSON body and its ETag, or with 304 when the caller has it already."""
    etag = etag or f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    is_known = request.method == "GET" and is_one_of(request.headers.get("If-None-Match", ""), etag)
    response = HttpResponse(status=304) if is_known else HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    response["Vary"] = "Authorization, X-Api-Key"
    return response


def is_one_of(sent: str, etag: str) -> bool:
    """Tell whether a header names this ETag; a proxy that compresses makes tags weak, the content is still the same."""
    return sent.strip() == "*" or etag in [tag.removeprefix("W/") for tag in parse_etags(sent)]
