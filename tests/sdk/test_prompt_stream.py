"""Listening for changes: what is fetched at once, and that nothing a server does can hurt the application."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from callboard.http_client import HttpClient
from callboard.prompt_events import PromptChange
from callboard.prompt_stream import Patience, PromptStream, address_of
from callboard.testing import TEST_KEY

from tests.sdk import fake_stream
from tests.sdk.fake_server import FakeServer, Scripted, eventually
from tests.sdk.fake_stream import FakeStream

QUICK = Patience(connect=0.3, silence=0.3, longest=5.0, good=60.0, base=0.02, cap=0.05)


@pytest.fixture
def live() -> Iterator[FakeStream]:
    stream = FakeStream()
    yield stream
    stream.stop()


@pytest.fixture
def followed(server: FakeServer, live: FakeStream, make_client: Callable):
    """A client that has fetched `greeting` and listens."""
    server.live = f":{live.port}"
    server.publish("greeting", "old")
    client = make_client(server.url)
    client.prompts.get("greeting")
    client.prompt_store.entries["greeting", None, None].check_at = time.monotonic() + 3600
    eventually(lambda: live._open)
    return client


def listening(
    behave: Callable | None = None, *, patience: Patience = QUICK
) -> tuple[FakeStream, PromptStream, list[PromptChange]]:
    server, heard = FakeStream(behave), []
    stream = PromptStream(
        connect=lambda address: HttpClient(url=address, api_key=TEST_KEY, timeout=1.0),
        headers=lambda: {"X-Callboard-Process": "0123456789abcdef host"},
        on_change=heard.append,
        patience=patience,
    )
    stream.start(f"http://127.0.0.1:{server.port}")
    return server, stream, heard


# What is fetched


def test_a_publish_is_served_without_waiting_for_the_time_to_live(server, live, followed):
    server.publish("greeting", "new", version=2)
    live.tell(name="greeting", labels=("production",), change="4711")

    eventually(lambda: followed.prompts.get("greeting").text == "new", seconds=2)


def test_the_token_of_the_change_and_the_version_in_use_are_told_to_the_server(server, live, followed):
    server.publish("greeting", "new", version=2)
    live.tell(name="greeting", change="4711")
    eventually(lambda: followed.prompts.get("greeting").text == "new")

    first, second = server.prompt_requests("greeting")
    assert "x-callboard-change" not in first.headers
    assert "x-callboard-serves" not in first.headers
    assert second.headers["x-callboard-change"] == "4711"
    assert second.headers["x-callboard-serves"] == "1"
    assert first.headers["x-callboard-process"] == second.headers["x-callboard-process"]


def test_other_prompts_and_labels_are_left_alone(server, live, followed):
    live.tell(name="other")
    live.tell(name="greeting", labels=("staging",))
    time.sleep(0.3)

    assert len(server.prompt_requests("greeting")) == 1


def test_a_flood_of_announcements_does_not_become_a_flood_of_requests(server, live, followed):
    for number in range(300):
        live.tell(name="greeting", change=str(number))
    time.sleep(0.7)

    assert 1 < len(server.prompt_requests("greeting")) < 8


def test_a_change_that_could_not_be_fetched_is_fetched_later_without_anybody_asking(server, live, followed):
    server.answer_next("/api/v1/prompts/greeting", Scripted(503))
    server.publish("greeting", "new", version=2)
    live.tell(name="greeting")

    entry = followed.prompt_store.entries["greeting", None, None]
    eventually(lambda: entry.prompt.text == "new", seconds=4)


def test_no_connection_is_opened_before_the_first_prompt_is_fetched(server, live, make_client):
    server.live = f":{live.port}"
    client = make_client(server.url)
    time.sleep(0.2)
    assert live.requests == []

    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    eventually(lambda: live.requests)


def test_push_can_be_switched_off(server, live, make_client):
    server.live = f":{live.port}"
    server.publish("greeting", "Hi")
    make_client(server.url, prompt_push=False).prompts.get("greeting")
    time.sleep(1.2)

    assert live.requests == []


def test_the_key_and_the_process_are_told_and_the_place_is_kept(live, followed):
    live.tell(name="other", number=41)
    eventually(lambda: followed.stats().get("prompt_changes_announced") == 1)
    live.cut()
    eventually(lambda: len(live.requests) == 2, seconds=6)

    assert f"Authorization: Bearer {TEST_KEY}" in live.requests[0]
    assert "X-Callboard-Process: " in live.requests[0]
    assert "Last-Event-ID" not in live.requests[0]
    assert "Last-Event-ID: m-41" in live.requests[1]


def test_shutdown_hangs_up_and_ends_the_thread(live, followed):
    thread = followed.prompt_store._stream._thread
    assert thread.daemon

    followed.shutdown(0)

    thread.join(timeout=2)
    assert not thread.is_alive()


def test_a_forked_child_listens_for_itself_under_a_name_of_its_own(server, live, followed):
    server.publish("other", "Hi")
    pid = os.fork()
    if pid == 0:  # the child
        had_thread = followed.prompt_store._stream._thread is not None
        followed.prompts.get("other")
        time.sleep(3)
        os._exit(int(had_thread))
    eventually(lambda: len(live.requests) == 2, seconds=5)

    assert os.waitpid(pid, 0)[1] == 0
    names = {line for request in live.requests for line in request.split("\r\n") if line.startswith("X-Callboard-Proc")}
    assert len(names) == 2


# What a server may do


@pytest.mark.parametrize(
    "behave",
    [
        fake_stream.hang,
        fake_stream.hang_after_the_head,
        fake_stream.drip,
        fake_stream.close_at_once,
        fake_stream.answer_rubbish,
        fake_stream.send_rubbish_in_the_stream,
        fake_stream.send_one_endless_line,
        fake_stream.answer_with_a_page,
        fake_stream.refuse,
    ],
)
def test_a_stream_that_fails_is_given_up_and_tried_again_later(behave):
    server, stream, heard = listening(behave)
    try:
        eventually(lambda: stream.attempts >= 3)
        assert stream._thread.is_alive()
        assert stream._failures >= 2
        assert heard == []
    finally:
        stream.stop()
        server.stop()
    stream._thread.join(timeout=2)
    assert not stream._thread.is_alive()


@pytest.mark.parametrize("behave", [fake_stream.hang, fake_stream.close_at_once, fake_stream.refuse])
def test_prompts_are_fetched_as_ever_while_the_stream_fails(server, make_client, behave):
    live = FakeStream(behave)
    server.live = f":{live.port}"
    server.publish("greeting", "old")
    client = make_client(server.url)
    client.prompts.get("greeting")
    eventually(lambda: live.requests)
    server.publish("greeting", "new", version=2)
    client.prompt_store.entries["greeting", None, None].check_at = 0.0

    client.prompts.get("greeting")

    eventually(lambda: client.prompts.get("greeting").text == "new")
    live.stop()


def test_pauses_grow_to_a_minute_and_are_spread_over_all_of_it():
    stream = PromptStream(connect=HttpClient, headers=dict, on_change=print)
    longest = []
    for failures in range(1, 10):
        stream._failures = failures
        pauses = [stream._pause() for _ in range(500)]
        longest.append(max(pauses))
        assert min(pauses) < 0.2 * max(pauses)

    assert [round(pause) for pause in longest[:3]] == [1, 2, 4]
    assert 55 < longest[-1] <= 60.1


def test_the_server_may_name_the_pause_after_a_good_stream_within_limits():
    stream = PromptStream(connect=HttpClient, headers=dict, on_change=print)
    for ordered, expected in ((2.0, (1.0, 3.0)), (0.0, (0.5, 1.5)), (9999.0, (30.0, 90.0))):
        stream._retry_seconds = ordered
        pauses = [stream._pause() for _ in range(200)]
        assert expected[0] <= min(pauses)
        assert max(pauses) <= expected[1]


def test_starting_twice_listens_once():
    server, stream, _ = listening()
    threads = [threading.Thread(target=stream.start, args=(f"http://127.0.0.1:{server.port}",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: server.requests)
    time.sleep(0.2)

    assert len(server.requests) == 1
    stream.stop()
    server.stop()


# Where it listens


@pytest.mark.parametrize(
    ("url", "told", "expected"),
    [
        ("https://c.example", "", "https://c.example"),
        ("https://c.example/base", "", "https://c.example/base"),
        ("http://localhost:8400", ":8401", "http://localhost:8401"),
        ("http://[::1]:8400", ":8401", "http://[::1]:8401"),
        ("https://c.example", "https://live.example/", "https://live.example"),
        ("https://c.example", "http://live.example", "https://c.example"),
        ("http://c.example", "http://live.example:9", "http://live.example:9"),
        ("http://c.example", "ftp://live.example", "http://c.example"),
        ("http://c.example", ":port", "http://c.example"),
        ("http://c.example", "http://[broken", "http://c.example"),
        ("c.example:8400", ":8401", "http://c.example:8401"),
    ],
)
def test_the_key_travels_only_where_it_is_as_safe_as_before(url, told, expected):
    assert address_of(url, told) == expected
