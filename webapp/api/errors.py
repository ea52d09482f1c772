"""Turns exceptions into answers that a machine can read and a person can understand (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse


class ApiError(Exception):
    """A refusal with its status and one clear sentence."""

    def __init__(
        self, status: int, detail: str, *, headers: dict[str, str] | None = None, kind: str = "", **extra: Any
    ) -> None:
        super().__init__(detail)
        # One word for counting; people get the sentence.
        self.kind = kind
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra


def problem(request: HttpRequest, error: ApiError) -> HttpResponse:
    """Answer with a problem document."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "request_id": getattr(request, "request_id", ""),
        **error.extra,
    }
    response = HttpResponse(orjson.dumps(body), status=error.status, content_type="application/problem+json")
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="callboard"'
    for name, value in error.headers.items():
        response[name] = value
    return response
