"""Calls that are answered in one piece."""

from __future__ import annotations

import asyncio

import callboard
import callboard.openai
import openai
import pydantic
import pytest
from callboard.lifecycle import default_client
from callboard.openai import AsyncOpenAI, OpenAI, wrap_openai

from tests.sdk.openai_client.fake_openai import WEATHER_CALL, completion, response

MESSAGES = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def text(role, content, **more):
    return {"role": role, "parts": [{"type": "text", "content": content}], **more}


def test_a_chat_call_is_recorded(provider, client, captured):
    answer = client.chat.completions.create(
        model="gpt-x", messages=MESSAGES, temperature=0.5, max_completion_tokens=100, stop="END", seed=7, n=1
    )

    assert answer.choices[0].message.content == "Hello Ada"
    [span] = captured
    assert (span.name, span.kind) == ("chat gpt-x", "llm")
    assert span.input == [text("system", "Be kind."), text("user", "Hi")]
    assert span.output == [text("assistant", "Hello Ada", finish_reason="stop")]
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.seed": 7,
        "gen_ai.response.model": "gpt-x-2026",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "server.address": "127.0.0.1",
    }
    assert expected.items() <= span.attributes.items()


def test_the_memory_that_waiting_for_export_takes_counts_the_answer(provider, client, captured):
    sizes = []
    default_client().tracer.sink = lambda span, size: sizes.append(size)
    provider.chat_answer = completion("x" * 20_000)

    client.chat.completions.create(model="gpt-x", messages=MESSAGES)

    assert 20_000 <= sizes[0] <= 60_000


def test_the_memory_that_waiting_for_export_takes_counts_the_body_of_a_raw_answer(provider, client, captured):
    sizes = []
    default_client().tracer.sink = lambda span, size: sizes.append(size)
    provider.chat_answer = completion("x" * 20_000)

    client.chat.completions.with_raw_response.create(model="gpt-x", messages=MESSAGES)

    assert 20_000 <= sizes[0] <= 60_000


def test_an_asynchronous_chat_call_is_recorded(with_async, captured):
    async def scenario(client):
        return await client.chat.completions.create(model="gpt-x", messages=MESSAGES)

    assert with_async(scenario).choices[0].message.content == "Hello Ada"
    assert captured[0].output == [text("assistant", "Hello Ada", finish_reason="stop")]


def test_calls_belong_to_the_span_around_them(client, captured):
    with callboard.span("root") as root:
        client.chat.completions.create(model="gpt-x", messages=MESSAGES)

    assert captured.named("chat gpt-x").parent_id == root.span_id


