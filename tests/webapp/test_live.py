from __future__ import annotations

import asyncio
import http.client
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import openai
import pytest

from projects.outbound.addresses import Allowlist
from prompt_registry.providers import clients, event_loop
from prompt_registry.providers.completions import complete, stream
from prompt_registry.providers.connections import Connection
from prompt_registry.providers.simulated.models import MODELS
from prompt_registry.providers.values import ModelSettings
from tests.webapp import live_server
from webapp.simulated_provider import SimulatedProvider

MESSAGES = [{"role": "system", "content": "You help customers."}, {"role": "user", "content": "Where is my parcel?"}]
RELIABLE = {name: replace(model, error_rate=0.0, rate_limit_rate=0.0) for name, model in MODELS.items()}


@contextmanager
def serving(provider: SimulatedProvider) -> Iterator[str]:
    """Run the live application with this provider and give its address."""
    with live_server.serving(provider) as (url, _):
        yield url


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(SimulatedProvider(models=RELIABLE, time_scale=0.0)) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="any", base_url=f"{url}/simulated/v1", max_retries=0) as client:
        yield client


def send(url: str, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_livez_answers(url):
    assert send(url, "GET", "/livez") == (200, {"status": "ok"})


def test_other_addresses_are_not_found(url):
    assert send(url, "GET", "/")[0] == 404


def test_the_openai_client_gets_a_completion(client):
    answer = client.chat.completions.create(model="simulated-fast", messages=MESSAGES, seed=1)

    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "simulated-fast"
    assert answer.system_fingerprint == "simulated"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_the_openai_client_gets_a_stream_with_the_same_text(client):
    whole = client.chat.completions.create(model="simulated-fast", messages=MESSAGES, seed=1)
    options = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(
            model="simulated-fast", messages=MESSAGES, seed=1, stream=True, stream_options=options
        )
    )

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == (
        whole.choices[0].message.content
    )
    assert chunks[-1].usage == whole.usage
    assert {chunk.system_fingerprint for chunk in chunks} == {"simulated"}
    assert len(chunks) > 10


def test_a_stream_without_the_option_has_no_usage(client):
    chunks = list(client.chat.completions.create(model="simulated-fast", messages=MESSAGES, seed=1, stream=True))

    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)


def test_the_async_client_works_too(url):
    async def ask() -> list[str]:
        async with openai.AsyncOpenAI(api_key="any", base_url=f"{url}/simulated/v1") as client:
            answers = await asyncio.gather(
                *(client.chat.completions.create(model="simulated-large", messages=MESSAGES, seed=n) for n in range(20))
            )
            chunks = await client.chat.completions.create(model="simulated-large", messages=MESSAGES, stream=True)
            streamed = [chunk.choices[0].delta.content or "" async for chunk in chunks]
        return [*(answer.choices[0].message.content for answer in answers), "".join(streamed)]

    assert all(asyncio.run(ask()))


def test_structured_answers_are_json(client):
    schema = {"type": "object", "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 5}}}
    answer = client.chat.completions.create(
        model="simulated-fast",
        messages=MESSAGES,
        response_format={"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}},
    )

    assert 1 <= json.loads(answer.choices[0].message.content)["score"] <= 5


def test_embeddings_have_length_one_in_both_encodings(client):
    packed = client.embeddings.create(model="simulated-embedding", input=["a parcel", "a parcel"])
    plain = client.embeddings.create(
        model="simulated-embedding", input="a parcel", encoding_format="float", dimensions=64
    )

    assert math.isclose(math.hypot(*packed.data[0].embedding), 1.0, rel_tol=1e-5)
    assert packed.data[0].embedding == packed.data[1].embedding
    assert len(plain.data[0].embedding) == 64
    assert plain.usage.prompt_tokens > 0


def test_models_are_listed(client):
    assert {"simulated-fast", "simulated-large", "simulated-embedding"} <= {model.id for model in client.models.list()}


def test_bad_input_raises_the_clients_own_errors(client):
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="simulated-fast", messages=MESSAGES, temperature=9)
    assert raised.value.param == "temperature"
    with pytest.raises(openai.BadRequestError, match="'input'"):
        client.embeddings.create(model="simulated-embedding", input=[])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/simulated/v1/chat/completions", b"{nonsense", 400),
        ("POST", "/simulated/v1/chat/completions", b"\xff\xfe", 400),
        ("POST", "/simulated/v1/chat/completions", b"[" * 100_000, 400),
        ("POST", "/simulated/v1/chat/completions", b" " * 4_200_000, 413),
        ("GET", "/simulated/v1/chat/completions", None, 405),
        ("POST", "/simulated/v1/responses", b"{}", 404),
        ("GET", "/simulated/v1/../../etc/passwd", None, 404),
    ],
)
def test_what_is_no_request_gets_an_openai_error(url, method, path, body, status):
    answered, error = send(url, method, path, body)

    assert answered == status
    assert error["error"]["message"]


