"""A rollout from end to end: people fetch through the client, calls are logged over HTTP, and the rule decides by itself."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest

from tests.faults.conftest import Record
from tests.faults.installation import BEAT, REDIS, WEB, WORKER, Installation, wait_until
from tests.faults.rollout_story import BAD, GOOD, LIVE, Story, lingering, somebody_lingers
from tests.faults.shop import Shop, shop_of
from webapp.cli.layouts import ROOT

PEOPLE = 5_000
# Applications are told at once; this is how long a busy machine may take.
SECONDS_TO_HEAR = 3.0
# Two shares of 18 seconds each, and what applications do for a minute and a half after a new share belongs to the one before.
SECONDS_TO_DECIDE = 180.0
FIRST, PORTION = 500, 250


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One of its own: applications log calls here that no ledger knows of."""
    with Installation(tmp_path_factory.mktemp("rollouts")) as running:
        yield running


@contextmanager
def watcher(story: Story, directory: Path) -> Iterator[Path]:
    """Run another process of the application, which writes down what it serves."""
    seen = directory / "served.jsonl"
    argv = [sys.executable, "-m", "tests.faults.shop", story.url, story.key, story.name, str(directory / "watcher")]
    with seen.open("wb") as output:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=output)
        try:
            wait_until(lambda: seen.stat().st_size > 0, seconds=30)
            yield seen
        finally:
            process.kill()
            process.wait()


def served(seen: Path, *, after: float) -> set[int]:
    """Return the versions that the other process served after a moment."""
    lines = [json.loads(line) for line in seen.read_text().splitlines() if line.endswith("}")]
    return {version for line in lines if line["at"] > after for version in line["versions"]}


def served_ever(seen: Path) -> set[int]:
    return served(seen, after=0)


def until_the_rollout_reached(shop: Shop, seen: Path, version: int) -> None:
    """Return when both processes know of the rollout."""
    wait_until(lambda: shop.client.prompts.get(shop.prompt, unit="anybody").arm is not None, seconds=30)
    wait_until(lambda: version in served_ever(seen), seconds=30)


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.faults
def test_a_version_that_fails_is_taken_back_by_itself_in_every_process(
    installation: Installation, record: Record, tmp_path: Path
) -> None:
    installation.wait_until_ready()
    story, chance = Story(installation), random.Random(5)
    options = {"url": story.url, "key": story.key, "prompt": story.name, "directory": tmp_path / "shop"}
    with shop_of(**options) as shop, watcher(story, tmp_path) as seen:
        shop.ask_all([f"before-{number}" for number in range(200)])
        story.start(BAD, shares="25")
        until_the_rollout_reached(shop, seen, BAD)

        asked = 0
        while story.is_at() and asked < 4_000:
            for _ in range(40):
                shop.ask(f"person-{asked}", fails=lambda arm: arm == "candidate" and chance.random() < 0.6)
                asked += 1
            shop.client.flush(30)
            time.sleep(0.5)
        rollout = story.rollout()
        assert rollout["state"] == "rolled_back"
        heard_at = moment(rollout["ended_at"]) + SECONDS_TO_HEAR
        wait_until(lambda: served(seen, after=heard_at) != set(), seconds=20)
        after = {shop.client.prompts.get(story.name, unit=f"person-{number}").version for number in range(asked)}

    record(f"rollouts: a version that failed 6 of 10 was taken back after {asked} people: {rollout['reason']}")
    assert served(seen, after=heard_at) == {LIVE}
    assert after == {LIVE}


