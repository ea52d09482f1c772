"""Connections break at every place and in every way; what was refused or not answered can be sent again without harm."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from benchmarks.traffic import Request, Traffic
from tests.faults import chaos_proxy
from tests.faults.chaos_proxy import BLACKHOLE, HALF_OPEN, HOST, PASS, REFUSE, RESETTING, ChaosProxy, Mode
from tests.faults.conftest import Record
from tests.faults.installation import Installation, flawed_url, postgres_socket, wait_until
from tests.faults.ledger import Ledger

LONGEST_ANSWER = 8.0
SLOW_CLIENTS = 4
SILENT = [BLACKHOLE, HALF_OPEN]
BROKEN = [REFUSE, RESETTING, chaos_proxy.cut_answer_after(0), chaos_proxy.cut_request_after(0)]


@dataclass
class Links:
    """A web process whose every connection passes a proxy."""

    web: int
    to_web: ChaosProxy
    to_postgres: ChaosProxy
    to_redis: ChaosProxy

    def mend(self) -> None:
        for proxy in (self.to_web, self.to_postgres, self.to_redis):
            proxy.set(PASS)


@pytest.fixture(scope="module")
def all_links(installation: Installation) -> Iterator[Links]:
    running = installation.running
    redis_port = int(running.redis_url.rpartition(":")[2].partition("/")[0])
    with (
        ChaosProxy(postgres_socket(running.database_url)) as to_postgres,
        ChaosProxy(redis_port) as to_redis,
        installation.another_web(
            database_url=flawed_url(running.database_url, to_postgres.port),
            redis_url=flawed_url(running.redis_url, to_redis.port),
        ) as web,
        ChaosProxy(web) as to_web,
    ):
        yield Links(web, to_web, to_postgres, to_redis)


@pytest.fixture
def links(all_links: Links) -> Iterator[Links]:
    yield all_links
    all_links.mend()


def renewed(spans: int = 45) -> Request:
    request = Traffic().request(spans)
    request.renew()
    return request


@pytest.mark.faults
def test_an_answer_that_is_lost_after_the_commit_costs_nothing_and_its_retry_stores_nothing_twice(
    installation: Installation, ledger: Ledger, links: Links
) -> None:
    request = renewed()
    links.to_web.set(chaos_proxy.cut_answer_after(0))

    first, _ = installation.send(ledger, request, port=links.to_web.port)
    links.mend()
    second, _ = installation.send(ledger, request, port=links.to_web.port)

    assert (first, links.to_web.cuts, second) == (0, 1, 200)
    with psycopg.connect(installation.running.database_url) as connection:
        duplicates = connection.execute("SELECT sum(duplicate) FROM ingest_minute").fetchone()
    assert duplicates is not None
    assert duplicates[0] >= request.span_count, "the lost answer came before the commit, so this tested nothing"
    installation.audit(ledger)


@pytest.mark.faults
def test_an_opinion_and_a_prompt_whose_answers_were_lost_are_stored_once(
    installation: Installation, links: Links
) -> None:
    trace_id = os.urandom(16).hex()
    opinion = {
        "id": str(uuid.uuid4()), "trace_id": trace_id, "name": "thumbs", "data_type": "thumbs", "value": 1, "source": "user",
    }  # fmt: skip
    prompt = {"name": f"faults/{trace_id}", "type": "text", "text": "Answer {{question}}.", "note": "Sent twice"}
    sendings: tuple[tuple[str, dict[str, Any]], ...] = (
        ("/api/v1/feedback", {"items": [opinion]}),
        ("/api/v1/prompts", prompt),
    )
    for path, document in sendings:
        links.to_web.set(chaos_proxy.cut_answer_after(0))
        assert installation.post_json(path, document, port=links.to_web.port) == 0
        links.mend()
        assert installation.post_json(path, document, port=links.to_web.port) in (200, 201)

    opinions = installation.ask("SELECT value FROM score WHERE trace_id = %s", trace_id)
    versions = installation.ask(
        "SELECT number FROM prompt_version WHERE prompt_id = (SELECT id FROM prompt WHERE name = %s)", prompt["name"]
    )
    assert (opinions, versions) == ([(1.0,)], [(1,)])


def cut_everywhere(
    installation: Installation, ledger: Ledger, links: Links, record: Record, *, cuts: int, seed: int
) -> None:
    """Cut the connection to PostgreSQL at random places of the conversation; send again until it is accepted."""
    rolls = random.Random(seed)
    slowest, refused = 0.0, 0
    for _ in range(cuts):
        request = renewed()
        if rolls.random() < 0.5:
            # Within what a request of this size takes on this connection, so that most cuts hit it.
            links.to_postgres.set(chaos_proxy.cut_request_after(rolls.randrange(80_000)))
        else:
            links.to_postgres.set(chaos_proxy.cut_answer_after(rolls.randrange(400)))
        began = time.monotonic()
        status, _ = installation.send(ledger, request, port=links.web)
        slowest = max(slowest, time.monotonic() - began)
        refused += status == 503
        assert status in (200, 503)
        links.mend()
        wait_until(lambda request=request: installation.send(ledger, request, port=links.web)[0] == 200, seconds=10)
    verdict = installation.audit(ledger)
    record(f"PostgreSQL cut {cuts} times (seed {seed}): {refused} refused, slowest answer {slowest:.2f} s; {verdict}")
    assert refused, "no cut hit a request"
    assert slowest < LONGEST_ANSWER


@pytest.mark.faults
def test_a_connection_to_postgresql_that_breaks_in_the_middle_of_a_batch_leaves_no_half_of_it(
    installation: Installation, ledger: Ledger, links: Links, record: Record, seed: int
) -> None:
    cut_everywhere(installation, ledger, links, record, cuts=8, seed=seed)


@pytest.mark.long_faults
def test_a_hundred_breaks_of_the_connection_to_postgresql_leave_no_half_batch(
    installation: Installation, ledger: Ledger, links: Links, record: Record, seed: int
) -> None:
    cut_everywhere(installation, ledger, links, record, cuts=100, seed=seed)


def check_answers(installation: Installation, ledger: Ledger, links: Links, record: Record, mode: Mode) -> None:
    """Ingest is refused in time while the link to PostgreSQL is broken, and goes on when it is whole."""
    request = renewed()
    assert installation.send(ledger, renewed(), port=links.web)[0] == 200
    links.to_postgres.set(mode)
    answers = []
    for _ in range(2):
        began = time.monotonic()
        answers.append((installation.send(ledger, request, port=links.web)[0], time.monotonic() - began))
    links.mend()

    record(f"link to PostgreSQL, {mode.name}: {', '.join(f'{status} in {took:.2f} s' for status, took in answers)}")
    assert {status for status, _ in answers} == {503}
    assert max(took for _, took in answers) < LONGEST_ANSWER
    wait_until(lambda: installation.send(ledger, request, port=links.web)[0] == 200, seconds=10)
    installation.audit(ledger)


@pytest.mark.faults
@pytest.mark.parametrize("mode", BROKEN, ids=lambda mode: mode.name)
def test_a_link_to_postgresql_that_is_broken_makes_ingest_ask_to_come_back(
    installation: Installation, ledger: Ledger, links: Links, record: Record, mode: Mode
) -> None:
    check_answers(installation, ledger, links, record, mode)


@pytest.mark.long_faults
@pytest.mark.parametrize("mode", SILENT, ids=lambda mode: mode.name)
def test_a_link_to_postgresql_that_went_silent_makes_ingest_ask_to_come_back_within_eight_seconds(
    installation: Installation, ledger: Ledger, links: Links, record: Record, mode: Mode
) -> None:
    check_answers(installation, ledger, links, record, mode)


@pytest.mark.faults
@pytest.mark.parametrize("mode", [REFUSE, BLACKHOLE, HALF_OPEN, RESETTING], ids=lambda mode: mode.name)
def test_ingest_and_prompts_need_no_link_to_redis(
    installation: Installation, ledger: Ledger, links: Links, mode: Mode
) -> None:
    links.to_redis.set(mode)

    began = time.monotonic()
    stored, _ = installation.send(ledger, renewed(), port=links.web)
    fetched = installation.fetch_prompt(port=links.web)

    assert (stored, fetched) == (200, 200)
    assert time.monotonic() - began < LONGEST_ANSWER


@pytest.mark.long_faults
def test_a_worker_hears_the_bell_again_after_every_break_of_its_link_to_redis(
    installation: Installation, links: Links, tmp_path: Path
) -> None:
    queue = "faults-link"
    evidence = tmp_path / "evidence"
    evidence.touch()
    url = flawed_url(installation.running.redis_url, links.to_redis.port)
    with installation.another_worker(queue, evidence=evidence, redis_url=url):
        for mode in (PASS, REFUSE, RESETTING, BLACKHOLE, HALF_OPEN):
            links.to_redis.set(mode)
            time.sleep(LONGEST_ANSWER)
            links.to_redis.set(PASS)
            job = installation.ask_for_a_job("faults.slow")
            # The timetable rings every ten seconds; a ring that nobody heard is followed by another.
            wait_until(lambda job=job: rang_and_done(installation, queue, job), seconds=60)


def rang_and_done(installation: Installation, queue: str, job: int) -> bool:
    installation.ring(queue)
    time.sleep(2)
    return installation.ask("SELECT state FROM job WHERE id = %s", job) == [("done",)]


class SlowClient:
    """Sends the head of a request and then its body a byte at a time, or nothing more."""

    def __init__(self, installation: Installation, port: int, *, bytes_per_second: int) -> None:
        body = bytes(renewed().body)
        head = (
            f"POST /v1/traces HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {installation.prepared.key}\r\n"
            f"Content-Type: application/x-protobuf\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.plug = socket.create_connection((HOST, port), timeout=60)
        self.plug.sendall(head.encode())
        self._rest, self._rate = body, bytes_per_second
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> SlowClient:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(5)
        self.plug.close()

    def _send(self) -> None:
        while self._rate and not self._is_over.wait(1 / self._rate):
            try:
                self.plug.sendall(self._rest[:1])
            except OSError:
                return
            self._rest = self._rest[1:]


@pytest.mark.faults
def test_clients_that_drip_their_requests_hold_nobody_else_up(
    installation: Installation, ledger: Ledger, links: Links
) -> None:
    clients = [SlowClient(installation, links.web, bytes_per_second=10) for _ in range(SLOW_CLIENTS)]
    times = []
    with clients[0], clients[1], clients[2], clients[3]:
        time.sleep(0.5)
        for _ in range(10):
            began = time.monotonic()
            assert installation.send(ledger, renewed(), port=links.web)[0] == 200
            assert installation.fetch_prompt(port=links.web) == 200
            times.append(time.monotonic() - began)

    assert sorted(times)[len(times) // 2] < 1


@pytest.mark.long_faults
def test_a_client_that_falls_silent_in_the_middle_of_a_request_is_let_go(
    installation: Installation, links: Links
) -> None:
    with SlowClient(installation, links.web, bytes_per_second=0) as silent:
        began = time.monotonic()
        silent.plug.recv(1024)

    assert 25 < time.monotonic() - began < 45