def test_tools_and_their_calls_are_recorded(provider, client, captured):
    provider.chat_answer = completion(None, tool_calls=[WEATHER_CALL])

    client.chat.completions.create(model="gpt-x", messages=MESSAGES, tools=[TOOL])

    call = {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": '{"city":"Bern"}'}
    assert captured[0].output == [{"role": "assistant", "parts": [call], "finish_reason": "tool_calls"}]
    assert '"weather"' in captured[0].attributes["gen_ai.tool.definitions"]


def test_answers_given_back_as_objects_are_recorded(client, captured):
    first = client.chat.completions.create(model="gpt-x", messages=MESSAGES)
    client.chat.completions.create(model="gpt-x", messages=[*MESSAGES, first.choices[0].message])

    assert captured[1].input[-1] == text("assistant", "Hello Ada")


def test_parsed_answers_are_recorded_and_still_parsed(provider, client, captured):
    class Greeting(pydantic.BaseModel):
        name: str

    provider.chat_answer = completion('{"name": "Ada"}')

    answer = client.chat.completions.parse(model="gpt-x", messages=MESSAGES, response_format=Greeting)

    assert answer.choices[0].message.parsed == Greeting(name="Ada")
    assert captured[0].output == [text("assistant", '{"name": "Ada"}', finish_reason="stop")]


def test_responses_are_recorded(client, captured):
    answer = client.responses.create(
        model="gpt-x", input="Hi", instructions="Be kind.", reasoning={"effort": "low"}, max_output_tokens=50
    )

    assert answer.output_text == "Hello Ada"
    [span] = captured
    assert (span.name, span.kind) == ("chat gpt-x", "llm")
    assert span.input == [text("user", "Hi")]
    assert span.output == [text("assistant", "Hello Ada")]
    assert span.attributes["gen_ai.request.reasoning.level"] == "low"
    assert span.attributes["gen_ai.request.max_tokens"] == 50
    assert span.attributes["gen_ai.usage.input_tokens"] == 7
    assert span.attributes["gen_ai.usage.cache_read.input_tokens"] == 1
    assert span.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert "Be kind." in span.attributes["gen_ai.system_instructions"]


def test_a_failed_response_is_an_error_although_nothing_is_raised(provider, client, captured):
    provider.response_answer = response("failed", output=[], error={"code": "server_error", "message": "oops"})

    client.responses.create(model="gpt-x", input="Hi")

    assert captured[0].error == "server_error: oops"


def test_embeddings_are_recorded_without_their_vectors(with_async, client, captured):
    assert client.embeddings.create(model="embed-x", input="tea").data[0].embedding == [0.25, 0.5]

    async def scenario(client):
        return await client.embeddings.create(model="embed-x", input=["tea", "milk"])

    with_async(scenario)

    first, second = captured
    assert (first.name, first.kind, first.input) == ("embeddings embed-x", "embedding", "tea")
    assert second.input == ["tea", "milk"]
    assert first.attributes["gen_ai.operation.name"] == "embeddings"
    assert first.attributes["gen_ai.usage.input_tokens"] == 3
    assert "0.25" not in str(first.attributes)


def test_text_completions_are_recorded(client, captured):
    client.completions.create(model="gpt-x", prompt="Say hello")

    assert captured[0].attributes["gen_ai.operation.name"] == "text_completion"
    assert captured[0].input == "Say hello"
    assert captured[0].output == [text("assistant", "Hello Ada")]


def test_beta_chat_is_recorded(client, captured):
    client.beta.chat.completions.parse(model="gpt-x", messages=MESSAGES)

    assert captured[0].output == [text("assistant", "Hello Ada", finish_reason="stop")]


def test_an_error_is_recorded_and_raised_unchanged(provider, client, captured):
    provider.error = (429, {"error": {"message": "slow down", "type": "rate_limit"}})

    with pytest.raises(openai.RateLimitError, match="slow down"):
        client.chat.completions.create(model="gpt-x", messages=MESSAGES)

    [span] = captured
    assert span.attributes["error.type"] == "openai.RateLimitError"
    assert span.input == [text("system", "Be kind."), text("user", "Hi")]


def test_an_error_of_an_asynchronous_call_is_recorded(provider, with_async, captured):
    provider.error = (400, {"error": {"message": "no such model"}})

    async def scenario(client):
        await client.chat.completions.create(model="gpt-x", messages=MESSAGES)

    with pytest.raises(openai.BadRequestError, match="no such model"):
        with_async(scenario)

    assert captured[0].attributes["error.type"] == "openai.BadRequestError"


def test_a_cancelled_call_ends_its_span(provider, captured):
    async def scenario():
        async with AsyncOpenAI(api_key="k", base_url=provider.url) as client:
            call = asyncio.create_task(client.responses.create(model="gpt-x", input="Hi", stream=True))
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)

    asyncio.run(scenario())

    assert captured[0].attributes["error.type"] == "asyncio.exceptions.CancelledError"


def test_missing_arguments_raise_as_before(client, captured):
    with pytest.raises(TypeError, match="Missing required arguments"):
        client.chat.completions.create(model="gpt-x")


def test_callboards_own_arguments_never_reach_the_provider(provider, client, captured):
    prompt = callboard.prompts.get("greeting", type="chat")

    client.chat.completions.create(
        model="gpt-x",
        messages=prompt.compile(name="Ada"),
        callboard_prompt=prompt,
        callboard_name="greet",
        callboard_metadata={"plan": "pro"},
        callboard_tags=["a"],
        callboard_unknown=1,
    )

    assert provider.last_body == {"model": "gpt-x", "messages": [{"role": "user", "content": "Greet Ada"}]}
    [span] = captured
    assert span.name == "greet"
    assert span.attributes["gen_ai.prompt.name"] == "greeting"
    assert span.attributes["gen_ai.prompt.version"] == "1"
    assert span.attributes["gen_ai.prompt.variable.name"] == "Ada"
    assert span.attributes["callboard.metadata.plan"] == "pro"
    assert span.attributes["callboard.tags"] == ["a"]


