from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from projects.outbound.addresses import Allowlist
from prompt_registry.providers import clients, event_loop
from prompt_registry.providers.calls import Call, ask, ask_streaming
from prompt_registry.providers.completions import complete, complete_async, stream, stream_async
from prompt_registry.providers.connections import Connection
from prompt_registry.providers.errors import (
    AddressRefused,
    AnswerTooLarge,
    KeyMissing,
    KeyRefused,
    MalformedAnswer,
    ModelUnknown,
    PathUnknown,
    ProviderFailed,
    ProviderPaused,
    ProviderTimeout,
    ProviderUnreachable,
    QuotaUsedUp,
    RateLimited,
    RedirectRefused,
    RequestRefused,
)
from prompt_registry.providers.values import Completion, ModelSettings, TextChunk, Usage
from prompt_registry.providers.wire import read_usage
from tests.prompt_registry.providers.conftest import connect
from tests.prompt_registry.providers.fake_provider import SLOW_SECONDS

MESSAGES = [{"role": "user", "content": "Hello?"}]
SETTINGS = ModelSettings(model="fake-1")


def ask_it(connection: Connection) -> Completion:
    return complete(connection=connection, messages=MESSAGES, settings=SETTINGS)


def stream_it(connection: Connection) -> list[TextChunk | Completion]:
    return list(stream(connection=connection, messages=MESSAGES, settings=SETTINGS))


def test_complete_returns_the_answer_with_its_usage(connection):
    answer = ask_it(connection)

    assert (answer.text, answer.model, answer.finish_reason, answer.tries) == ("Hello there.", "fake-1", "stop", 1)
    assert answer.usage == Usage(input_tokens=12, output_tokens=3, cache_read_tokens=4)
    assert answer.latency_ms > 0
    assert not answer.is_simulated


def test_stream_yields_pieces_and_then_the_whole_answer(provider, connection):
    provider.script = ["stream"]

    *pieces, whole = stream_it(connection)

    assert pieces == [TextChunk("Hello "), TextChunk("there.")]
    assert (whole.text, whole.finish_reason, whole.usage.output_tokens) == ("Hello there.", "stop", 3)
    assert whole.first_chunk_ms <= whole.latency_ms
    assert provider.requests[0][2]["stream_options"] == {"include_usage": True}


def test_async_callers_share_the_same_connections(provider, connection):
    async def both() -> tuple[Completion, list[TextChunk | Completion]]:
        whole = await complete_async(connection=connection, messages=MESSAGES, settings=SETTINGS)
        provider.script = ["stream"]
        pieces = [one async for one in stream_async(connection=connection, messages=MESSAGES, settings=SETTINGS)]
        return whole, pieces

    whole, pieces = asyncio.run(both())

    assert whole.text == pieces[-1].text == "Hello there."


def test_many_calls_run_at_the_same_time(connection):
    async def many() -> list[Completion]:
        calls = [complete_async(connection=connection, messages=MESSAGES, settings=SETTINGS) for _ in range(40)]
        return await asyncio.gather(*calls)

    assert {answer.text for answer in asyncio.run(many())} == {"Hello there."}


def test_settings_reach_the_provider_and_empty_ones_do_not(provider, connection):
    settings = ModelSettings(
        model="fake-1", temperature=0.0, max_tokens=50, stop=("END",), response_schema={"type": "object"}
    )

    complete(connection=connection, messages=MESSAGES, settings=settings)

    assert provider.requests[0][2] == {
        "model": "fake-1",
        "messages": MESSAGES,
        "temperature": 0.0,
        "max_tokens": 50,
        "stop": ["END"],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}},
        },
    }


def test_settings_of_a_prompt_version_are_read_leniently():
    settings = ModelSettings.from_mapping({"model": "m", "stop": "END", "temperature": 0.2, "colour": "red"})

    assert settings == ModelSettings(model="m", stop=("END",), temperature=0.2)


