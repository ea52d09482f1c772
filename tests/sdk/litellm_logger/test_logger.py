"""Calls told to the logger as LiteLLM tells them: before the call, and after it from another thread or task.

LiteLLM itself is no dependency of the tests: what it passes is written here as its documentation has it.
"""

from __future__ import annotations

import asyncio
import datetime
import subprocess
import sys
import textwrap
import threading
import types
from typing import Any

import pytest
from callboard import prompts, span
from callboard.lifecycle import default_client
from callboard.testing import capture

BEGAN = datetime.datetime(2026, 11, 1, 12, 0, 0)  # noqa: DTZ001 - LiteLLM tells local times without a zone
MESSAGES = [{"role": "user", "content": "Hi"}]
ANSWER = {
    "id": "chatcmpl-1",
    "model": "gpt-x-2026",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello Ada"}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}},
}


class Response:
    """An answer as an object of a model class."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def model_dump(self, **options: Any) -> dict[str, Any]:
        return {key: value for key, value in self._content.items() if key not in options.get("exclude", ())}


class CustomLogger:
    """The base class of LiteLLM's loggers, with the methods that are called here."""

    def __init__(self, message_logging: bool = True) -> None:
        self.message_logging = message_logging


@pytest.fixture
def logger(monkeypatch):
    package, integrations = types.ModuleType("litellm"), types.ModuleType("litellm.integrations")
    module = types.ModuleType("litellm.integrations.custom_logger")
    module.CustomLogger = CustomLogger
    for found in (package, integrations, module):
        monkeypatch.setitem(sys.modules, found.__name__, found)
    ours = [name for name in sys.modules if name.startswith("callboard.litellm")]
    assert not ours
    from callboard.litellm import CallboardLogger

    yield CallboardLogger()
    for name in [name for name in sys.modules if name.startswith("callboard.litellm")]:
        del sys.modules[name]
    delattr(sys.modules["callboard"], "litellm")


@pytest.fixture
def captured():
    with capture(prompts={"greeting": [{"role": "user", "content": "Greet {{name}}"}]}) as captured:
        yield captured


def details(call_id="call-1", **more):
    """Return LiteLLM's `model_call_details`."""
    return {
        "litellm_call_id": call_id,
        "start_time": BEGAN,
        "model": "gpt-x",
        "messages": MESSAGES,
        "call_type": "completion",
        "custom_llm_provider": "azure",
        "optional_params": {"temperature": 0.2, "tools": [{"type": "function"}]},
        "litellm_params": {"metadata": None},
        "stream": False,
        "completion_start_time": None,
        **more,
    }


def after(seconds):
    return BEGAN + datetime.timedelta(seconds=seconds)


def in_a_thread(call):
    """LiteLLM tells the end of a call from another thread, in which nothing of the caller's context is known."""
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def call(logger, kwargs, response=None, *, seconds=2.0):
    logger.log_pre_api_call(kwargs["model"], kwargs["messages"], kwargs)
    in_a_thread(lambda: logger.log_success_event(kwargs, Response(response or ANSWER), BEGAN, after(seconds)))


