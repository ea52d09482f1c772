from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from callboard import lifecycle
from callboard.testing import TEST_KEY

from prompt_registry.providers.simulated.models import MODELS
from tests.sdk.fake_server import FakeServer, eventually
from tests.webapp.test_live import serving
from webapp.demo import live_traffic
from webapp.demo.impressions import noticed
from webapp.demo.prompts import PROMPTS
from webapp.simulated_provider import SimulatedProvider

RELIABLE = {name: replace(model, error_rate=0.0, rate_limit_rate=0.0) for name, model in MODELS.items()}


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A Callboard that serves the production versions of the demo prompts."""
    fake = FakeServer()
    for prompt in PROMPTS:
        version = next(one for one in prompt.versions if one.number == prompt.labels["production"])
        text = version.text or None
        fake.publish(
            prompt.name, text, version=version.number, messages=list(version.messages), settings=dict(version.settings)
        )
    before = lifecycle.replace_default(None)
    yield fake
    lifecycle.replace_default(before)
    fake.stop()


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    with serving(SimulatedProvider(models=RELIABLE, time_scale=0.0)) as url:
        yield f"{url}/simulated/v1"


def test_the_demo_application_logs_calls_on_the_published_prompts(server, provider_url, tmp_path):
    stop = threading.Event()
    arguments = {"url": server.url, "api_key": TEST_KEY, "provider_url": provider_url, "prompt_dir": tmp_path}
    thread = threading.Thread(target=live_traffic.run, kwargs={**arguments, "stop": stop, "pace": 0.0})
    thread.start()
    try:
        eventually(lambda: len(server.spans) > 60 and server.feedback, seconds=15)
    finally:
        stop.set()
        thread.join(timeout=10)

    calls = [span["attributes"] for span in server.spans if span["attributes"]["callboard.kind"] == "llm"]
    assert {call["gen_ai.prompt.name"] for call in calls} == {prompt.name for prompt in PROMPTS}
    assert {call["gen_ai.response.model"] for call in calls} <= set(MODELS)
    assert all(call["gen_ai.usage.output_tokens"] > 0 for call in calls)
    assert all(call["user.id"] and call["session.id"] for call in calls)
    assert Counter(item["name"] for item in server.feedback)["thumbs"] > 0


def test_a_provider_that_is_off_closes_nothing(server, tmp_path):
    stop = threading.Event()
    arguments = {
        "url": server.url,
        "api_key": TEST_KEY,
        "provider_url": "http://127.0.0.1:1/v1",
        "prompt_dir": tmp_path,
    }
    thread = threading.Thread(target=live_traffic.run, kwargs={**arguments, "stop": stop, "pace": 0.0})
    thread.start()
    try:
        failed = eventually(
            lambda: [span for span in server.spans if span.get("status", {}).get("code") == 2], seconds=15
        )
    finally:
        stop.set()
        thread.join(timeout=30)

    assert not thread.is_alive()
    assert any("APIConnectionError" in span["attributes"]["error.type"] for span in failed)


@pytest.mark.parametrize(
    ("text", "seconds", "flaws"),
    [
        ("You can return it within 30 days.", 1.0, set()),
        ("I'm sorry, but I can't help with this request. Please contact our support team.", 1.0, {"refusal"}),
        ("You can return it within 45 days.", 1.0, {"made_up"}),
        ("You can return it within 30 days. " * 30, 1.0, {"long_winded"}),
        ("Sie können die Jacke nicht mehr zurückschicken, und das ist so.", 1.0, {"wrong_language"}),
        ("You can return it within 30 days.", 9.0, {"slow"}),
    ],
)
def test_a_customer_notices_faults_from_outside(text, seconds, flaws):
    asked, given = "Can I return the jacket?", "Customers can return items within 30 days."

    assert noticed(asked=asked, given=given, text=text, seconds=seconds) == flaws


def test_the_demo_application_is_small():
    code = (
        "import sys, webapp.demo.live_traffic;"
        "status = open('/proc/self/status').read();"
        "print('django' in sys.modules, int(status.split('VmRSS:')[1].split()[0]) // 1024)"
    )
    if not Path("/proc/self/status").exists():
        return
    has_django, megabytes = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert has_django == "False"
    assert int(megabytes) <= 70
