"""`@observe` records functions of every nature and changes nothing about them."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from callboard import current_span, observe, span
from callboard.testing import capture


@pytest.fixture
def captured():
    with capture() as captured:
        yield captured


@observe
def add(first: int, second: int = 2, *, note: str = "") -> int:
    """Add two numbers."""
    return first + second


def test_a_call_is_recorded_with_arguments_and_result(captured):
    assert add(1, note="n") == 3

    [span] = captured
    assert span.name == "add"
    assert span.kind == "chain"
    assert span.input == {"first": 1, "note": "n"}
    assert span.output == 3
    assert span.parent_id is None
    assert span.duration_ms >= 0


def test_the_function_keeps_its_name_signature_and_documentation():
    assert add.__name__ == "add"
    assert add.__doc__ == "Add two numbers."
    assert str(inspect.signature(add)) == "(first: 'int', second: 'int' = 2, *, note: 'str' = '') -> 'int'"


def test_names_and_kinds_can_be_given(captured):
    @observe(name="look up", kind="retriever")
    def one(): ...

    @observe(as_type="generation")
    def two(): ...

    @observe(kind="nonsense")
    def three(): ...

    one(), two(), three()

    assert [(span.name, span.kind) for span in captured] == [
        ("look up", "retriever"),
        ("two", "llm"),
        ("three", "other"),
    ]


def test_calls_nest(captured):
    @observe
    def inner(): ...

    @observe
    def outer():
        inner()
        inner()

    outer()

    first, second, root = captured
    assert first.parent_id == second.parent_id == root.span_id
    assert len({span.trace_id for span in captured}) == 1


def test_errors_are_recorded_and_raised_unchanged(captured):
    error = ValueError("bad number")

    @observe
    def inner():
        raise error

    @observe
    def outer():
        inner()

    with pytest.raises(ValueError, match="bad number") as caught:
        outer()

    assert caught.value is error
    assert [span.error for span in captured] == ["ValueError: bad number"] * 2
    assert captured[0].attributes["error.type"] == "ValueError"
    assert current_span() is None


def test_input_and_output_can_be_left_out(captured):
    @observe(capture_input=False, capture_output=False)
    def secret(password):
        return password

    secret("hunter2")

    assert (captured[0].input, captured[0].output) == (None, None)
    assert "hunter2" not in str(captured[0].attributes)


def test_arguments_are_recorded_as_they_were_when_the_call_began(captured):
    @observe
    def extend(messages):
        messages.append({"role": "assistant", "content": "later"})

    extend([{"role": "user", "content": "Hi"}])

    assert captured[0].input == {"messages": [{"role": "user", "content": "Hi"}]}


def test_methods_are_recorded_without_self(captured):
    class Shop:
        @observe
        def sell(self, item):
            return item

        @classmethod
        @observe
        def open(cls, hour):
            return hour

        @observe
        @staticmethod
        def close(hour):
            return hour

    assert Shop().sell("tea") == "tea"
    assert Shop.open(9) == 9
    assert Shop.close(18) == 18

    assert [span.name for span in captured] == ["Shop.sell", "Shop.open", "Shop.close"]
    assert [span.input for span in captured] == [{"item": "tea"}, {"hour": 9}, {"hour": 18}]


def test_coroutines_are_recorded_and_stay_coroutines(captured):
    @observe
    async def fetch(query):
        await asyncio.sleep(0.01)
        return query * 2

    assert inspect.iscoroutinefunction(fetch)
    assert asyncio.run(fetch("ab")) == "abab"
    assert captured[0].output == "abab"
    assert captured[0].duration_ms >= 9


def test_concurrent_coroutines_do_not_mix_up_their_parents(captured):
    @observe
    async def child(name):
        await asyncio.sleep(0.005)

    @observe
    async def parent(name):
        await asyncio.gather(child(name), child(name))

    async def scenario():
        await asyncio.gather(parent("a"), parent("b"))

    asyncio.run(scenario())

    parents = {span.span_id: span for span in captured if span.name.endswith("parent")}
    children = [span for span in captured if span.name.endswith("child")]
    assert len(parents) == 2
    for child_span in children:
        assert parents[child_span.parent_id].input == child_span.input


def test_errors_in_coroutines_are_recorded(captured):
    @observe
    async def fail():
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(fail())

    assert captured[0].error == "KeyError: 'x'"


def test_without_recording_functions_of_every_nature_still_work(make_client):
    client = make_client("http://127.0.0.1:9", enabled=False)

    @client.observe
    def plain():
        return 1

    @client.observe
    def generator():
        return (yield 2)

    @client.observe
    async def coroutine():
        return 3

    @client.observe
    async def async_generator():
        yield 4

    async def scenario():
        return [await coroutine(), *[item async for item in async_generator()]]

    assert [plain(), *generator(), *asyncio.run(scenario())] == [1, 2, 3, 4]


def test_a_wrong_use_of_the_function_raises_as_before(captured):
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        add(1, nonsense=2)


def test_results_that_cannot_be_serialised_do_no_harm(captured):
    class Strange:
        def __repr__(self):
            raise RuntimeError

    @observe
    def strange():
        return {"value": Strange(), "circle": circle}

    circle: list[object] = []
    circle.append(circle)

    assert isinstance(strange()["value"], Strange)
    assert "Strange" in str(captured[0].output)


def test_a_task_belongs_to_the_span_in_which_it_was_created(captured):
    @observe
    async def work(name, go):
        await go.wait()
        with span(f"step of {name}"):
            pass

    async def scenario():
        go = asyncio.Event()
        before = asyncio.create_task(work("before", go))
        with span("request"):
            inside = asyncio.create_task(work("inside", go))
            await asyncio.sleep(0)
        after = asyncio.create_task(work("after", go))
        go.set()
        await asyncio.gather(before, inside, after)

    asyncio.run(scenario())

    works = {found.input["name"]: found for found in captured if found.kind == "chain" and found.input}
    assert works["before"].parent_id is None
    assert works["inside"].parent_id == captured.named("request").span_id
    assert works["after"].parent_id is None
    for name, found in works.items():
        assert captured.named(f"step of {name}").parent_id == found.span_id
