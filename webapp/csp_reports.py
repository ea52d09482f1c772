"""Receives the browser's reports about blocked content."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from webapp.access import Rule, declared

log = structlog.get_logger("callboard.csp")
_MAX_BYTES = 4_096


def _receive(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        log.warning("content was blocked", report=request.read(_MAX_BYTES).decode("utf-8", "replace"))
    return HttpResponse(status=204)


urlpatterns = [
    path(
        "csp-report/",
        csrf_exempt(declared(_receive, Rule("public", why="browsers report without a session"))),
        name="csp-report",
    ),
]
