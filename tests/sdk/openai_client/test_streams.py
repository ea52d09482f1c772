"""Streamed answers and raw responses."""

from __future__ import annotations

import asyncio
import gc

import openai
import pytest

from tests.sdk.openai_client.fake_openai import completion

MESSAGES = [{"role": "user", "content": "Hi"}]
HELLO = [{"role": "assistant", "parts": [{"type": "text", "content": "Hello Ada"}], "finish_reason": "stop"}]
WITH_USAGE = {"include_usage": True}


def test_a_stream_is_recorded_when_it_ends(client, captured):
    stream = client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True, stream_options=WITH_USAGE)

    assert isinstance(stream, openai.Stream)
    assert len(captured) == 0
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    assert text == "Hello Ada"
    [span] = captured
    assert span.output == HELLO
    assert span.attributes["gen_ai.request.stream"] is True
    assert span.attributes["gen_ai.usage.input_tokens"] == 10
    assert span.attributes["gen_ai.response.model"] == "gpt-x-2026"
    assert 0.015 < span.attributes["gen_ai.response.time_to_first_chunk"] < span.duration_ms / 1000


def test_an_asynchronous_stream_is_recorded_when_it_ends(with_async, captured):
    async def scenario(client):
        stream = await client.chat.completions.create(
            model="gpt-x", messages=MESSAGES, stream=True, stream_options=WITH_USAGE
        )
        assert isinstance(stream, openai.AsyncStream)
        return [chunk async for chunk in stream]

    assert len(with_async(scenario)) == 5
    assert captured[0].output == HELLO
    assert captured[0].attributes["gen_ai.usage.output_tokens"] == 5
    assert captured[0].attributes["gen_ai.response.time_to_first_chunk"] > 0.015


def test_streamed_tool_calls_are_joined(provider, client, captured):
    provider.streams_tools = True

    list(client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True))

    [message] = captured[0].output
    assert message["parts"] == [
        {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": '{"city":"Bern"}'}
    ]
    assert message["finish_reason"] == "tool_calls"


def test_a_stream_left_early_is_recorded_with_what_came(client, captured):
    with client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content == "Hello ":
                break

    assert captured[0].output[0]["parts"][0]["content"] == "Hello "
    assert captured[0].error is None


def test_a_stream_nobody_reads_is_recorded_once_it_is_forgotten(client, captured):
    stream = client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True)
    stream.response.close()
    del stream
    gc.collect()

    assert captured[0].output is None
    assert captured[0].attributes["gen_ai.request.model"] == "gpt-x"


def test_an_asynchronous_stream_left_early_is_recorded(with_async, captured):
    async def scenario(client):
        stream = await client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True)
        async with stream:
            async for _ in stream:
                break

    with_async(scenario)

    assert len(captured) == 1


def test_an_error_inside_a_stream_is_recorded_and_raised(provider, client, captured):
    provider.breaks_stream = True

    with pytest.raises(openai.APIError, match="overloaded"):
        list(client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True))

    assert captured[0].error.startswith("openai.APIError")
    assert captured[0].output[0]["parts"][0]["content"] == "Hello "


def test_an_error_inside_an_asynchronous_stream_is_recorded_and_raised(provider, with_async, captured):
    provider.breaks_stream = True

    async def scenario(client):
        async for _ in await client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True):
            pass

    with pytest.raises(openai.APIError, match="overloaded"):
        with_async(scenario)

    assert captured[0].error.startswith("openai.APIError")


def test_the_stream_helper_works_and_is_recorded(client, captured):
    with client.chat.completions.stream(model="gpt-x", messages=MESSAGES) as stream:
        events = [event.type for event in stream]
        final = stream.get_final_completion()

    assert "content.delta" in events
    assert final.choices[0].message.content == "Hello Ada"
    assert captured[0].output == HELLO


def test_the_asynchronous_stream_helper_works_and_is_recorded(with_async, captured):
    async def scenario(client):
        async with client.chat.completions.stream(model="gpt-x", messages=MESSAGES) as stream:
            return (await stream.get_final_completion()).choices[0].message.content

    assert with_async(scenario) == "Hello Ada"
    assert captured[0].output == HELLO


def test_streamed_responses_are_recorded(client, captured):
    events = list(client.responses.create(model="gpt-x", input="Hi", stream=True))

    assert events[-1].type == "response.completed"
    [span] = captured
    assert span.output[0]["parts"][0]["content"] == "Hello Ada"
    assert span.attributes["gen_ai.usage.input_tokens"] == 7


def test_the_first_chunk_of_a_streamed_response_is_the_first_that_follows_the_announcements(
    client, with_async, captured
):
    list(client.responses.create(model="gpt-x", input="Hi", stream=True))

    async def scenario(client):
        return [event async for event in await client.responses.create(model="gpt-x", input="Hi", stream=True)]

    with_async(scenario)

    # The announcement comes after 20 ms, and the rest 100 ms later.
    assert len(captured) == 2
    for span in captured:
        assert 0.115 < span.attributes["gen_ai.response.time_to_first_chunk"] < span.duration_ms / 1000


