"""Addresses that applications call."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.api import (
    alerts,
    change_requests,
    datasets,
    erasures,
    experiments_starting,
    feedback,
    issues,
    me,
    otlp,
    outcomes,
    prompt_archive,
    prompt_exports,
    prompt_labels,
    prompt_versions,
    prompts,
    rollouts,
    traces,
)
from webapp.api.application import api
from webapp.api.langfuse import urls as langfuse
from webapp.api.mcp import endpoint as mcp
from webapp.api.ofrep import urls as ofrep

api.add_router("", me.router)
# Before the prompts: there, everything behind /prompts/ is a name.
api.add_router("", prompt_exports.router)
api.add_router("", prompts.router)
api.add_router("", prompt_versions.router)
api.add_router("", prompt_labels.router)
api.add_router("", prompt_archive.router)
api.add_router("", change_requests.router)
api.add_router("", rollouts.router)
api.add_router("", issues.router)
api.add_router("", alerts.router)
api.add_router("", feedback.router)
api.add_router("", outcomes.router)
api.add_router("", traces.router)
api.add_router("", datasets.router)
api.add_router("", erasures.router)
# With those that read experiments: one path takes both.
api.add_router("", experiments_starting.router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/traces", otlp.receive_traces, name="otlp-traces"),
    path("v1/logs", otlp.receive_logs, name="otlp-logs"),
    path("v1/metrics", otlp.receive_metrics, name="otlp-metrics"),
    path("api/v1/feedback/browser", feedback.from_browser, name="feedback-browser"),
    path("api/v1/", api.urls),
    *langfuse.urlpatterns,
    *ofrep.urlpatterns,
    path("mcp", mcp.view, name="mcp"),
]
