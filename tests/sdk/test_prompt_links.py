"""Calls are linked to the prompt version they ran on."""

import asyncio
import datetime

import callboard
import pytest
from callboard import assignment, span
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


def _targeted(**targeting):
    candidate = {"name": "greeting", "type": "text", "version": 2, "text": "two", "content_hash": "c" * 64}
    return {"id": "r-1", "share_ppm": 1_000_000, "candidate": candidate, "targeting": targeting}


def test_who_a_rollout_is_not_about_gets_what_was_live_and_is_not_counted(server, make_client):
    rollout = _targeted(environments=["production"], attributes={"plan": ["pro"]}, forced=[])
    server.publish("greeting", "one", targeted_rollout=rollout)
    client = make_client(server.url, environment="production")
    elsewhere = make_client(server.url, environment="staging")
    client.prompts.get("greeting")
    elsewhere.prompts.get("greeting")

    def found(client, plan):
        with callboard.context(user="anna", metadata={"plan": plan}):
            prompt = client.prompts.get("greeting")
        return prompt.version, prompt.arm, prompt.rollout_id

    assert found(client, "pro") == (2, "candidate", "r-1")
    assert found(client, "free") == (1, None, None)
    assert found(elsewhere, "pro") == (1, None, None)


def test_testers_get_their_version_whatever_the_share_is_and_are_not_counted(server, make_client):
    testers = {unit: assignment.bucket_of(rollout_id="r-1", unit_id=unit) for unit in ("anna", "ben")}
    rollout = _targeted(forced=[[testers["anna"], "candidate"], [testers["ben"], "control"]])
    server.publish("greeting", "one", targeted_rollout={**rollout, "share_ppm": 0})
    client = make_client(server.url)
    client.prompts.get("greeting")

    anna, ben = (client.prompts.get("greeting", unit=unit) for unit in testers)

    assert (anna.version, anna.arm, anna.rollout_id) == (2, None, None)
    assert (ben.version, ben.arm, ben.rollout_id) == (1, None, None)


def test_a_targeting_that_this_client_does_not_know_leaves_everybody_on_what_was_live(server, make_client):
    server.publish("greeting", "one", targeted_rollout=_targeted(moon="full"))
    client = make_client(server.url)

    prompt = client.prompts.get("greeting", unit="anna")

    assert (prompt.version, prompt.arm) == (1, None)


def test_a_conversation_keeps_the_arm_that_it_began_with_while_the_share_grows(server, make_client):
    candidate = {"name": "greeting", "type": "text", "version": 2, "text": "two", "content_hash": "c" * 64}
    server.publish("greeting", "one", rollout={"id": "r-1", "share_ppm": 0, "candidate": candidate})
    client = make_client(server.url, prompt_ttl_seconds=0.0)

    def version(session):
        with callboard.context(user="anna", session=session):
            return client.prompts.get("greeting").version

    before = version("old talk")
    grown = {"id": "r-1", "share_ppm": 1_000_000, "candidate": candidate}
    server.publish("greeting", "one", rollout=grown, content_hash="d" * 64)

    assert before == 1
    assert version("old talk") == 1
    assert version("new talk") == 2


def _growing(share_ppm, **fields):
    candidate = {"name": "greeting", "type": "text", "version": 2, "text": "two", "content_hash": "c" * 64}
    return {"id": "r-1", "share_ppm": share_ppm, "candidate": candidate, **fields}


def test_a_conversation_keeps_its_arm_when_another_process_of_the_machine_answers(server, make_client):
    server.publish("greeting", "one", rollout=_growing(0))
    first = make_client(server.url, prompt_ttl_seconds=0.0)
    second = make_client(server.url, prompt_ttl_seconds=0.0)

    def version(client, session):
        with callboard.context(user="anna", session=session):
            return client.prompts.get("greeting").version

    before = version(first, "old talk")
    server.publish("greeting", "one", rollout=_growing(1_000_000), content_hash="d" * 64)

    assert before == 1
    assert version(second, "old talk") == 1
    assert version(second, "new talk") == 2


def test_without_a_directory_each_process_remembers_its_own_conversations(server, make_client):
    server.publish("greeting", "one", rollout=_growing(0))
    client = make_client(server.url, prompt_ttl_seconds=0.0, prompt_dir=None)

    def version(session):
        with callboard.context(user="anna", session=session):
            return client.prompts.get("greeting").version

    before = version("old talk")
    server.publish("greeting", "one", rollout=_growing(1_000_000), content_hash="d" * 64)

    assert (before, version("old talk"), version("new talk")) == (1, 1, 2)


@pytest.mark.parametrize(
    ("began_at", "version"),
    [(None, 2), (50.0, 1), (150.0, 1), (250.0, 2), (datetime.datetime.fromtimestamp(150, datetime.UTC), 1)],
)
def test_a_conversation_whose_beginning_is_known_keeps_the_share_of_then_on_every_machine(
    server, make_client, began_at, version
):
    shares = [{"since": 100.0, "share_ppm": 0}, {"since": 200.0, "share_ppm": 1_000_000}]
    server.publish("greeting", "one", rollout=_growing(1_000_000, shares=shares))
    client = make_client(server.url)

    with callboard.context(user="anna", session="talk", session_began_at=began_at), callboard.context(tags=["x"]):
        prompt = client.prompts.get("greeting")

    assert prompt.version == version
    assert prompt.arm == ("candidate" if version == 2 else "control")


def test_another_session_inside_a_block_does_not_begin_when_the_outer_one_did(server, make_client):
    shares = [{"since": 100.0, "share_ppm": 0}, {"since": 200.0, "share_ppm": 1_000_000}]
    server.publish("greeting", "one", rollout=_growing(1_000_000, shares=shares))
    client = make_client(server.url)

    with callboard.context(user="anna", session="talk", session_began_at=150.0), callboard.context(session="other"):
        assert client.prompts.get("greeting").version == 2