def test_a_completion_is_recorded_under_the_span_that_made_it(logger, captured):
    with span("request") as request:
        call(logger, details(response_cost=0.0012))

    found = captured.named("chat gpt-x")
    assert (found.kind, found.parent_id) == ("llm", request.span_id)
    assert found.input == [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    assert found.output[0]["parts"] == [{"type": "text", "content": "Hello Ada"}]
    assert found.duration_ms == 2000
    expected = {
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.response.model": "gpt-x-2026",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read.input_tokens": 3,
        "gen_ai.usage.cost": 0.0012,
    }
    assert {key: found.attributes.get(key) for key in expected} == expected


def test_the_memory_that_waiting_for_export_takes_counts_the_answer(logger, captured):
    sizes = []
    default_client().tracer.sink = lambda span, size: sizes.append(size)

    call(logger, details(), {**ANSWER, "id": "x" * 20_000})

    assert 20_000 <= sizes[0] <= 60_000


def test_an_asynchronous_call_whose_end_is_told_twice_is_recorded_once(logger, captured):
    kwargs = details()

    async def scenario():
        with span("request"):
            logger.log_pre_api_call("gpt-x", MESSAGES, kwargs)
            await logger.async_log_success_event(kwargs, Response(ANSWER), BEGAN, after(1))

    asyncio.run(scenario())
    in_a_thread(lambda: logger.log_success_event(kwargs, Response(ANSWER), BEGAN, after(1)))

    assert sorted(found.name for found in captured) == ["chat gpt-x", "request"]
    assert captured.named("chat gpt-x").parent_id == captured.named("request").span_id


def test_the_time_to_the_first_chunk_of_a_stream_is_recorded(logger, captured):
    call(logger, details(stream=True, completion_start_time=after(0.5)))

    assert captured[0].attributes["gen_ai.response.time_to_first_chunk"] == 0.5
    assert captured[0].attributes["gen_ai.request.stream"] is True


def test_without_streaming_there_is_no_first_chunk(logger, captured):
    call(logger, details(completion_start_time=after(2)))

    assert "gen_ai.response.time_to_first_chunk" not in captured[0].attributes


@pytest.mark.parametrize("is_async", [False, True])
def test_a_failure_is_recorded_with_its_reason(logger, captured, is_async):
    kwargs = details(exception=TimeoutError("too slow"))
    logger.log_pre_api_call("gpt-x", MESSAGES, kwargs)

    if is_async:
        asyncio.run(logger.async_log_failure_event(kwargs, None, BEGAN, after(3)))
    else:
        logger.log_failure_event(kwargs, None, BEGAN, after(3))

    assert captured[0].error == "TimeoutError: too slow"
    assert captured[0].input is not None


def test_a_retry_under_the_same_id_is_a_call_of_its_own(logger, captured):
    first, second = details(exception=TimeoutError("slow")), details(start_time=after(5))
    logger.log_pre_api_call("gpt-x", MESSAGES, first)
    logger.log_pre_api_call("gpt-x", MESSAGES, second)
    logger.log_failure_event(first, None, BEGAN, after(4))
    logger.log_success_event(second, Response(ANSWER), after(5), after(6))

    assert [found.error is None for found in captured] == [False, True]
    assert captured[0].span_id != captured[1].span_id


def test_an_answer_from_a_cache_is_recorded_although_no_call_began(logger, captured):
    logger.log_success_event(details(cache_hit=True), Response(ANSWER), BEGAN, after(0.01))

    assert captured[0].attributes["callboard.metadata.cache_hit"] is True


@pytest.mark.parametrize("call_type", ["embedding", "aembedding"])
def test_embeddings_are_recorded_without_their_vectors(logger, captured, call_type):
    answer = {"model": "e", "data": [{"embedding": [0.1] * 3}], "usage": {"prompt_tokens": 4, "total_tokens": 4}}
    call(logger, details(call_type=call_type, messages=None, input=["one", "two"]), answer)

    [found] = captured
    assert (found.kind, found.input) == ("embedding", ["one", "two"])
    assert found.attributes["gen_ai.usage.input_tokens"] == 4
    assert "0.1" not in str(found.attributes)


def test_metadata_of_the_call_is_taken_over_and_that_of_the_proxy_is_not(logger, captured):
    metadata = {
        "generation_name": "greet",
        "session_id": "s-1",
        "trace_user_id": "ada",
        "tags": ["beta"],
        "plan": "pro",
        "user_api_key_hash": "secret",
        "headers": {"authorization": "Bearer secret"},
    }
    call(logger, details(litellm_params={"metadata": metadata}))

    [found] = captured
    assert found.name == "greet"
    assert found.attributes["session.id"] == "s-1"
    assert found.attributes["user.id"] == "ada"
    assert found.attributes["callboard.tags"] == ["beta"]
    assert found.attributes["callboard.metadata.plan"] == "pro"
    assert "secret" not in str(found.attributes)


def test_a_request_to_the_proxy_continues_the_trace_of_its_sender(logger, captured):
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    call(logger, details(litellm_params={"proxy_server_request": {"headers": headers}}))

    assert (captured[0].trace_id, captured[0].parent_id) == ("a" * 32, "b" * 16)


def test_a_call_runs_on_the_prompt_in_use(logger, captured):
    with prompts.get("greeting", type="chat").used():
        call(logger, details())

    assert captured[0].attributes["gen_ai.prompt.name"] == "greeting"


@pytest.mark.parametrize("kwargs", [{}, {"litellm_params": "odd", "optional_params": 7, "messages": object()}])
def test_a_call_of_an_unknown_shape_never_raises(logger, captured, kwargs):
    logger.log_pre_api_call("m", None, kwargs)
    logger.log_success_event(kwargs, object(), "then", None)

    assert len(captured) == 1


def test_a_forked_child_does_not_wait_for_a_lock_that_a_thread_of_its_parent_held(logger, captured):
    of_the_parent = logger._lock
    logger._pid = 0
    with of_the_parent:
        recording = threading.Thread(target=lambda: call(logger, details()), daemon=True)
        recording.start()
        recording.join(3)

        assert not recording.is_alive()
    assert captured.named("chat gpt-x")


def test_a_key_that_asks_its_logger_again_does_not_wait_for_itself(logger, captured):
    class Nested:
        def __str__(self):
            logger.log_failure_event(details("inner"), None, BEGAN, after(1))
            return "outer"

    recording = threading.Thread(target=lambda: call(logger, details(Nested())), daemon=True)
    recording.start()
    recording.join(3)

    assert not recording.is_alive()


def test_nothing_is_recorded_without_a_key(logger, make_client):
    from callboard.litellm import CallboardLogger

    client = make_client("http://127.0.0.1:9", api_key="")

    call(CallboardLogger(callboard=client), details())

    assert client.stats()["spans_lost"] == 0


def test_without_litellm_the_reason_is_one_clear_sentence():
    program = """
        import sys
        sys.modules["litellm"] = None
        try:
            import callboard.litellm
        except ImportError as error:
            print(error)
        """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
    )

    assert ended.stdout == "callboard.litellm needs LiteLLM; install it with `pip install litellm`.\n"
