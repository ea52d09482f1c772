"""Bodies without a length, in chunks, as Node.js sends them: what is answered with 200 is stored."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest
from django.test import Client

from monitoring.models import Span
from projects import keys, projects

pytestmark = pytest.mark.django_db

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BODY = orjson.dumps({
    "resourceSpans": [{"scopeSpans": [{"spans": [
        {"traceId": TRACE, "spanId": SPAN, "name": "chat", "startTimeUnixNano": "1700000000000000000"}
    ]}]}]
})  # fmt: skip


def post(**extra: Any) -> Any:
    _, key = keys.create(project=projects.create(name="Shop"), name="backend", scopes=["ingest"])
    headers = {"Authorization": f"Bearer {key}", "Transfer-Encoding": "chunked"}
    sent = {"CONTENT_LENGTH": "", "CONTENT_TYPE": "application/json", "wsgi.input": io.BytesIO(BODY)}
    return Client().post("/v1/traces", headers=headers, **{**sent, **extra})


def test_a_body_in_chunks_is_read_to_its_end():
    answer = post(**{"wsgi.input_terminated": True})

    assert (answer.status_code, answer.json()) == (200, {})
    assert Span.objects.get().hex_id == SPAN


def test_a_server_that_does_not_say_where_the_body_ends_asks_for_its_length():
    assert post().status_code == 411
    assert not Span.objects.exists()
