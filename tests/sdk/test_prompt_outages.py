"""What an outage costs the application: nothing for what it has, and once a moment for what it has not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from tests.sdk.fake_server import eventually

QUANTILE, LIMIT_MS = 99, 1.0


@pytest.fixture
def hanging_url() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def milliseconds(act) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def test_ten_thousand_gets_with_the_server_killed_cost_nothing_and_raise_nothing(server, make_client):
    client = make_client(server.url, prompt_ttl_seconds=0.01)
    names = [f"prompt-{number}" for number in range(4)]
    for name in names:
        server.publish(name, "Hi {{name}}")
        client.prompts.get(name)
    server.stop()

    times, texts = [], set()
    for turn in range(10_000):
        name = f"never-fetched-{turn}" if turn % 1000 == 7 else names[turn % 4]
        began = time.perf_counter()
        prompt = client.prompts.get(name)
        times.append((time.perf_counter() - began) * 1000)
        texts.add(prompt.compile(name="Ada"))

    assert texts == {"Hi Ada", ""}
    assert sorted(times)[len(times) * QUANTILE // 100] < LIMIT_MS
    server.start_again()


def test_in_a_known_outage_the_first_cold_prompt_costs_fifty_milliseconds_and_the_others_nothing(
    make_client, hanging_url
):
    client = make_client(hanging_url)
    assert milliseconds(lambda: client.prompts.get("known", fallback="Hi")) < 200
    eventually(lambda: client.prompt_store._refresher.is_down)

    costs = [milliseconds(lambda name=name: client.prompts.get(name)) for name in ("a", "b", "c", "d")]

    # A busy machine may stretch a moment, so the bound is generous; waiting for a second each would not pass.
    assert costs[0] < 300
    assert sum(costs[1:]) < 100


def test_a_server_that_hangs_is_waited_for_one_second_in_all(make_client, hanging_url):
    client = make_client(hanging_url)

    costs = [milliseconds(lambda number=number: client.prompts.get(f"cold-{number}")) for number in range(5)]

    assert 800 < costs[0] < 3000
    assert sum(costs[1:]) < 400


def test_with_a_time_to_live_of_zero_an_outage_is_not_waited_for_on_every_call(server, make_client, hanging_url):
    client = make_client(hanging_url)
    client.prompt_store.learn({"name": "greeting", "type": "text", "version": 1, "text": "Hi"})
    client.prompts.get("greeting", cache_ttl_seconds=0)
    eventually(lambda: client.prompt_store._refresher.is_down)

    cost = milliseconds(lambda: [client.prompts.get("greeting", cache_ttl_seconds=0) for _ in range(20)])

    assert cost < 500


def test_a_missing_prompt_is_asked_for_once_however_often_it_is_wanted(server, client):
    for _ in range(200):
        client.prompts.get("nowhere")

    assert len(server.prompt_requests("nowhere")) == 1


def test_after_the_outage_prompts_come_again(server, make_client):
    server.stop()
    client = make_client(server.url)
    assert client.prompts.get("greeting").error is not None
    server.start_again()
    server.publish("greeting", "Hi")

    eventually(lambda: client.prompts.get("greeting").text == "Hi", seconds=8)
    assert not client.prompt_store._refresher.is_down
