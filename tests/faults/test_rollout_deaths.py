"""Whoever is killed in the middle of a change of a rollout: it stands as before or as after, and it happens once."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.conftest import Record
from tests.faults.installation import BEAT, POSTGRES, REDIS, WEB, WORKER, Installation, wait_until
from tests.faults.rollout_story import BAD, GOOD, Standing, Story, lingering, somebody_lingers
from tests.faults.shop import Shop, shop_of

pytestmark = pytest.mark.long_faults

# The next tick of the timetable, a look at the rollout, and a busy machine.
SECONDS_TO_DECIDE = 60.0
# Without these a transaction ends; without the others it goes on.
ENDS_IT = (WORKER, POSTGRES)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One of its own: applications log calls here that no ledger knows of."""
    with Installation(tmp_path_factory.mktemp("rollout-deaths")) as running:
        yield running


@pytest.fixture
def story(installation: Installation) -> Story:
    installation.wait_until_ready()
    return Story(installation)


@contextmanager
def customers(story: Story, directory: Path) -> Iterator[Shop]:
    """Open a shop of the prompt that has known two hundred customers."""
    options = {"url": story.url, "key": story.key, "prompt": story.name, "directory": directory / "shop"}
    with shop_of(**options) as shop:
        shop.ask_all([f"before-{number}" for number in range(200)])
        yield shop


def begin(story: Story, shop: Shop, version: int, *, shares: str) -> None:
    """Start a rollout that the application knows of."""
    story.start(version, shares=shares)
    story.hasten()
    wait_until(lambda: shop.client.prompts.get(shop.prompt, unit="anybody").arm is not None, seconds=30)


def struck(story: Story, victim: str) -> Standing:
    """Kill somebody in the middle of the next change that the rule decides, and return how the rollout stood right then."""
    installation = story.installation
    before = story.standing()
    wait_until(lambda: somebody_lingers(installation), seconds=SECONDS_TO_DECIDE)
    pid = installation.kill(victim)
    if victim != POSTGRES:
        assert story.standing() == before
    installation.wait_for_another(victim, than=pid)
    installation.wait_until_ready()
    return before


@pytest.mark.parametrize("victim", [WORKER, POSTGRES, REDIS, BEAT])
def test_what_the_rule_decided_happens_once_whoever_is_killed_in_the_middle_of_it(
    story: Story, victim: str, tmp_path: Path, record: Record
) -> None:
    with customers(story, tmp_path) as shop:
        begin(story, shop, GOOD, shares="20, 60")
        with lingering(story.installation):
            shop.ask_all([f"fine-{number}" for number in range(250)])
            promoted_from = struck(story, victim)
            wait_until(lambda: story.is_at(step=1), seconds=SECONDS_TO_DECIDE)
        assert (story.decided("promote"), story.audited("rollout.advanced")) == (1, 1)

        with lingering(story.installation):
            for number in range(150):
                shop.ask(f"failed-{number}", fails=lambda arm: arm == "candidate")
            shop.client.flush(30)
            struck(story, victim)
            wait_until(lambda: story.is_at(state="rolled_back"), seconds=SECONDS_TO_DECIDE)

    assert promoted_from == ("running", 0, 200_000, 1)
    assert story.standing() == ("rolled_back", 1, 0, 3)
    assert (story.decided("roll back"), story.audited("rollout.rolled_back")) == (1, 1)
    assert story.installation.status(f"/api/v1/prompts/{story.name}", Authorization=f"Bearer {story.key}") == 200
    record(f"rollouts: {victim} was killed in the middle of going on and of taking back; both happened once")


@pytest.mark.parametrize("victim", [WORKER, REDIS])
def test_a_rollout_is_completed_once_whoever_is_killed_in_the_middle_of_it(
    story: Story, victim: str, tmp_path: Path
) -> None:
    with customers(story, tmp_path) as shop:
        begin(story, shop, GOOD, shares="40")
        with lingering(story.installation):
            shop.ask_all([f"fine-{number}" for number in range(150)])
            struck(story, victim)
            wait_until(lambda: story.is_at(state="completed"), seconds=SECONDS_TO_DECIDE)

    assert story.standing() == ("completed", 0, 1_000_000, 2)
    assert (story.decided("complete"), story.audited("rollout.completed")) == (1, 1)
    assert story.live_version() == GOOD


def test_a_worker_that_is_killed_while_it_freezes_a_rollout_leaves_it_where_it_was(story: Story) -> None:
    story.start(BAD, shares="20, 60")
    with lingering(story.installation):
        story.silence()
        before = struck(story, WORKER)
        assert story.decided("freeze") == 0
        wait_until(lambda: story.decided("freeze") == 1, seconds=SECONDS_TO_DECIDE)

    assert story.standing() == before


@pytest.mark.parametrize("act", ["pause", "resume", "advance", "finish", "undo"])
def test_what_a_person_decided_is_undone_with_the_web_process_that_died_and_can_be_done_again(
    story: Story, act: str
) -> None:
    story.start(BAD, shares="10, 20, 30")
    if act == "resume":
        story.decide("pause")
    before = story.standing()
    with lingering(story.installation):
        pressed = threading.Thread(target=press, args=(story, act))
        pressed.start()
        wait_until(lambda: somebody_lingers(story.installation), seconds=30)
        pid = story.installation.kill(WEB)
        pressed.join()
        assert story.standing() == before
        story.installation.wait_for_another(WEB, than=pid)
        story.installation.wait_until_ready()
        wait_until(lambda: not somebody_lingers(story.installation), seconds=30)
    assert story.standing() == before

    story.decide(act)

    after = {
        "pause": ("paused", 0, 100_000), "resume": ("running", 0, 100_000), "advance": ("running", 1, 200_000),
        "finish": ("completed", 0, 1_000_000), "undo": ("rolled_back", 0, 0),
    }  # fmt: skip
    assert story.standing() == (*after[act], before.revision + 1)


def test_two_controllers_at_once_have_one_effect(story: Story, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    with customers(story, tmp_path) as shop, story.installation.another_worker("rollouts", evidence=evidence):
        begin(story, shop, GOOD, shares="20, 60")
        # Longer than a rollout is left alone after a look, so the other worker looks while the first is in the middle of it.
        with lingering(story.installation, seconds=12):
            shop.ask_all([f"fine-{number}" for number in range(250)])
            wait_until(lambda: somebody_lingers(story.installation), seconds=SECONDS_TO_DECIDE)
            wait_until(lambda: story.is_at(step=1), seconds=SECONDS_TO_DECIDE)
            wait_until(lambda: not somebody_lingers(story.installation), seconds=SECONDS_TO_DECIDE)

    assert story.standing() == ("running", 1, 600_000, 2)
    assert (story.decided("promote"), story.audited("rollout.advanced")) == (1, 1)


def press(story: Story, act: str) -> None:
    """Press a button without waiting for an answer that may never come."""
    with suppress(OSError, http.client.HTTPException, AssertionError, ValueError, LookupError):
        story.decide(act)