@pytest.mark.long_faults
def test_a_bad_version_is_taken_back_and_a_good_one_reaches_everybody_by_itself(
    installation: Installation, record: Record, tmp_path: Path
) -> None:
    installation.wait_until_ready()
    story = Story(installation)
    options = {"url": story.url, "key": story.key, "prompt": story.name, "directory": tmp_path / "shop"}
    provider_url = f"{installation.running.live_url.rstrip('/')}/simulated/v1"
    with shop_of(**options, provider_url=provider_url) as shop, watcher(story, tmp_path) as seen:
        shop.ask_all([f"before-{number}" for number in range(600)])

        story.start(BAD, shares="25")
        until_the_rollout_reached(shop, seen, BAD)
        asked = 0
        while story.is_at() and asked < 4_000:
            shop.ask_all([f"bad-{asked + number}" for number in range(80)])
            asked += 80
        taken_back = story.rollout()
        assert taken_back["state"] == "rolled_back"
        heard_at = moment(taken_back["ended_at"]) + SECONDS_TO_HEAR
        wait_until(lambda: served(seen, after=heard_at) != set(), seconds=20)
        after_bad = served(seen, after=heard_at)

        story.start(GOOD, shares="20, 45")
        until_the_rollout_reached(shop, seen, GOOD)
        shop.calls.clear()
        people = [f"good-{number}" for number in range(PEOPLE)]
        shop.ask_all(people[:FIRST])
        story.decide("pause")
        calls, page = dict(shop.calls), story.page()
        story.decide("resume")
        # New people all the time, and some who were there before.
        for begin in range(FIRST, PEOPLE, PORTION):
            shop.ask_all([*people[begin : begin + PORTION], *people[begin - FIRST : begin - FIRST + PORTION // 5]])
            if not story.is_at():
                break
        wait_until(lambda: story.is_at(state="completed"), seconds=SECONDS_TO_DECIDE)
        at_the_end = len(shop.seen)
        time.sleep(SECONDS_TO_HEAR)
        shop.ask_all(people)

    record(f"rollouts: a flaky model was taken back after {asked} people: {taken_back['reason']}")
    record(f"rollouts: a good version was live for everybody after {at_the_end - 600 - asked} people")
    assert after_bad == {LIVE}
    # Nobody ever went back: from the old version to the new one at most, and only because the share grew.
    had = {tuple(shop.seen[person]) for person in people}
    assert had == {(GOOD,), (LIVE, GOOD)}
    for arm in ("control", "candidate"):
        assert f"{calls[arm]:,}" in page


@pytest.mark.faults
def test_a_version_is_taken_back_while_redis_and_the_workers_are_down(
    installation: Installation, tmp_path: Path
) -> None:
    installation.wait_until_ready()
    story = Story(installation)
    options = {"url": story.url, "key": story.key, "prompt": story.name, "directory": tmp_path / "shop"}
    with shop_of(**options) as shop:
        shop.ask_all(["before"])
        story.start(BAD, shares="25")
        wait_until(lambda: shop.client.prompts.get(shop.prompt, unit="anybody").arm is not None, seconds=30)
        people = [f"person-{number}" for number in range(40)]
        during = {shop.client.prompts.get(shop.prompt, unit=person).version for person in people}
        with installation.nothing_is_restarted():
            killed = {name: installation.kill(name) for name in (REDIS, WORKER, BEAT)}
            story.decide("undo")
            time.sleep(SECONDS_TO_HEAR)
            after = {shop.client.prompts.get(shop.prompt, unit=person).version for person in people}
        for name, pid in killed.items():
            installation.wait_for_another(name, than=pid)

    assert during == {LIVE, BAD}
    assert after == {LIVE}
    assert story.is_at(state="rolled_back")


@pytest.mark.faults
def test_a_worker_that_is_killed_in_the_middle_of_taking_a_version_back_leaves_it_to_the_next(
    installation: Installation, tmp_path: Path
) -> None:
    installation.wait_until_ready()
    story = Story(installation)
    options = {"url": story.url, "key": story.key, "prompt": story.name, "directory": tmp_path / "shop"}
    with shop_of(**options) as shop:
        shop.ask_all([f"before-{number}" for number in range(100)])
        story.start(BAD, shares="25")
        wait_until(lambda: shop.client.prompts.get(shop.prompt, unit="anybody").arm is not None, seconds=30)
        with lingering(installation, seconds=2):
            for number in range(100):
                shop.ask(f"person-{number}", fails=lambda arm: arm == "candidate")
            shop.client.flush(30)
            wait_until(lambda: somebody_lingers(installation), seconds=60)
            pid = installation.kill(WORKER)
            killed_at = story.standing()
            installation.wait_for_another(WORKER, than=pid)
            wait_until(lambda: story.is_at(state="rolled_back"), seconds=60)

    assert killed_at == ("running", 0, 250_000, 1)
    assert (story.standing().revision, story.decided("roll back"), story.audited("rollout.rolled_back")) == (2, 1, 1)


@pytest.mark.long_faults
def test_a_change_whose_web_process_dies_happened_whole_or_not_at_all(
    installation: Installation, record: Record, seed: int
) -> None:
    installation.wait_until_ready()
    story, chance, done = Story(installation), random.Random(seed), 0
    story.start(BAD, shares="10, 20, 30")
    for act in ("pause", "resume", "advance", "pause", "resume", "advance", "undo"):
        before = story.standing()
        pressed = threading.Thread(target=_press, args=(story, act))
        pressed.start()
        time.sleep(chance.uniform(0, 2.0))
        pid = installation.kill(WEB)
        installation.wait_for_another(WEB, than=pid)
        installation.wait_until_ready()
        pressed.join()
        if story.standing() == before:
            story.decide(act)
        else:
            done += 1
        after = story.standing()
        assert after[3] == before[3] + 1, act
        assert after[:3] == _AFTER[act](*before[:3]), act
    record(
        f"rollouts: {done} of 7 changes were done before their web process died (seed {seed}), the others not at all"
    )


_AFTER: dict[str, Callable[[str, int, int], tuple[str, int, int]]] = {
    "pause": lambda state, step, share: ("paused", step, share),
    "resume": lambda state, step, share: ("running", step, share),
    "advance": lambda state, step, share: ("running", step + 1, share + 100_000),
    "undo": lambda state, step, share: ("rolled_back", step, 0),
}


def _press(story: Story, act: str) -> None:
    with suppress(OSError, http.client.HTTPException, AssertionError, ValueError, LookupError):
        story.decide(act)
