"""Calls are linked to the prompt version they ran on."""

import asyncio

import callboard
import pytest
from callboard import span
from callboard.testing import capture


@pytest.fixture
def captured():
    with capture(prompts={"greeting": "Hi {{name}}", "other": "Bye"}) as captured:
        yield captured


def test_calls_inside_used_carry_the_prompt(captured):
    prompt = callboard.prompts.get("greeting")
    prompt.compile(name="Ada")

    with prompt.used(), span("call", "llm"):
        pass

    found = captured.named("call").attributes
    assert found["gen_ai.prompt.name"] == "greeting"
    assert found["gen_ai.prompt.version"] == "1"
    assert found["gen_ai.prompt.variable.name"] == "Ada"
    assert found["callboard.prompt.source"] == "memory"
    assert found["callboard.prompt.label"] == "production"


def test_only_calls_are_linked_and_only_inside_the_block(captured):
    with callboard.prompts.get("greeting").used(), span("step", "chain"):
        pass
    with span("later", "llm"):
        pass

    assert "gen_ai.prompt.name" not in captured.named("step").attributes
    assert "gen_ai.prompt.name" not in captured.named("later").attributes


def test_used_inside_a_call_links_that_call(captured):
    with span("call", "llm"), callboard.prompts.get("greeting").used():
        pass

    assert captured.named("call").attributes["gen_ai.prompt.name"] == "greeting"


def test_blocks_nest(captured):
    with callboard.prompts.get("greeting").used():
        with callboard.prompts.get("other").used(), span("inner", "llm"):
            pass
        with span("outer", "llm"):
            pass

    assert captured.named("inner").attributes["gen_ai.prompt.name"] == "other"
    assert captured.named("outer").attributes["gen_ai.prompt.name"] == "greeting"


def test_a_call_can_be_given_its_prompt_directly(captured):
    with span("call", "llm", prompt=callboard.prompts.get("greeting")):
        pass

    assert captured.named("call").attributes["gen_ai.prompt.version"] == "1"


def test_a_fallback_is_linked_without_a_version(captured):
    with callboard.prompts.get("nowhere", fallback="Hi").used(), span("call", "llm"):
        pass

    found = captured.named("call").attributes
    assert found["callboard.prompt.source"] == "fallback"
    assert "gen_ai.prompt.version" not in found


def test_variables_stay_apart_when_requests_share_a_prompt(captured):
    prompt = callboard.prompts.get("greeting")

    async def request(name: str) -> None:
        prompt.compile(name=name)
        await asyncio.sleep(0.01)
        with prompt.used(), span(f"call {name}", "llm"):
            await asyncio.sleep(0)

    async def scenario() -> None:
        await asyncio.gather(*(request(name) for name in ("Ada", "Bob", "Cleo")))

    asyncio.run(scenario())

    for name in ("Ada", "Bob", "Cleo"):
        assert captured.named(f"call {name}").attributes["gen_ai.prompt.variable.name"] == name


def test_two_prompts_keep_their_own_variables(captured):
    greeting, other = callboard.prompts.get("greeting"), callboard.prompts.get("other")
    greeting.compile(name="Ada")
    other.compile(mood="sad")

    with greeting.used(), span("call", "llm"):
        pass

    found = captured.named("call").attributes
    assert found["gen_ai.prompt.variable.name"] == "Ada"
    assert "gen_ai.prompt.variable.mood" not in found


@pytest.mark.parametrize("options", [{"capture_prompt_variables": False}, {"capture_content": False}])
def test_variables_can_be_kept_private(server, make_client, options):
    server.publish("greeting", "Hi {{name}}")
    client = make_client(server.url, **options)
    prompt = client.prompts.get("greeting")
    prompt.compile(name="Ada")

    with prompt.used(), client.span("call", "llm"):
        pass
    client.flush(5)

    found = server.span_named("call")["attributes"]
    assert found["gen_ai.prompt.name"] == "greeting"
    assert found["callboard.prompt.hash"] == f"{1:064x}"
    assert "gen_ai.prompt.variable.name" not in found


def test_the_arm_follows_the_unit_and_is_recorded(server, make_client):
    candidate = {"name": "greeting", "type": "text", "version": 2, "text": "two", "content_hash": "c" * 64}
    server.publish("greeting", "one", rollout={"id": "r-1", "share_ppm": 500_000, "candidate": candidate})
    client = make_client(server.url)
    client.prompts.get("greeting")

    by_unit = {f"user-{n}": client.prompts.get("greeting", unit=f"user-{n}").version for n in range(40)}
    unit = next(unit for unit, version in by_unit.items() if version == 2)
    with callboard.context(user=unit):
        prompt = client.prompts.get("greeting")
        with prompt.used(), client.span("call", "llm"):
            pass
    client.flush(5)

    assert set(by_unit.values()) == {1, 2}
    assert prompt.text == "two"
    assert {f"user-{n}": client.prompts.get("greeting", unit=f"user-{n}").version for n in range(40)} == by_unit
    found = server.span_named("call")["attributes"]
    assert (found["callboard.rollout.id"], found["callboard.rollout.arm"]) == ("r-1", "candidate")
    assert found["gen_ai.prompt.version"] == "2"