@pytest.mark.parametrize(
    ("mode", "error", "tries"),
    [
        ("429", RateLimited, 3),
        ("429_long", RateLimited, 1),
        ("quota", QuotaUsedUp, 1),
        ("500", ProviderFailed, 3),
        ("502_html", ProviderFailed, 3),
        ("401", KeyRefused, 1),
        ("404_model", ModelUnknown, 1),
        ("404_path", PathUnknown, 1),
        ("400", RequestRefused, 1),
        ("redirect_to_metadata", RedirectRefused, 1),
        ("malformed_json", MalformedAnswer, 3),
        ("not_openai", MalformedAnswer, 3),
        ("html", MalformedAnswer, 3),
        ("wrong_types", MalformedAnswer, 3),
        ("list", MalformedAnswer, 3),
        ("gzip", MalformedAnswer, 3),
        ("empty", MalformedAnswer, 3),
        ("100MB", AnswerTooLarge, 1),
        ("disconnect", ProviderUnreachable, 3),
    ],
)
def test_each_failure_has_its_own_error_and_number_of_tries(provider, connection, mode, error, tries):
    provider.script = [mode]

    with pytest.raises(error) as raised:
        ask_it(connection)

    assert type(raised.value) is error
    assert len(provider.requests) == tries
    assert str(raised.value)


def test_a_rate_limit_that_is_too_long_to_wait_for_is_named(provider, connection):
    provider.script = ["429_long"]

    with pytest.raises(RateLimited, match="asks to wait 600 seconds"):
        ask_it(connection)


@pytest.mark.parametrize(
    ("mode", "error", "partial"),
    [
        ("cut_sse", MalformedAnswer, "Hello "),
        ("cut_inside_event", MalformedAnswer, "Hello "),
        ("malformed_sse", MalformedAnswer, "Hello "),
        ("error_sse", ProviderFailed, "Hello "),
        ("endless", AnswerTooLarge, "Hello on and on "),
    ],
)
def test_a_stream_that_breaks_keeps_what_had_arrived(provider, connection, mode, error, partial):
    provider.script = [mode]

    with pytest.raises(error) as raised:
        stream_it(connection)

    assert type(raised.value) is error
    assert raised.value.partial_text.startswith(partial)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("mode", ["ok", "html", "empty", "long_line"])
def test_a_stream_that_never_starts_is_an_error(provider, connection, mode):
    provider.script = [mode]

    with pytest.raises((MalformedAnswer, AnswerTooLarge)):
        stream_it(connection)


def test_a_second_end_mark_does_no_harm(provider, connection):
    provider.script = ["duplicate_done"]

    assert stream_it(connection)[-1].text == "Hello there."


def test_broken_utf8_in_a_stream_is_repaired(provider, connection):
    provider.script = ["wrong_utf8_sse"]

    assert stream_it(connection)[-1].text == "Hello the\ufffdre."


def test_a_call_succeeds_on_its_third_try(provider, connection):
    provider.script = ["500", "429", "ok"]

    assert ask_it(connection).tries == 3


def test_a_stream_is_tried_again_until_its_first_piece(provider, connection):
    provider.script = ["500", "stream"]

    assert stream_it(connection)[-1].tries == 2


def run(work):
    return event_loop.submit(work).result(timeout=10)


def test_a_provider_that_thinks_for_long_is_waited_for(provider, connection):
    provider.script = ["slow_first_byte"]

    answer = ask_it(connection)

    assert (answer.text, answer.tries) == ("Hello there.", 1)
    assert answer.latency_ms >= SLOW_SECONDS * 1000


def test_a_slow_stream_arrives_whole_and_its_first_piece_early(provider, connection):
    provider.script = ["slow_stream"]

    *pieces, whole = stream_it(connection)

    assert pieces == [TextChunk("Hello "), TextChunk("there.")]
    assert (whole.text, whole.tries) == ("Hello there.", 1)
    assert whole.latency_ms - whole.first_chunk_ms >= SLOW_SECONDS / 4 * 1000


@pytest.mark.parametrize("mode", ["stall", "dripping_headers"])
def test_a_call_ends_at_its_total_limit_however_the_provider_stalls(provider, connection, mode):
    provider.script = [mode]
    started = time.monotonic()

    with pytest.raises(ProviderTimeout):
        run(ask(Call(connection, MESSAGES, SETTINGS, total_seconds=0.3)))

    assert time.monotonic() - started < 2


def test_a_stream_ends_at_its_total_limit_and_keeps_its_text(provider, connection):
    provider.script = ["stalled_stream"]

    async def consume() -> None:
        async for _ in ask_streaming(Call(connection, MESSAGES, SETTINGS, total_seconds=0.3)):
            pass

    with pytest.raises(ProviderTimeout) as raised:
        run(consume())

    assert raised.value.partial_text == "Hello "


def test_a_caller_may_leave_a_stream_early(provider, connection):
    provider.script = ["stalled_stream"]
    pieces = stream(connection=connection, messages=MESSAGES, settings=SETTINGS)

    assert next(pieces) == TextChunk("Hello ")
    pieces.close()


