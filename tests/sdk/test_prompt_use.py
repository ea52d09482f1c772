"""What prompts do with variables, limits and nonsense."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from callboard import MissingVariables
from callboard.errors import PromptUnavailable

from tests.sdk.fake_server import Scripted

GONE_URL = "http://127.0.0.1:9"


def test_missing_variables_stay_and_are_reported(server, client):
    server.publish("greeting", "Hi {{name}} of {{town}}")
    prompt = client.prompts.get("greeting")

    assert prompt.missing == ()
    assert prompt.compile(name="Ada") == "Hi Ada of {{town}}"
    assert prompt.missing == ("town",)
    prompt.compile(name="Ada", town="Bern")
    assert prompt.missing == ()


def test_strict_prompts_raise_for_missing_variables(server, client):
    server.publish("greeting", "Hi {{name}}")

    with pytest.raises(MissingVariables, match="name"):
        client.prompts.get("greeting", strict=True).compile()


def test_a_variable_may_be_called_self(server, client):
    server.publish("greeting", "{{self}}")

    assert client.prompts.get("greeting").compile(self="me") == "me"


def test_a_prompt_that_grows_too_large_is_left_as_it_is(server, client):
    server.publish("greeting", "{{a}}" * 10)
    prompt = client.prompts.get("greeting")

    assert prompt.compile(a="x" * 1_000_000) == "{{a}}" * 10
    assert prompt.missing == ("a",)


def test_what_get_returns_cannot_be_changed_for_others(server, client):
    server.publish("chat", messages=[{"role": "user", "content": "Hi"}], settings={"stop": ["x"]})
    prompt = client.prompts.get("chat")

    prompt.messages[0]["content"] = "changed"
    prompt.settings["stop"].append("y")
    prompt.compile()[0]["content"] = "changed"

    again = client.prompts.get("chat")
    assert again.messages[0]["content"] == "Hi"
    assert again.settings == {"stop": ["x"]}


@pytest.mark.parametrize("name", [None, "", 7, ["list"], {"a": 1}, "x" * 5000, "../../etc/passwd", "\x00"])
def test_get_never_raises_whatever_it_is_given(client, name):
    prompt = client.prompts.get(name, version="seven", fallback="fallback")

    assert prompt.source in {"fallback", "missing"}


def test_an_unusable_fallback_does_not_raise(client):
    assert client.prompts.get("nowhere", fallback=42).source == "missing"


def test_without_a_key_no_request_is_made(server, make_client):
    client = make_client(server.url, api_key="")

    assert client.prompts.get("greeting", fallback="Hi").text == "Hi"
    assert isinstance(client.prompts.get("greeting").error, PromptUnavailable)
    assert server.received == []


def test_aget_does_not_hold_up_the_event_loop(server, client):
    server.publish("greeting", "Hi")
    payload = json.dumps(server.prompts["greeting", "l:production"]).encode()
    server.always["/api/v1/prompts/greeting"] = Scripted(200, delay=0.3, body=payload)

    async def scenario() -> tuple[str | None, int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        prompt = await client.prompts.aget("greeting")
        ticking.cancel()
        again = await client.prompts.aget("greeting")
        assert again.source == "memory"
        return prompt.text, ticks

    text, ticks = asyncio.run(scenario())

    assert text == "Hi"
    # None, if the event loop had been held up.
    assert ticks >= 3


def test_while_the_server_is_down_other_prompts_do_not_wait_for_it_again(make_client):
    client = make_client(GONE_URL)
    client.prompts.get("first")

    began = time.perf_counter()
    for number in range(20):
        client.prompts.get(f"prompt-{number}")

    assert time.perf_counter() - began < 1.0


def test_names_made_up_per_request_do_not_fill_the_memory(make_client, monkeypatch):
    monkeypatch.setattr("callboard.prompt_store._MAX_ENTRIES", 50)
    client = make_client(GONE_URL, api_key="")

    for number in range(200):
        client.prompts.get(f"prompt-{number}", fallback="x")

    assert len(client.prompt_store.entries) <= 51


def test_addresses_known_from_mlflow_work(server, client):
    server.publish("team/greeting", "three", version=3, label="staging")
    server.publish("team/greeting", "four", version=4)

    assert client.prompts.get("prompts:/team/greeting/3").text == "three"
    assert client.prompts.get("prompts:/team/greeting@staging").text == "three"
    assert client.prompts.get("prompts:/team/greeting").text == "four"


def test_a_time_to_live_of_zero_does_not_hold_up_the_event_loop(server, client):
    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    server.answer_next("/api/v1/prompts/greeting", Scripted(304, delay=0.4))

    async def longest_pause():
        waiting = asyncio.create_task(client.prompts.aget("greeting", cache_ttl_seconds=0))
        longest, before = 0.0, time.perf_counter()
        while not waiting.done():
            await asyncio.sleep(0.01)
            longest, before = max(longest, time.perf_counter() - before), time.perf_counter()
        assert (await waiting).text == "Hi"
        return longest

    began = time.perf_counter()
    assert asyncio.run(longest_pause()) < 0.3
    assert time.perf_counter() - began > 0.35


def test_awaiting_a_prompt_with_a_wrong_argument_never_raises(client):
    assert asyncio.run(client.prompts.aget(["greeting"])).error is not None
