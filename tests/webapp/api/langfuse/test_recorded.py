"""What each official SDK really sent (`make compat ARGS=--record`), sent again: the mapping must not rot."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.compat import arrival
from tests.compat.arrival import Stage

pytestmark = pytest.mark.django_db

RECORDED = Path(__file__).parent / "recorded"
MAJORS = ["2", "3", "4", "5"]


def recorded(major: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RECORDED / f"sdk{major}.json").read_text(encoding="utf-8"))
    return document


def replay(stage: Stage, requests: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    """Send everything again with the key of the stage; return path, status then and status now."""
    pair = base64.b64encode(f"pk:{stage.plain_key}".encode()).decode()
    statuses = []
    for sent in requests:
        headers = {name.title(): value for name, value in sent["headers"].items()}
        kind = headers.pop("Content-Type", "application/json")
        body = sent["text"].encode() if "text" in sent else base64.b64decode(sent["base64"])
        answer = Client().generic(
            sent["method"], sent["path"], body, content_type=kind, headers=headers | {"Authorization": f"Basic {pair}"}
        )
        statuses.append((sent["path"], sent["status"], answer.status_code))
    return statuses


@pytest.mark.parametrize("major", MAJORS)
def test_every_request_of_the_sdk_is_answered_as_it_was(major):
    statuses = replay(arrival.set_up(), recorded(major)["requests"])

    assert [(path, then) for path, then, _ in statuses] == [(path, now) for path, _, now in statuses]


@pytest.mark.parametrize("major", MAJORS)
def test_everything_that_the_sdk_sent_is_stored(major):
    document, stage = recorded(major), arrival.set_up()

    replay(stage, document["requests"])

    assert arrival.differences(arrival.stored(stage.project, document["facts"])) == []


@pytest.mark.parametrize("major", MAJORS)
def test_everything_that_the_sdk_sent_is_understood(major):
    document, stage = recorded(major), arrival.set_up()

    replay(stage, document["requests"])

    assert arrival.differences(arrival.understood(stage.project, document["facts"])) == []


@pytest.mark.parametrize("major", MAJORS)
def test_a_replay_of_the_whole_application_counts_nothing_twice(major):
    document, stage = recorded(major), arrival.set_up()
    replay(stage, document["requests"])
    before = arrival.counted(stage.project)

    replay(stage, document["requests"])

    assert arrival.counted(stage.project) == before
