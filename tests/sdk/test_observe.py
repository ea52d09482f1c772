"""`@observe` records functions of every nature and changes nothing about them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator

import pytest

from callboard import current_span, observe
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


def test_a_generator_is_recorded_when_it_ends_with_its_texts_joined(captured):
    @observe
    def words() -> Iterator[str]:
        yield "Hello "
        yield "world"

    assert inspect.isgeneratorfunction(words)
    stream = words()
    assert next(stream) == "Hello "
    assert len(captured) == 0
    assert list(stream) == ["world"]
    assert captured[0].output == "Hello world"


def test_other_items_of_a_generator_become_a_list(captured):
    @observe
    def numbers():
        yield 1
        yield 2

    list(numbers())

    assert captured[0].output == [1, 2]


def test_items_can_be_joined_by_a_function_of_the_application(captured):
    @observe(transform_to_string=lambda items: "|".join(map(str, items)))
    def numbers():
        yield 1
        yield 2

    @observe(transform_to_string=lambda items: items[99])
    def broken():
        yield 1

    assert list(numbers()) == [1, 2]
    assert list(broken()) == [1]
    assert captured[0].output == "1|2"
    assert captured[1].output is None


def test_a_generator_can_be_sent_to_thrown_into_and_returns(captured):
    @observe
    def talk():
        received = yield "first"
        try:
            yield received
        except ValueError:
            yield "caught"
        return "result"

    stream = talk()
    assert next(stream) == "first"
    assert stream.send("sent") == "sent"
    assert stream.throw(ValueError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(stream)
    assert stop.value.value == "result"
    assert captured[0].output == "firstsentcaught"
    assert captured[0].error is None


def test_a_generator_that_is_closed_early_is_recorded_and_cleans_up(captured):
    cleaned = []

    @observe
    def words():
        try:
            yield "one"
            yield "two"
        finally:
            cleaned.append(True)

    stream = words()
    next(stream)
    stream.close()

    assert cleaned == [True]
    assert captured[0].output == "one"
    assert captured[0].error is None


def test_an_error_in_a_generator_is_recorded_with_what_came_before(captured):
    @observe
    def words():
        yield "one"
        raise OSError("lost")

    with pytest.raises(OSError, match="lost"):
        list(words())

    assert captured[0].output == "one"
    assert captured[0].error == "OSError: lost"


def test_between_two_items_the_span_is_not_active_outside(captured):
    @observe
    def inner(): ...

    @observe
    def words():
        inner()
        yield 1
        inner()

    for _ in words():
        inner()

    inside, outside, inside_too, generator = captured
    assert inside.parent_id == inside_too.parent_id == generator.span_id
    assert outside.parent_id is None


def test_async_generators_are_recorded(captured):
    @observe
    async def words() -> AsyncIterator[str]:
        yield "Hello "
        await asyncio.sleep(0)
        yield "world"

    async def scenario():
        return [word async for word in words()]

    assert inspect.isasyncgenfunction(words)
    assert asyncio.run(scenario()) == ["Hello ", "world"]
    assert captured[0].output == "Hello world"


def test_an_async_generator_can_be_sent_to_thrown_into_and_closed(captured):
    cleaned = []

    @observe
    async def talk():
        try:
            received = yield "first"
            try:
                yield received
            except ValueError:
                yield "caught"
            yield "never"
        finally:
            cleaned.append(True)

    async def scenario():
        stream = talk()
        got = [await anext(stream), await stream.asend("sent"), await stream.athrow(ValueError())]
        await stream.aclose()
        return got

    assert asyncio.run(scenario()) == ["first", "sent", "caught"]
    assert cleaned == [True]
    assert captured[0].output == "firstsentcaught"


def test_an_error_in_an_async_generator_is_recorded(captured):
    @observe
    async def words():
        yield "one"
        raise OSError("lost")

    async def scenario():
        return [word async for word in words()]

    with pytest.raises(OSError, match="lost"):
        asyncio.run(scenario())

    assert captured[0].error == "OSError: lost"


def test_a_function_that_returns_a_generator_is_recorded_until_that_ends(captured):
    @observe
    def stream():
        return (letter for letter in "abc")

    @observe
    def astream():
        async def letters():
            for letter in "abc":
                yield letter

        return letters()

    async def collect():
        return [letter async for letter in astream()]

    assert "".join(stream()) == "abc"
    assert "".join(asyncio.run(collect())) == "abc"
    assert [span.output for span in captured] == ["abc", "abc"]


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
