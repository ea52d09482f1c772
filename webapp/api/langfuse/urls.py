"""Addresses that Langfuse's SDKs call, and the one they print."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.api import otlp
from webapp.api.langfuse import ingestion, media, project, prompts, scores
from webapp.api.langfuse.application import api

api.add_router("", project.router)
api.add_router("", prompts.router)
api.add_router("", scores.router)
api.add_router("", ingestion.router)
api.add_router("", media.router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/public/otel/v1/traces", otlp.receive_traces, name="langfuse-traces"),
    path("api/public/otel/v1/metrics", otlp.receive_metrics, name="langfuse-metrics"),
    path("api/public/health", project.health, name="langfuse-health"),
    path("api/public/", api.urls),
    path("project/<slug:slug>/traces/<str:trace>", project.trace_link, name="langfuse-trace"),
    path("trace/<str:trace>", project.trace_of_any_project, name="langfuse-2-trace"),
]
