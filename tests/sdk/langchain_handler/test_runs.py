"""Runs of LangChain's own objects, recorded by the callback handler."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import time
import uuid

import pytest
from callboard import context, current_span, observe, prompts, span
from callboard.langchain import CallbackHandler
from callboard.lifecycle import default_client
from callboard.testing import capture
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool


@pytest.fixture
def captured():
    with capture(prompts={"greeting": [{"role": "user", "content": "Greet {{name}}"}]}) as captured:
        yield captured


@pytest.fixture
def config():
    return {"callbacks": [CallbackHandler()]}


class SlowStream(GenericFakeChatModel):
    """Answers in two pieces, the first after 30 ms."""

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for text in ("Hello ", "Ada"):
            time.sleep(0.03)
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=text))
            if run_manager:
                run_manager.on_llm_new_token(text, chunk=chunk)
            yield chunk


class Library(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [Document(page_content="The sky is blue.", metadata={"source": "a.md"})]


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return look_out_of_the_window(city)


@observe
def look_out_of_the_window(city):
    return f"sunny in {city}"


def answering(message) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter([message]))


def test_a_call_of_a_chat_model_is_recorded_with_messages_usage_and_model(captured, config):
    answer = AIMessage(
        content="Hi Ada",
        usage_metadata={
            "input_tokens": 10,
            "output_tokens": 3,
            "total_tokens": 13,
            "input_token_details": {"cache_read": 4},
        },
        response_metadata={"model_name": "gpt-x-2026", "finish_reason": "stop"},
    )

    answering(answer).invoke([SystemMessage("Be kind."), HumanMessage("I am Ada.")], config=config)

    [call] = captured
    assert call.kind == "llm"
    assert [(message["role"], message["parts"][0]["content"]) for message in call.input] == [
        ("system", "Be kind."),
        ("user", "I am Ada."),
    ]
    assert call.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hi Ada"}], "finish_reason": "stop"}
    ]
    assert call.attributes["gen_ai.usage.input_tokens"] == 10
    assert call.attributes["gen_ai.usage.output_tokens"] == 3
    assert call.attributes["gen_ai.usage.cache_read.input_tokens"] == 4
    assert call.attributes["gen_ai.response.model"] == "gpt-x-2026"
    assert call.attributes["gen_ai.operation.name"] == "chat"


def test_the_memory_that_waiting_for_export_takes_counts_the_messages_sent(captured, config):
    sizes = []
    default_client().tracer.sink = lambda span, size: sizes.append(size)

    answering(AIMessage("Hi")).invoke([HumanMessage("x" * 20_000)], config=config)

    assert 20_000 <= sizes[0] <= 60_000


def test_the_memory_that_waiting_for_export_takes_counts_the_answer(captured, config):
    sizes = []
    default_client().tracer.sink = lambda span, size: sizes.append(size)

    answering(AIMessage("x" * 20_000)).invoke("Hi", config=config)

    assert 20_000 <= sizes[0] <= 60_000


def test_runs_of_a_chain_nest_as_they_ran(captured, config):
    chain = ChatPromptTemplate.from_messages([("user", "Greet {name}")]) | answering(AIMessage("Hi")) | (lambda m: m)

    with span("request"):
        chain.invoke({"name": "Ada"}, config=config)

    request, sequence = captured.named("request"), captured.named("RunnableSequence")
    assert sequence.parent_id == request.span_id
    children = [found for found in captured if found.parent_id == sequence.span_id]
    assert [found.kind for found in children] == ["chain", "llm", "chain"]
    assert sequence.input == {"name": "Ada"}
    assert sequence.output == {"role": "assistant", "content": "Hi"}


def test_tools_and_their_calls_are_recorded(captured, config):
    call = {"name": "weather", "args": {"city": "Bern"}, "id": "call_1"}
    asked = answering(AIMessage("", tool_calls=[call])).invoke("Weather?", config=config)
    told = weather.invoke(asked.tool_calls[0], config=config)
    answering(AIMessage("Sunny.")).invoke([HumanMessage("Weather?"), asked, told], config=config)

    assert isinstance(told, ToolMessage)
    asking, answering_call = [found for found in captured if found.kind == "llm"]
    assert asking.output[0]["parts"] == [
        {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Bern"}}
    ]
    assert answering_call.input[2]["parts"] == [
        {"type": "tool_call_response", "id": "call_1", "result": "sunny in Bern"}
    ]
    assert captured.named("weather").input == {"city": "Bern"}


def test_functions_of_the_application_inside_a_tool_are_its_children(captured, config):
    weather.invoke({"city": "Bern"}, config=config)

    inside = captured.named("look_out_of_the_window")
    assert inside.parent_id == captured.named("weather").span_id
    with span("afterwards"):
        pass
    assert captured.named("afterwards").parent_id is None


def test_functions_of_the_application_inside_a_chain_or_a_retriever_are_its_children(captured, config):
    class Shelves(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            look_out_of_the_window(query)
            return []

    @observe
    def step(value):
        assert current_span().name == "step"
        return Shelves().invoke(value, config=config)

    with span("request"):
        RunnableLambda(step, name="node").invoke("x", config=config)

    assert captured.named("node").parent_id == captured.named("request").span_id
    assert captured.named("step").parent_id == captured.named("node").span_id
    assert captured.named("Shelves").parent_id == captured.named("step").span_id
    assert captured.named("look_out_of_the_window").parent_id == captured.named("Shelves").span_id


def test_an_asynchronous_retriever_is_not_active_any_more_once_it_has_ended(captured, config):
    async def search_twice():
        with span("request"):
            await Library().ainvoke("Why blue?", config=config)
            assert current_span().name == "request"
            await Library().ainvoke("Why green?", config=config)
            with span("answer"), prompts.get("greeting").used():
                pass
        return current_span()

    assert asyncio.run(search_twice()) is None
    request = captured.named("request").span_id
    assert [found.parent_id for found in captured if found.kind == "retriever"] == [request, request]
    assert captured.named("answer").parent_id == request


def test_a_stream_that_is_read_in_pieces_or_left_leaves_nothing_active(captured, config):
    chain = RunnableLambda(lambda value: value) | SlowStream(messages=iter([]))
    stream = chain.stream("Hi", config=config)
    next(stream)
    assert current_span() is None
    with span("send"):
        list(stream)
    left = chain.stream("Hi", config=config)
    next(left)
    del left

    assert current_span() is None
    assert captured.named("send").parent_id is None


def test_what_a_retriever_found_is_recorded(captured, config):
    Library().invoke("Why blue?", config=config)

    [search] = captured
    assert (search.kind, search.input) == ("retriever", "Why blue?")
    assert search.output[0]["content"] == "The sky is blue."
    assert search.output[0]["metadata"] == {"source": "a.md"}


def test_the_time_to_the_first_token_of_a_stream_is_recorded(captured, config):
    pieces = list(SlowStream(messages=iter([])).stream("Hi", config=config))

    assert "".join(piece.text for piece in pieces) == "Hello Ada"
    [call] = captured
    assert call.output[0]["parts"] == [{"type": "text", "content": "Hello Ada"}]
    assert 0.025 < call.attributes["gen_ai.response.time_to_first_chunk"] < call.duration_ms / 1000 - 0.02
    assert call.attributes["gen_ai.request.stream"] is True


def test_errors_are_recorded_and_raised_unchanged(captured, config):
    def fail(_):
        raise KeyError("no such city")

    with pytest.raises(KeyError):
        RunnableLambda(fail).invoke("x", config=config)

    assert captured[0].error == "KeyError: 'no such city'"


def test_what_langgraph_raises_to_wait_for_a_person_is_no_error(captured, config):
    class GraphInterrupt(Exception):
        pass

    def interrupt(_):
        raise GraphInterrupt

    with pytest.raises(GraphInterrupt):
        RunnableLambda(interrupt).invoke("x", config=config)

    assert captured[0].error is None


def test_asynchronous_runs_side_by_side_do_not_mix_up_their_parents(captured, config):
    async def step(number):
        await asyncio.sleep(0.01)
        return await weather.ainvoke({"city": str(number)}, config={"callbacks": config["callbacks"]})

    async def request(number):
        with span(f"request {number}"):
            return await RunnableLambda(step).ainvoke(number, config=config)

    async def scenario():
        await asyncio.gather(*(request(number) for number in range(5)))

    asyncio.run(scenario())

    by_id = {found.span_id: found for found in captured}
    for tool_run in [found for found in captured if found.kind == "tool"]:
        step_run = by_id[tool_run.parent_id]
        assert by_id[step_run.parent_id].name == f"request {tool_run.input['city']}"


def test_tags_metadata_session_and_user_are_taken_from_the_config(captured, config):
    facts = {"session_id": "s-1", "user_id": 42, "plan": "pro", "ls_internal": "x"}

    chain = RunnableLambda(lambda value: value) | (lambda value: value)
    chain.invoke("x", config={**config, "tags": ["beta"], "metadata": facts})

    root = captured.named("RunnableSequence")
    assert root.attributes["callboard.tags"] == ["beta"]
    assert root.attributes["callboard.metadata.plan"] == "pro"
    assert "callboard.metadata.ls_internal" not in root.attributes
    assert {found.attributes["session.id"] for found in captured} == {"s-1"}
    assert {found.attributes["user.id"] for found in captured} == {"42"}


def test_calls_run_on_the_prompt_in_use_and_carry_the_context(captured, config):
    prompt = prompts.get("greeting", type="chat")
    with context(user="ada"), prompt.used():
        answering(AIMessage("Hi")).invoke("Greet Ada", config=config)

    assert captured[0].attributes["gen_ai.prompt.name"] == "greeting"
    assert captured[0].attributes["user.id"] == "ada"


def test_a_run_that_langchain_hides_is_left_out_and_its_children_are_not(captured):
    handler = CallbackHandler()
    outer, hidden, inner = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    handler.on_chain_start(None, {}, run_id=outer, name="outer")
    handler.on_chain_start(None, {}, run_id=hidden, parent_run_id=outer, name="hidden", tags=["langsmith:hidden"])
    handler.on_chain_start(None, {}, run_id=inner, parent_run_id=hidden, name="inner")
    for run_id in (inner, hidden, outer):
        handler.on_chain_end({}, run_id=run_id)

    assert [found.name for found in captured] == ["inner", "outer"]
    assert captured.named("inner").parent_id == captured.named("outer").span_id


def test_content_stays_private_when_the_application_wants_that(server, make_client):
    client = make_client(server.url, capture_content=False)
    handler = CallbackHandler(callboard=client)

    answering(AIMessage("secret answer")).invoke("secret question", config={"callbacks": [handler]})
    client.flush(5)

    [batch] = server.batches
    assert b"secret" not in batch.body
    assert b"gen_ai.operation.name" in batch.body


def test_a_handler_without_a_key_does_nothing(make_client):
    handler = CallbackHandler(callboard=make_client("http://127.0.0.1:9", api_key=""))

    assert answering(AIMessage("Hi")).invoke("Hello", config={"callbacks": [handler]}).content == "Hi"


def test_an_answer_of_an_unknown_shape_costs_neither_the_run_nor_the_span(captured):
    handler, run_id = CallbackHandler(), uuid.uuid4()
    handler.on_chat_model_start(None, [["not a message"]], run_id=run_id, invocation_params={"model": "m"})
    handler.on_llm_end(object(), run_id=run_id)
    handler.on_llm_end(object(), run_id=run_id)

    assert captured[0].attributes["gen_ai.request.model"] == "m"


def test_without_langchain_the_reason_is_one_clear_sentence():
    program = """
        import sys
        sys.modules["langchain_core"] = None
        try:
            import callboard.langchain
        except ImportError as error:
            print(error)
        """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
    )

    assert ended.stdout == "callboard.langchain needs LangChain; install it with `pip install langchain-core`.\n"
