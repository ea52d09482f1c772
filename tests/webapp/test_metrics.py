"""The numbers for Prometheus: only for whoever shows the token, and without a name of anybody."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from monitoring import partitions
from projects import keys
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project
from webapp import draining

pytestmark = pytest.mark.django_db

TOKEN = "a token for whoever scrapes"
SPAN = (
    b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c",'
    b'"spanId":"%s","name":"chat","startTimeUnixNano":"1700000000000000000"}]}]}]}'
)


@pytest.fixture(autouse=True)
def token(settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client) -> dict[str, float]:
    """Return every number by its name with labels."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def post(client: Client, key: str, body: bytes, **headers: str) -> int:
    return client.post(
        "/v1/traces", body, content_type="application/json", headers={"Authorization": f"Bearer {key}", **headers}
    ).status_code


@pytest.fixture
def key() -> str:
    return keys.create(project=make_project(name="Secret shop"), name="app", scopes=["ingest"])[1]


def test_without_a_token_of_the_site_the_address_does_not_exist(client, settings):
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer é"])
def test_without_the_right_token_nothing_is_told(client, sent):
    answer = client.get("/metrics", headers={"Authorization": sent} if sent else {})

    assert (answer.status_code, "callboard_" in answer.text) == (401, False)


def test_what_became_of_spans_is_counted(client, key):
    before = scrape(client)

    post(client, key, SPAN % b"b7ad6b7169203331", **{"X-Callboard-Dropped": "7"})
    post(client, key, SPAN % b"b7ad6b7169203331")
    post(client, key, SPAN % b"")

    after = scrape(client)
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert grown['callboard_ingest_spans_total{outcome="accepted"}'] == 1
    assert grown['callboard_ingest_spans_total{outcome="duplicate"}'] == 1
    assert grown['callboard_ingest_spans_total{outcome="rejected"}'] == 1
    assert grown["callboard_ingest_quarantined_total"] == 1
    assert grown["callboard_client_reported_drops_total"] == 7
    assert grown["callboard_ingest_ack_seconds_count"] == 3


def test_refusals_are_counted_by_status_and_reason(client, key):
    before = scrape(client)

    post(client, key, b"{")
    draining.begin()
    try:
        post(client, key, b"{}")
    finally:
        draining.end()

    after = scrape(client)
    for name in ('{reason="client",status="400"}', '{reason="draining",status="503"}'):
        name = f"callboard_ingest_refused_total{name}"
        assert after[name] - before.get(name, 0) == 1


def test_what_the_server_is_like_now_is_told(client):
    partitions.ensure()

    numbers = scrape(client)

    assert numbers["callboard_disk_free_bytes"] > 0
    assert numbers["callboard_partition_days_ahead"] == partitions.DAYS_AHEAD
    assert numbers["callboard_database_up"] == 1
    assert "callboard_canary_age_seconds" not in numbers


def test_no_label_names_a_project_or_a_person(client, key):
    make_trace(make_project(), user="ann@example.com")
    post(client, key, SPAN % b"b7ad6b7169203331")

    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text

    assert set(re.findall(r'[{,]([a-z_]+)="', text)) <= {"outcome", "mark", "status", "reason", "queue", "le", "implementation",
        "major", "minor", "patchlevel", "version", "generation"}  # fmt: skip
    assert "ann@example.com" not in text
    assert "secret-shop" not in text