def test_planted_rate_limits_carry_retry_after_and_pass_with_retries():
    flaky = {"simulated-flaky": replace(MODELS["simulated-flaky"], rate_limit_rate=1.0)}
    with (
        serving(SimulatedProvider(models=flaky, time_scale=0.0)) as url,
        openai.OpenAI(api_key="any", base_url=f"{url}/simulated/v1", max_retries=0) as client,
        pytest.raises(openai.RateLimitError) as raised,
    ):
        client.chat.completions.create(model="simulated-flaky", messages=MESSAGES)

    assert 1 <= int(raised.value.response.headers["retry-after"]) <= 3


def test_the_same_request_meets_new_luck_each_time():
    flaky = {"simulated-flaky": replace(MODELS["simulated-flaky"], rate_limit_rate=0.0, error_rate=0.5)}
    with serving(SimulatedProvider(models=flaky, time_scale=0.0)) as url:
        body = json.dumps({"model": "simulated-flaky", "messages": MESSAGES}).encode()
        statuses = {send(url, "POST", "/simulated/v1/chat/completions", body)[0] for _ in range(30)}

    assert statuses == {200, 500}


def test_answers_take_their_time():
    with serving(SimulatedProvider(models=RELIABLE, time_scale=0.2)) as url:
        body = json.dumps({"model": "simulated-fast", "messages": MESSAGES, "max_tokens": 20, "seed": 1}).encode()
        started = time.perf_counter()
        send(url, "POST", "/simulated/v1/chat/completions", body)

    assert time.perf_counter() - started > 0.04


def test_a_client_that_leaves_ends_its_stream():
    slow = {"simulated-slow": replace(RELIABLE["simulated-slow"], tokens_per_second=2)}
    provider = SimulatedProvider(models=slow, time_scale=1.0)
    with serving(provider) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
        body = json.dumps({"model": "simulated-slow", "messages": MESSAGES, "stream": True}).encode()
        connection.request("POST", "/simulated/v1/chat/completions", body)
        response = connection.getresponse()
        assert response.status == 200
        assert provider._in_flight == 1
        response.close()
        connection.close()
        for _ in range(200):
            if provider._in_flight == 0:
                break
            time.sleep(0.01)

    assert provider._in_flight == 0


def test_our_own_provider_client_talks_to_it(url):
    base_url = f"{url}/simulated/v1"
    connection = Connection(900, 1, 1, base_url, "", Allowlist().with_url(base_url))
    settings = ModelSettings(model="simulated-fast", seed=1)
    try:
        whole = complete(connection=connection, messages=MESSAGES, settings=settings)
        *pieces, streamed = stream(connection=connection, messages=MESSAGES, settings=settings)
    finally:
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.stop()

    assert whole.text == streamed.text == "".join(piece.text for piece in pieces)
    assert whole.is_simulated
    assert streamed.usage == whole.usage


def test_the_live_process_imports_neither_django_nor_openai():
    code = "import sys, webapp.live; print([m for m in ('django', 'openai') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"
