"""The routes that say who one is, that take media and metrics, and that lead on."""

from __future__ import annotations

import base64
import hashlib

import orjson
import pytest
from django.test import Client
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from monitoring.models import Span
from projects.roles import Role, Scope
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_user, signed_in

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_the_project_of_the_key_is_the_only_one(make_app):
    app = make_app(Scope.INGEST)

    (found,) = app.get("/projects").json()["data"]

    assert (found["id"], found["name"]) == (app.project.slug, app.project.name)


def test_health_is_for_everybody():
    assert Client().get("/api/public/health").json() == {"status": "OK", "version": "0.1.0"}


def test_traces_go_through_the_one_receiver(app):
    span = {"traceId": TRACE, "spanId": SPAN, "name": "chat", "startTimeUnixNano": "1700000000000000000"}

    answer = app.post("/otel/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": [span, {}]}]}]})

    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert Span.objects.get(project=app.project).hex_id == SPAN


@pytest.mark.parametrize("kind", ["application/json", "application/x-protobuf"])
def test_metrics_are_taken_and_dropped(app, kind):
    answer = Client().post("/api/public/otel/v1/metrics", b"{}", kind, headers=app.headers())

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.content == (b"{}" if kind.endswith("json") else ExportMetricsServiceResponse().SerializeToString())
    assert app.get("/otel/v1/metrics").status_code == 405


def test_the_sdk_is_told_that_a_file_needs_no_upload_under_the_id_it_made(app):
    digest = base64.b64encode(hashlib.sha256(b"image 5").digest()).decode()

    answer = app.post("/media", {"traceId": TRACE, "contentType": "image/png", "sha256Hash": digest, "field": "input"})

    assert answer.json() == {"mediaId": digest.replace("+", "-").replace("/", "_")[:22], "uploadUrl": None}
    assert app.send("PATCH", "/media/abc", {"uploadHttpStatus": 200}).status_code == 204


@pytest.mark.parametrize("body", [{}, {"sha256Hash": 7}, {"sha256Hash": "short"}, [], b"{"])
def test_a_file_without_its_hash_is_refused(app, body):
    assert app.post("/media", body).status_code == 400


def test_the_link_that_the_sdk_prints_leads_to_the_trace(app):
    answer = Client().get(f"/project/{app.project.slug}/traces/{TRACE}")

    assert answer.headers["Location"] == f"/p/{app.project.slug}/traces/{TRACE}/"


def test_the_link_of_sdk_2_leads_to_the_trace_in_the_reader_s_own_projects(app):
    trace_id = make_trace(app.project)
    member, stranger = signed_in(make_member(project=app.project, role=Role.VIEWER)), signed_in(make_user())

    assert member.get(f"/trace/{trace_id}").headers["Location"] == f"/p/{app.project.slug}/traces/{trace_id}/"
    assert stranger.get(f"/trace/{trace_id}").status_code == 404
    assert Client().get(f"/trace/{trace_id}").headers["Location"].startswith("/accounts/login/")


def test_refusals_can_be_read_by_both_kinds_of_clients(make_app):
    answer = make_app(Scope.INGEST).post("/scores", {})

    refusal = orjson.loads(answer.content)
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/problem+json")
    assert refusal["message"] == refusal["detail"]
    assert "feedback:write" in refusal["message"]
