"""OTLP metrics: taken and dropped, because Callboard counts for itself what the spans say."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from projects.roles import Scope
from webapp.access import Rule, declared
from webapp.api import auth
from webapp.api.errors import ApiError, problem
from webapp.api.otlp_answers import JSON, PROTOBUF


def _receive_metrics(request: HttpRequest) -> HttpResponse:
    try:
        if request.method != "POST":
            raise ApiError(405, "Send metrics with POST.", headers={"Allow": "POST"})
        auth.caller(request, scope=Scope.INGEST)
    except ApiError as error:
        return problem(request, error)
    is_json = request.headers.get("Content-Type", "").startswith(JSON)
    return HttpResponse(b"{}" if is_json else b"", content_type=JSON if is_json else PROTOBUF)


receive_metrics = csrf_exempt(declared(_receive_metrics, Rule("keys", scope=Scope.INGEST)))
