"""What recording costs in the calling thread; the limits are several times what is measured on a quiet machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest

MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant. " * 70},
    {"role": "user", "content": "Why is the sky blue? " * 90},
]


def median_microseconds(call: Callable[[], object], *, times: int = 2_000) -> float:
    """Return the median of the best of three rounds, so that a busy machine does not fail the test."""
    rounds = []
    for _ in range(3):
        durations = []
        for _ in range(times):
            began = time.perf_counter_ns()
            call()
            durations.append(time.perf_counter_ns() - began)
        rounds.append(statistics.median(durations) / 1000)
    return min(rounds)


@pytest.fixture
def busy_client(server, make_client):
    return make_client(server.url, flush_interval=0.2)


def test_a_traced_call_of_four_kib_costs_less_than_forty_microseconds(busy_client):
    @busy_client.observe(kind="llm")
    def call(messages):
        return "Because of Rayleigh scattering. "

    assert median_microseconds(lambda: call(MESSAGES)) < 40


def test_a_traced_call_costs_no_more_while_the_server_is_down(make_client):
    client = make_client("http://127.0.0.1:9")

    @client.observe
    def call(messages):
        return "x"

    assert median_microseconds(lambda: call(MESSAGES)) < 40


def test_a_prompt_from_memory_costs_less_than_ten_microseconds(busy_client, server):
    server.publish("greeting", "Hi {{name}}")
    busy_client.prompts.get("greeting")
    busy_client.prompt_store.entries["greeting", None, None].check_at = time.monotonic() + 60

    assert median_microseconds(lambda: busy_client.prompts.get("greeting")) < 10
    assert len(server.prompt_requests("greeting")) == 1


def test_a_stale_prompt_costs_no_more_during_an_outage(make_client):
    client = make_client("http://127.0.0.1:9", flush_interval=0.2)
    client.prompt_store.learn({"name": "greeting", "type": "text", "version": 1, "text": "Hi"})
    client.prompts.get("greeting")
    entry = client.prompt_store.entries["greeting", None, None]
    entry.check_at = 0.0
    client.prompts.get("greeting")

    assert median_microseconds(lambda: client.prompts.get("greeting")) < 10


def test_recording_that_is_switched_off_costs_next_to_nothing(make_client):
    client = make_client("http://127.0.0.1:9", enabled=False)

    @client.observe
    def call(messages):
        return "x"

    assert median_microseconds(lambda: call(MESSAGES)) < 5
