"""A server that stays away for a while costs what depends on it, and nothing else."""

from __future__ import annotations

import time

import pytest

from benchmarks.traffic import Request, Traffic
from tests.faults.installation import POSTGRES, REDIS, WEB, Installation, wait_until
from tests.faults.ledger import Ledger

pytestmark = pytest.mark.faults


def renewed() -> Request:
    request = Traffic().request(9)
    request.renew()
    return request


def test_without_redis_everything_that_people_and_applications_need_works(
    installation: Installation, ledger: Ledger
) -> None:
    installation.wait_until_ready()
    cookie = installation.prepared.cookie
    project = f"/p/{installation.prepared.slug}"
    with installation.nothing_is_restarted():
        installation.kill(REDIS)

        stored, _ = installation.send(ledger, renewed())
        fetched = installation.fetch_prompt()
        pages = {
            path: installation.status(project + path, Cookie=cookie)
            for path in ("/", "/explore/", "/prompts/", "/settings/keys/")
        }

    assert (stored, fetched) == (200, 200)
    assert set(pages.values()) == {200}
    installation.audit(ledger)


def test_without_postgresql_ingest_asks_to_come_back_and_recovers_by_itself(
    installation: Installation, ledger: Ledger
) -> None:
    installation.wait_until_ready()
    installation.send(ledger, renewed())
    web = installation.pids()[WEB]
    with installation.nothing_is_restarted():
        installation.kill(POSTGRES)

        answers = []
        for _ in range(3):
            began = time.monotonic()
            answers.append((*installation.send(ledger, renewed()), time.monotonic() - began))
        alive = installation.status("/livez")

    assert [status for status, _, _ in answers] == [503, 503, 503]
    assert all(1 <= int(headers["retry-after"]) <= 5 for _, headers, _ in answers)
    assert all(headers["content-type"] == "application/x-protobuf" for _, headers, _ in answers)
    assert max(seconds for _, _, seconds in answers) < 8
    assert alive == 200
    wait_until(lambda: installation.send(ledger, renewed())[0] == 200, seconds=25)
    assert installation.pids()[WEB] == web
    installation.audit(ledger)
