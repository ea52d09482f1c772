"""A rollout from end to end: people fetch through the client, calls are logged over HTTP, and the rule decides by itself."""

from __future__ import annotations

import json
import random
import re
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import callboard
import pytest
from callboard import Callboard

from benchmarks.preparation import PROMPTS
from tests.faults.conftest import Record
from tests.faults.installation import HOST, Installation, wait_until

NAME = PROMPTS[0]
LIVE, OTHER, THIRD = 3, 1, 2
PEOPLE = 5_000
Fails = Callable[[str | None], bool]


class Shop:
    """An application with many customers, of whom each asks now and then."""

    def __init__(self, client: Callboard) -> None:
        self.client = client
        # Which versions each person got, in order, without repetitions.
        self.seen: dict[str, list[int | None]] = {}
        self.calls = {"control": 0, "candidate": 0}

    def ask(self, person: str, *, fails: Fails = lambda arm: False) -> int | None:
        """Let a person ask once, and return the version that answered."""
        with callboard.context(user=person):
            prompt = self.client.prompts.get(NAME)
            had = self.seen.setdefault(person, [])
            if not had or had[-1] != prompt.version:
                had.append(prompt.version)
            with prompt.used(), self.client.span("answer", kind="llm") as span:
                span.set(model="gpt-4o-mini", output="Yes.")
                if fails(prompt.arm):
                    span.fail("timeout")
            if prompt.arm is not None:
                self.calls[prompt.arm] += 1
            return prompt.version


@contextmanager
def shop_of(installation: Installation, directory: Path) -> Iterator[Shop]:
    """Open an application that hears of changes at once, and looks every two seconds where it does not."""
    client = Callboard(
        url=f"http://{HOST}:{installation.port}", api_key=installation.prepared.key, prompt_ttl_seconds=2.0,
        prompt_dir=directory,
    )  # fmt: skip
    try:
        client.prompts.get(NAME, strict=True)
        yield Shop(client)
    finally:
        client.shutdown(30)


def _start(installation: Installation, version: int) -> dict[str, Any]:
    """Start a rollout to one in four people as a person does, on the page; return it as the API tells it."""
    prepared = installation.prepared
    path = f"/p/{prepared.slug}/prompts/{prepared.prompt_id}/rollout/?version={version}&to=production"
    status, _, page = installation.request("GET", path, Cookie=prepared.cookie)
    assert status == 200
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.decode())
    assert token is not None
    form = {
        "csrfmiddlewaretoken": token[1], "do": "start", "shares": "25", "hours": "0.001", "caution": "balanced",
        "expected": LIVE, "note": "On purpose.", "override": "1",
    }  # fmt: skip
    cookies = f"{prepared.cookie}; csrftoken={token[1]}"
    status, _, page = installation.request(
        "POST", path, body=urllib.parse.urlencode(form).encode(), Cookie=cookies,
        Content_Type="application/x-www-form-urlencoded", Origin=f"http://{HOST}:{installation.port}",
    )  # fmt: skip
    assert status == 302, page.decode()[:2000]
    return _newest(installation)


def _newest(installation: Installation) -> dict[str, Any]:
    key = f"Bearer {installation.prepared.key}"
    _, _, body = installation.request("GET", "/api/v1/rollouts?limit=1", Authorization=key)
    found: dict[str, Any] = json.loads(body)["items"][0]
    return found


def _is_over(installation: Installation, state: str) -> bool:
    return bool(_newest(installation)["state"] == state)


@pytest.mark.long_faults
def test_a_bad_version_is_taken_back_by_itself_and_a_good_one_reaches_everybody(
    installation: Installation, record: Record, tmp_path: Path
) -> None:
    installation.wait_until_ready()
    chance = random.Random(5)
    with shop_of(installation, tmp_path) as shop:
        for number in range(600):
            shop.ask(f"before-{number}")
        shop.client.flush(30)

        _start(installation, OTHER)
        wait_until(lambda: shop.client.prompts.get(NAME, unit="anybody").arm is not None, seconds=10)
        began, asked = time.monotonic(), 0
        while _is_over(installation, "running") and time.monotonic() - began < 120:
            for _ in range(40):
                shop.ask(f"bad-{asked}", fails=lambda arm: arm == "candidate" and chance.random() < 0.5)
                asked += 1
            shop.client.flush(30)
            time.sleep(0.5)
        taken_back = _newest(installation)
        time.sleep(3)
        after = {shop.ask(f"bad-{number}") for number in range(min(asked, 1_000))}

        _start(installation, THIRD)
        wait_until(lambda: shop.client.prompts.get(NAME, unit="anybody").arm is not None, seconds=10)
        shop.calls = {"control": 0, "candidate": 0}
        for number in range(PEOPLE):
            shop.ask(f"good-{number}")
        shop.client.flush(60)
        rollout = _newest(installation)
        page = installation.request(
            "GET", urllib.parse.urlsplit(rollout["url"]).path, Cookie=installation.prepared.cookie
        )[2].decode()
        wait_until(lambda: _is_over(installation, "completed"), seconds=120)
        time.sleep(3)
        finally_ = {shop.ask(f"good-{number}") for number in range(500)}

    record(
        f"rollouts: the bad version was taken back after {asked} people asked ({taken_back['reason']}); "
        f"calls of the good one {shop.calls}"
    )
    assert taken_back["state"] == "rolled_back"
    assert after == {LIVE}
    assert finally_ == {THIRD}
    # Nobody ever went back: from the old version to the new one at most, and only because the share grew.
    good = [had for person, had in shop.seen.items() if person.startswith("good-")]
    assert {tuple(had) for had in good} <= {(LIVE,), (THIRD,), (LIVE, THIRD)}
    for calls in shop.calls.values():
        assert f"{calls:,}" in page
