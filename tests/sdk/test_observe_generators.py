"""`@observe` on generators and asynchronous generators."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from callboard import observe
from callboard.testing import capture


@pytest.fixture
def captured():
    with capture() as captured:
        yield captured


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


def test_the_time_to_the_first_item_of_a_model_call_is_recorded(captured):
    @observe(kind="llm")
    def words() -> Iterator[str]:
        time.sleep(0.02)
        yield "Hello "
        time.sleep(0.02)
        yield "world"

    list(words())

    [span] = captured
    assert 0.015 < span.attributes["gen_ai.response.time_to_first_chunk"] <= span.duration_ms / 1000 - 0.015
    assert span.attributes["gen_ai.request.stream"] is True


def test_the_time_to_the_first_item_of_an_asynchronous_model_call_is_recorded(captured):
    @observe(kind="llm")
    async def words() -> AsyncIterator[str]:
        await asyncio.sleep(0.02)
        yield "Hello "
        await asyncio.sleep(0.02)
        yield "world"

    async def read():
        return [word async for word in words()]

    asyncio.run(read())

    [span] = captured
    assert 0.015 < span.attributes["gen_ai.response.time_to_first_chunk"] <= span.duration_ms / 1000 - 0.015


def test_a_generator_that_is_no_model_call_has_no_first_chunk(captured):
    @observe
    def numbers():
        yield 1

    list(numbers())

    assert "gen_ai.response.time_to_first_chunk" not in captured[0].attributes
