"""A server that stays away for a while costs what depends on it, and nothing else."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from benchmarks.preparation import PROMPTS
from benchmarks.traffic import Traffic
from tests.faults.installation import POSTGRES, REDIS, WEB, Installation, wait_until
from tests.faults.replay import Ledger, audit, ids_in

pytestmark = pytest.mark.faults

PROMPT = f"/api/v1/prompts/{quote(PROMPTS[0])}"


def send(installation: Installation, ledger: Ledger) -> tuple[int, dict[str, str]]:
    body = bytes(Traffic().request(9).renew())
    ledger.send(ids_in(body))
    status, headers, _ = installation.post_traces(body)
    if status == 200:
        ledger.acknowledge(ids_in(body))
    return status, headers


def test_without_redis_everything_that_people_and_applications_need_works(
    installation: Installation, ledger: Ledger
) -> None:
    installation.wait_until_ready()
    key, cookie = f"Bearer {installation.prepared.key}", installation.prepared.cookie
    project = f"/p/{installation.prepared.slug}"
    with installation.nothing_is_restarted():
        installation.kill(REDIS)

        stored, _ = send(installation, ledger)
        fetched = installation.status(PROMPT, Authorization=key)
        pages = {
            path: installation.status(project + path, Cookie=cookie)
            for path in ("/", "/explore/", "/prompts/", "/settings/keys/")
        }

    assert (stored, fetched) == (200, 200)
    assert set(pages.values()) == {200}
    audit(installation, ledger)


def test_without_postgresql_ingest_asks_to_come_back_and_recovers_by_itself(
    installation: Installation, ledger: Ledger
) -> None:
    installation.wait_until_ready()
    send(installation, ledger)
    web = installation.pids()[WEB]
    with installation.nothing_is_restarted():
        installation.kill(POSTGRES)

        answers = []
        for _ in range(3):
            began = time.monotonic()
            answers.append((*send(installation, ledger), time.monotonic() - began))
        alive = installation.status("/livez")

    assert [status for status, _, _ in answers] == [503, 503, 503]
    assert all(1 <= int(headers["retry-after"]) <= 5 for _, headers, _ in answers)
    assert all(headers["content-type"] == "application/x-protobuf" for _, headers, _ in answers)
    assert max(seconds for _, _, seconds in answers) < 8
    assert alive == 200
    wait_until(lambda: send(installation, ledger)[0] == 200, seconds=25)
    assert installation.pids()[WEB] == web
    audit(installation, ledger)