def test_a_response_stream_left_early_keeps_the_text_so_far(client, captured):
    with client.responses.create(model="gpt-x", input="Hi", stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                break

    assert captured[0].output[0]["parts"][0]["content"] == "Hello "


def test_the_response_stream_helper_works_and_is_recorded(client, with_async, captured):
    with client.responses.stream(model="gpt-x", input="Hi") as stream:
        assert stream.get_final_response().output_text == "Hello Ada"

    async def scenario(client):
        async with client.responses.stream(model="gpt-x", input="Hi") as stream:
            return (await stream.get_final_response()).output_text

    assert with_async(scenario) == "Hello Ada"
    assert [span.output[0]["parts"][0]["content"] for span in captured] == ["Hello Ada", "Hello Ada"]


def test_raw_responses_work_and_are_recorded(provider, client, captured):
    raw = client.chat.completions.with_raw_response.create(model="gpt-x", messages=MESSAGES)

    assert raw.headers["content-type"] == "application/json"
    assert raw.parse().choices[0].message.content == "Hello Ada"
    [span] = captured
    assert span.output == HELLO
    assert span.attributes["gen_ai.usage.input_tokens"] == 10


def test_asynchronous_raw_responses_work_and_are_recorded(with_async, captured):
    async def scenario(client):
        raw = await client.chat.completions.with_raw_response.create(model="gpt-x", messages=MESSAGES)
        return raw.parse().choices[0].message.content

    assert with_async(scenario) == "Hello Ada"
    assert captured[0].output == HELLO


def test_a_raw_response_can_be_a_stream(client, captured):
    raw = client.chat.completions.with_raw_response.create(model="gpt-x", messages=MESSAGES, stream=True)

    assert len(list(raw.parse())) == 4
    assert captured[0].output == HELLO


def test_streaming_responses_work_and_are_recorded(client, with_async, captured):
    with client.chat.completions.with_streaming_response.create(model="gpt-x", messages=MESSAGES) as response:
        assert response.parse().choices[0].message.content == "Hello Ada"

    async def scenario(client):
        created = client.chat.completions.with_streaming_response.create(model="gpt-x", messages=MESSAGES)
        async with created as response:
            return (await response.parse()).choices[0].message.content

    assert with_async(scenario) == "Hello Ada"
    assert [span.output for span in captured] == [HELLO, HELLO]


def test_a_streaming_response_that_is_never_parsed_is_still_recorded(client, captured):
    with client.chat.completions.with_streaming_response.create(model="gpt-x", messages=MESSAGES) as response:
        assert b"Hello Ada" in response.read()
    del response
    gc.collect()

    assert captured[0].attributes["gen_ai.request.model"] == "gpt-x"


@pytest.fixture
def no_collector():
    """Nothing in a reference cycle is missed before the test ends."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_a_loop_left_early_ends_the_call_at_once(client, captured):
    for chunk in client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True):
        if chunk.choices[0].delta.content == "Hello ":
            break

    assert captured[0].output[0]["parts"][0]["content"] == "Hello "


@pytest.mark.usefixtures("no_collector")
def test_an_asynchronous_loop_left_early_ends_the_call_at_once(with_async, captured):
    async def scenario(client):
        async for _ in await client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True):
            break
        await asyncio.sleep(0.01)
        return len(captured)

    assert with_async(scenario) == 1


def test_a_stream_can_be_asked_for_one_chunk_and_then_walked_through(client, captured):
    stream = client.chat.completions.create(model="gpt-x", messages=MESSAGES, stream=True)

    first = next(stream)
    rest = list(stream)

    assert first.choices
    assert rest
    assert captured[0].output == HELLO


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("read", ["json", "read", "text"])
def test_a_streaming_response_whose_body_is_read_is_recorded_with_it(client, captured, read):
    with client.chat.completions.with_streaming_response.create(model="gpt-x", messages=MESSAGES) as response:
        getattr(response, read)()

    assert captured[0].attributes["gen_ai.usage.input_tokens"] == 10


@pytest.mark.usefixtures("no_collector")
def test_a_streaming_response_read_by_lines_is_recorded_when_it_is_left(client, with_async, captured):
    with client.chat.completions.with_streaming_response.create(model="gpt-x", messages=MESSAGES) as response:
        lines = list(response.iter_lines())

    async def scenario(client):
        async with client.chat.completions.with_streaming_response.create(model="gpt-x", messages=MESSAGES) as answer:
            return [line async for line in answer.iter_lines()]

    assert lines == with_async(scenario)
    assert [span.attributes["gen_ai.request.model"] for span in captured] == ["gpt-x", "gpt-x"]


def test_several_answers_are_kept_apart(provider, client, captured):
    answer = completion()
    answer["choices"].append({**answer["choices"][0], "index": 1, "finish_reason": "length"})
    provider.chat_answer = answer

    client.chat.completions.create(model="gpt-x", messages=MESSAGES, n=2)

    assert len(captured[0].output) == 2
    assert captured[0].attributes["gen_ai.request.choice.count"] == 2
    assert captured[0].attributes["gen_ai.response.finish_reasons"] == ["stop", "length"]
