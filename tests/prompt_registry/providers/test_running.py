"""Calls that go on by themselves: what has arrived, how they end, and hanging up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from prompt_registry.providers import running
from prompt_registry.providers.errors import KeyRefused
from prompt_registry.providers.values import ModelSettings

MESSAGES = [{"role": "user", "content": "Hello?"}]


def start(connection) -> running.RunningCall:
    return running.start(
        connection=connection, messages=MESSAGES, settings=ModelSettings(model="fake-1"), changed=threading.Event()
    )


def wait_for(call: running.RunningCall, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        call.changed.wait(0.1)
        call.changed.clear()


def test_an_answer_arrives_whole(provider, connection):
    provider.script = ["stream"]
    call = start(connection)

    wait_for(call, lambda: call.is_done)

    assert (call.text, call.completion.text, call.error) == ("Hello there.", "Hello there.", None)


def test_a_failure_is_there_to_be_read(provider, connection):
    provider.script = ["401"]
    call = start(connection)

    wait_for(call, lambda: call.is_done)

    assert isinstance(call.error, KeyRefused)
    assert call.completion is None


def test_hanging_up_keeps_what_had_arrived(provider, connection):
    provider.script = ["stalled_stream"]
    call = start(connection)
    wait_for(call, lambda: call.text == "Hello ")

    call.cancel()

    assert call.is_done
    assert (call.text, call.completion, call.error) == ("Hello ", None, None)