def test_a_cancelled_async_caller_closes_its_stream(provider, connection):
    provider.script = ["stalled_stream"]

    async def leave() -> list[str]:
        seen: list[str] = []

        async def read() -> None:
            async for piece in stream_async(connection=connection, messages=MESSAGES, settings=SETTINGS):
                seen.append(piece.text)

        task = asyncio.create_task(read())
        while not seen:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return seen

    assert asyncio.run(leave()) == ["Hello "]


def test_a_provider_that_nobody_answers_at_is_unreachable():
    connection = connect("http://127.0.0.1:1/v1")

    with pytest.raises(ProviderUnreachable, match="could not be reached"):
        ask_it(connection)


def test_a_private_address_is_refused_without_the_allowlist(provider):
    with pytest.raises(AddressRefused):
        ask_it(connect(provider.url, allowlist=Allowlist()))

    assert provider.requests == []


def test_a_missing_key_is_said_before_anything_is_sent():
    with pytest.raises(KeyMissing, match="no key yet"):
        ask_it(connect("https://api.example.com/v1", api_key="", allowlist=Allowlist()))


def test_an_allowlisted_provider_needs_no_key(provider):
    assert ask_it(connect(provider.url, api_key="")).text == "Hello there."


def test_the_environment_adds_nothing_to_a_call(provider, connection, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer stolen\nX-More: 1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    ask_it(connection)

    headers = provider.requests[0][1]
    assert headers["authorization"] == "Bearer key-1"
    assert not [name for name in headers if name.startswith(("openai", "x-"))]


def test_projects_in_one_process_never_share_a_client(provider):
    connections_ = [connect(provider.url, id=7, project_id=number, api_key=f"key-{number}") for number in (1, 2)]

    for connection in [*connections_, *connections_]:
        ask_it(connection)

    assert [headers["authorization"] for _, headers, _ in provider.requests] == [
        "Bearer key-1", "Bearer key-2", "Bearer key-1", "Bearer key-2"
    ]  # fmt: skip


def test_a_new_version_of_a_connection_gets_a_new_client(provider):
    for version in (1, 2):
        ask_it(connect(provider.url, id=8, version=version, api_key=f"version-{version}"))

    assert [headers["authorization"] for _, headers, _ in provider.requests] == ["Bearer version-1", "Bearer version-2"]


def test_a_failing_provider_is_paused_for_its_own_project_only(provider):
    broken, other = connect(provider.url, project_id=11), connect(provider.url, project_id=12)
    provider.script = ["500"]
    for _ in range(2):
        with pytest.raises((ProviderFailed, ProviderPaused)):
            ask_it(broken)
    provider.script = ["ok"]

    with pytest.raises(ProviderPaused, match="paused for half a minute"):
        ask_it(broken)

    assert ask_it(other).text == "Hello there."


def test_the_providers_own_words_are_kept_short(provider, connection):
    provider.script = ["400"]

    with pytest.raises(RequestRefused) as raised:
        ask_it(connection)

    assert raised.value.detail == "temperature must be at most 2"


def test_a_key_never_shows_in_the_text_of_a_connection(connection):
    assert "key-1" not in repr(connection)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_makes_its_own_connections(provider, connection):
    ask_it(connection)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write_end, ask_it(connection).text.encode())
        finally:
            os._exit(0)

    os.close(write_end)
    assert os.read(read_end, 100) == b"Hello there."
    os.close(read_end)
    os.waitpid(child, 0)


def test_old_clients_are_closed_after_the_longest_call(provider, connection, monkeypatch):
    monkeypatch.setattr(clients, "_CLOSE_AFTER_SECONDS", 0.0)
    ask_it(connection)
    first = run(_client_of(connection))
    newer = connect(provider.url, id=connection.id, version=2)

    ask_it(newer)
    for _ in range(100):
        if first.is_closed():
            break
        time.sleep(0.01)

    assert first.is_closed()


async def _client_of(connection):
    return clients.client_for(connection)


def test_a_process_that_never_calls_a_model_does_not_load_the_client():
    code = "import sys, prompt_registry.providers.completions; print('openai' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize("count", [-1, 3_000_000_000, float("inf"), "many", None])
def test_nonsense_token_counts_become_numbers_that_can_be_stored(count):
    usage = SimpleNamespace(prompt_tokens=count, completion_tokens=count)

    found = read_usage(usage)

    assert 0 <= found.input_tokens <= 2**31 - 1
    assert 0 <= found.output_tokens <= 2**31 - 1
