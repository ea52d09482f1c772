"""A fake provider, and the spans of the calls made to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from callboard.openai import AsyncOpenAI, OpenAI
from callboard.testing import Captured, capture

from tests.sdk.openai_client.fake_openai import FakeOpenAI


@pytest.fixture
def provider() -> Iterator[FakeOpenAI]:
    fake = FakeOpenAI()
    yield fake
    fake.stop()


@pytest.fixture
def captured() -> Iterator[Captured]:
    with capture(prompts={"greeting": [{"role": "user", "content": "Greet {{name}}"}]}) as captured:
        yield captured


@pytest.fixture
def client(provider: FakeOpenAI) -> Iterator[OpenAI]:
    with OpenAI(api_key="sk-test", base_url=provider.url, max_retries=0) as client:
        yield client


@pytest.fixture
def with_async(provider: FakeOpenAI):
    """Run a coroutine function with an asynchronous client."""
    import asyncio

    async def run(scenario) -> AsyncIterator[None]:
        async with AsyncOpenAI(api_key="sk-test", base_url=provider.url, max_retries=0) as client:
            return await scenario(client)

    return lambda scenario: asyncio.run(run(scenario))
