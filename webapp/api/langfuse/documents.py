"""JSON in and out. What Langfuse's clients send is not always strict: NaN, lone surrogates, huge numbers."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from monitoring.ingest import otlp_json
from monitoring.ingest.cleaning import clean
from monitoring.ingest.spans import BodyUnreadable
from webapp.api import bodies
from webapp.api.errors import ApiError


def load(request: HttpRequest) -> tuple[Any, int]:
    """Return the document as it was sent and its size on the wire; raises ApiError 400 when it is no JSON."""
    body, wire_bytes = bodies.read(request)
    try:
        return otlp_json.load(body), wire_bytes
    except BodyUnreadable as error:
        raise ApiError(400, "The body is not valid JSON.") from error


def read(request: HttpRequest) -> Any:
    """Return the document, safe to store."""
    document, _ = load(request)
    return clean(document)


def read_object(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object that the body holds; raises ApiError 400 when it holds anything else."""
    document = read(request)
    if not isinstance(document, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return document


def answer(value: Any, *, status: int = 200) -> HttpResponse:
    """Return a JSON answer."""
    return HttpResponse(orjson.dumps(value), status=status, content_type="application/json")
