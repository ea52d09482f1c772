"""Addresses that applications call."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.api import change_requests, feedback, me, otlp, prompts, traces
from webapp.api.application import api
from webapp.api.langfuse import urls as langfuse

api.add_router("", me.router)
api.add_router("", prompts.router)
api.add_router("", change_requests.router)
api.add_router("", feedback.router)
api.add_router("", traces.router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/traces", otlp.receive_traces, name="otlp-traces"),
    path("v1/logs", otlp.receive_logs, name="otlp-logs"),
    path("v1/metrics", otlp.receive_metrics, name="otlp-metrics"),
    path("api/v1/feedback/browser", feedback.from_browser, name="feedback-browser"),
    path("api/v1/", api.urls),
    *langfuse.urlpatterns,
]
