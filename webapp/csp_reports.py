"""Receives the browser's reports about blocked content."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from webapp.access import Rule, declared
from webapp.middleware import loggable

log = structlog.get_logger("callboard.csp")
_MAX_BYTES = 4_096
# The addresses of some pages are secrets, and extensions of browsers are blocked on any page.
_TOLD = ("document-uri", "blocked-uri", "source-file", "effective-directive", "violated-directive", "line-number")
_MOST_CHARS = 300


def _receive(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        log.warning("content was blocked", report=_told(request.read(_MAX_BYTES)))
    return HttpResponse(status=204)


def _told(body: bytes) -> dict[str, str]:
    """Return what a report says that may be written down."""
    try:
        sent: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    report = sent.get("csp-report") if isinstance(sent, dict) else None
    if not isinstance(report, dict):
        return {}
    return {name: _without_secrets(str(report[name]))[:_MOST_CHARS] for name in _TOLD if name in report}


def _without_secrets(text: str) -> str:
    try:
        address = urlsplit(text)
    except ValueError:
        return ""
    return f"{address.scheme}://{address.netloc}{loggable(address.path)}" if address.netloc else text


urlpatterns = [
    path(
        "csp-report/",
        csrf_exempt(declared(_receive, Rule("public", why="browsers report without a session"))),
        name="csp-report",
    ),
]