def test_calls_inside_used_are_linked(client, captured):
    prompt = callboard.prompts.get("greeting", type="chat")

    with prompt.used():
        client.chat.completions.create(model="gpt-x", messages=prompt.compile(name="Ada"))

    assert captured[0].attributes["gen_ai.prompt.version"] == "1"


def test_own_arguments_are_taken_out_even_when_nothing_is_recorded(provider, make_client):
    cb = make_client("http://127.0.0.1:9", enabled=False)
    with openai.OpenAI(api_key="k", base_url=provider.url) as plain:
        client = wrap_openai(plain, callboard=cb)
        client.chat.completions.create(model="gpt-x", messages=MESSAGES, callboard_prompt=None)
        client.responses.create(model="gpt-x", input="Hi", callboard_name="x")

    assert all(not any(key.startswith("callboard") for key in body) for _, body, _ in provider.requests)


def test_content_stays_private_when_the_application_wants_that(provider, server, make_client):
    cb = make_client(server.url, capture_content=False)
    with wrap_openai(openai.OpenAI(api_key="k", base_url=provider.url), callboard=cb) as client:
        client.chat.completions.create(model="gpt-x", messages=MESSAGES, tools=[TOOL])
    cb.flush(5)

    [span] = server.spans
    assert span["attributes"]["gen_ai.usage.output_tokens"] == 5
    assert not {"Be kind.", "Hello Ada", "weather"} & set(str(span).replace("'", " ").split())
    assert "gen_ai.input.messages" not in span["attributes"]
    assert "gen_ai.output.messages" not in span["attributes"]


def test_wrapping_twice_records_once(provider, captured):
    with openai.OpenAI(api_key="k", base_url=provider.url) as plain:
        client = wrap_openai(wrap_openai(plain))
        assert client is plain
        assert isinstance(client, openai.OpenAI)
        client.chat.completions.create(model="gpt-x", messages=MESSAGES)
        assert wrap_openai(OpenAI(api_key="k", http_client=None)).__class__ is OpenAI

    assert len(captured) == 1


def test_a_client_in_use_can_be_wrapped(provider, captured):
    with openai.OpenAI(api_key="k", base_url=provider.url) as client:
        client.chat.completions.with_raw_response.create(model="gpt-x", messages=MESSAGES)
        client.with_raw_response.embeddings.create(model="embed-x", input="tea")
        wrap_openai(client)
        client.chat.completions.with_raw_response.create(model="gpt-x", messages=MESSAGES)
        client.with_raw_response.embeddings.create(model="embed-x", input="tea")

    assert [span.name for span in captured] == ["chat gpt-x", "embeddings embed-x"]


@pytest.mark.parametrize("make", ["with_options", "copy"])
def test_copies_of_a_client_are_recorded_too(provider, captured, make):
    with wrap_openai(openai.OpenAI(api_key="k", base_url=provider.url)) as client:
        getattr(client, make)(timeout=5).chat.completions.create(model="gpt-x", messages=MESSAGES)

    assert len(captured) == 1


def test_something_else_cannot_be_wrapped():
    with pytest.raises(TypeError, match="openai package"):
        wrap_openai(object())


def test_the_rest_of_the_openai_package_can_be_imported_from_here():
    assert callboard.openai.RateLimitError is openai.RateLimitError
    assert issubclass(callboard.openai.AzureOpenAI, openai.AzureOpenAI)
    assert issubclass(callboard.openai.AsyncAzureOpenAI, openai.AsyncAzureOpenAI)
    assert OpenAI.__name__ == "OpenAI"
    with pytest.raises(AttributeError):
        _ = callboard.openai.no_such_thing


def test_azure_and_other_providers_are_named(provider, captured):
    azure = callboard.openai.AzureOpenAI(
        api_key="k", api_version="2024-10-21", azure_endpoint=provider.url.removesuffix("/v1"), max_retries=0
    )
    with azure:
        azure.chat.completions.create(model="gpt-x", messages=MESSAGES)
    assert captured[0].attributes["gen_ai.provider.name"] == "azure.ai.openai"

    from callboard.openai.recording import Provider

    def provider_name(host):
        return Provider.at(host=host, port=None, is_azure=False).name

    assert provider_name("api.groq.com") == "groq"
    assert provider_name("api.deepseek.com") == "deepseek"
    assert provider_name("evilgroq.com") == "openai"
