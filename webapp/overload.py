"""Refuses recorded calls that waited too long for a thread, before anything is done for them.

Admission (webapp/api/admission.py) bounds what happens inside a thread. In a flood the waiting happens before: without
this the queue grows until every answer comes later than exporters wait for it, and nothing but late answers is made.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

# With what a request may wait for its slot and for the database, the answer comes within eight seconds: exporters wait for ten.
LONGEST_WAIT = 1.0
_CHUNK = 256 * 1024
_SENTENCE = "Callboard is busy. Nothing was stored, the client will try again."
_UNAVAILABLE = 14  # the gRPC code that OTLP puts beside 503

# How long the request that this thread works on waited for it; set by webapp/web_worker.py.
waited_seconds: ContextVar[float] = ContextVar("waited_seconds", default=0.0)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def refuse_late(application: Application) -> Application:
    """Return the application with a refusal in front; reads are served however late, they cost as little as a refusal."""

    def punctual(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if waited_seconds.get() < LONGEST_WAIT or not _is_recording(environ):
            return application(environ, start_response)
        _read_to_the_end(environ)
        kind, body = _refusal(environ.get("CONTENT_TYPE", ""))
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response("503 Service Unavailable", [*headers, ("Retry-After", str(random.randint(1, 5)))])  # noqa: S311
        return [body]

    return punctual


def _is_recording(environ: dict[str, Any]) -> bool:
    path: str = environ["PATH_INFO"]
    return environ["REQUEST_METHOD"] == "POST" and path.startswith(("/v1/", "/api/"))


def _read_to_the_end(environ: dict[str, Any]) -> None:
    # A connection that is closed on unread bytes is reset, and the client may never see the answer.
    while environ["wsgi.input"].read(_CHUNK):
        pass


def _refusal(content_type: str) -> tuple[str, bytes]:
    """Return a google.rpc.Status, in the encoding of the request."""
    message = _SENTENCE.encode()
    if content_type.startswith("application/x-protobuf"):
        return "application/x-protobuf", bytes([0x08, _UNAVAILABLE, 0x12, len(message)]) + message
    problem = {"status": 503, "title": "Service Unavailable", "detail": _SENTENCE}
    return "application/json", json.dumps({"code": _UNAVAILABLE, "message": _SENTENCE, **problem}).encode()
