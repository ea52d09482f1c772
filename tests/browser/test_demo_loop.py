"""The demo project and its planted problem: found by itself, mended in the browser, and proved gone, or not, by real traffic.

Nothing is made up: the issue comes from the demo's own calls, the test asks the simulated model, and the customers of the shop ask
through the real client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring.issues import fix_following
from projects.models import User
from prompt_registry.models import PRODUCTION, Rollout
from prompt_registry.rollouts.benefits import SETTLED_AFTER
from prompt_registry.rollouts.decisions import Action
from tests.browser import demo_loop
from tests.browser.answering import answering
from tests.browser.demo_loop import Demo
from tests.browser.keyboard import write
from tests.projects.factories import make_user
from webapp.demo.prompts import PROMPTS, REFUND
from workers import rollout_control

CUSTOMERS, MOST_CUSTOMERS = 640, 640 * 8
# The version that is live took the rules out, and turns people away since.
RULES, LIVE = (one.messages[0]["content"] for one in PROMPTS[0].versions[1:3])
CURE = f"{RULES} Think carefully, and say what happens next."
PLACEBO = f"{LIVE} Thank the customer for the question."


@pytest.fixture
def owner(database: None) -> User:
    return make_user(name="Dana Ortiz", is_owner=True)


@pytest.fixture
def demo(owner: User, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Demo]:
    slug = request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-")
    with demo_loop.installed(tmp_path, slug=slug) as made:
        yield made


@pytest.fixture
def provider_url(database: None) -> Iterator[str]:
    with answering(time_scale=0.0):
        yield f"{settings.LIVE_URL}/simulated/v1"


@pytest.fixture
def page(open_page: Callable[..., Page], owner: User) -> Page:
    return open_page(user=owner)


def test_a_fix_of_the_demos_problem_is_tested_rolled_out_and_proved(page, demo, site, provider_url, tmp_path):
    home, path = demo.at(f"issues/{demo.issue.number}/"), page.locator(".fix-path")
    page.goto(home)
    expect(page.get_by_role("heading", level=1)).to_contain_text("refused since v3")
    page.keyboard.press("f")
    page.get_by_role("button", name="Take these").click()
    expect(path.locator("[aria-current=step]")).to_contain_text("Dataset")
    page.get_by_role("link", name="Make the dataset").click()
    page.get_by_role("button", name="Make the dataset").click()
    expect(page.locator(".toasts")).to_contain_text("items added")
    write_version(page, home, CURE)

    page.goto(home)
    page.get_by_role("button", name="Set up the test").click()
    page.get_by_role("button", name="Start the test").click()
    expect(page.locator("#test-state")).to_contain_text("Done", timeout=60_000)
    page.goto(home)
    expect(path).to_contain_text("Better on calls with the problem, and no worse on good ones.")
    expect(page.locator(".fix-proof")).to_contain_text("Expected: From")

    rollout = start_rollout(page, home, costs_more=True)
    come = customers_of(demo, site, provider_url, tmp_path)
    come(range(1, CUSTOMERS + 1))
    page.goto(home)
    expect(path).to_contain_text("Rarer so far")
    for first in range(CUSTOMERS + 1, MOST_CUSTOMERS, CUSTOMERS):
        if rollout_control.look_at(rollout, now=timezone.now() + timedelta(seconds=10)) == Action.COMPLETE:
            break
        come(range(first, first + CUSTOMERS))
    fix_following.follow(now=timezone.now(), project_id=demo.project.pk)

    page.reload()
    proved = re.compile(r"Fell from \d+(\.\d)?% to .* points less, caused by v5\.")
    expect(page.locator(".fix-proof").first).to_contain_text(proved)
    expect(page.get_by_text("Proved gone", exact=True).first).to_be_visible()
    assert live_number(demo) == 5


def test_a_change_that_only_sounds_nicer_is_not_confirmed(page, demo, site, provider_url, tmp_path):
    home, path = demo.at(f"issues/{demo.issue.number}/"), page.locator(".fix-path")
    page.goto(home)
    page.keyboard.press("f")
    page.get_by_role("button", name="Take these").click()
    leave_out(page, "Dataset")
    write_version(page, home, PLACEBO)
    page.goto(home)
    leave_out(page, "Test")

    rollout = start_rollout(page, home)
    customers_of(demo, site, provider_url, tmp_path)(range(1, CUSTOMERS + 1))
    rollout_control.look_at(rollout, now=timezone.now() + timedelta(seconds=10))
    page.goto(demo.at(f"rollouts/{rollout.pk}/"))
    page.get_by_label("Why").fill("It sounds nicer, and nothing got worse.")
    page.get_by_role("button", name="Finish").click()
    page.locator("#confirm").get_by_role("button", name="Finish").click()
    expect(page.locator(".rollout-verdict")).to_contain_text("v5 is live for everybody")
    assert live_number(demo) == 5

    now = timezone.now()
    fix_following.follow(now=now, project_id=demo.project.pk)
    page.goto(home)
    expect(path).to_contain_text("Not known yet")
    fix_following.follow(now=now + timedelta(seconds=SETTLED_AFTER + 1), project_id=demo.project.pk)

    page.reload()
    expect(page.get_by_text("Fix not confirmed", exact=True).first).to_be_visible()
    expect(page.locator(".fix-proof").first).to_contain_text(
        re.compile(r"Not confirmed: \d+% of people met it with v3")
    )


def customers_of(demo: Demo, site: str, provider_url: str, directory: Path) -> Callable[[range], None]:
    """Return a function that lets some customers come, and the workers look at their calls."""

    def come(numbers: range) -> None:
        demo_loop.serve_customers(
            demo, numbers, url=site, provider_url=provider_url, directory=directory / f"prompts-{numbers.start}"
        )
        demo_loop.look_at_calls(demo.project)

    return come


def write_version(page: Page, home: str, words: str) -> None:
    """Write the new version, and save it."""
    page.goto(home)
    page.get_by_role("link", name="Write the new version").click()
    expect(page.get_by_text("The examples of issue")).to_be_visible()
    expect(page.locator(".cm-content").first).to_be_visible()
    page.get_by_label("Text of message 1").focus()
    write(page, words)
    page.keyboard.press("Control+s")
    expect(page.locator(".toasts")).to_contain_text("Saved as v5")


def leave_out(page: Page, step: str) -> None:
    """Leave out a step of the fix, with a reason."""
    place = page.locator(".fix-path li").filter(has_text=step)
    place.locator("summary").first.click()
    place.get_by_label("Why").fill("It only changes the tone.")
    place.get_by_role("button", name="Leave it out").click()
    expect(page.locator(".toasts")).to_contain_text("Left out.")


def start_rollout(page: Page, home: str, *, costs_more: bool = False) -> Rollout:
    """Start the rollout of the new version from the path of the fix, at once and to many."""
    page.goto(home)
    page.get_by_role("link", name="Start the rollout").click()
    expect(page.get_by_role("heading", name="What it is meant to fix")).to_be_visible()
    page.get_by_label("Fast").check()
    page.get_by_label("Shares in percent", exact=True).fill("45")
    page.get_by_label("Hours at each share").fill("0.001")
    if costs_more:
        page.get_by_label("Calls may cost more").check()
    page.get_by_role("button", name=re.compile("^Start with")).click()
    expect(page.locator(".rollout-verdict")).to_contain_text("v5 is at 45%")
    return Rollout.objects.select_related("project", "prompt", "control", "candidate").get(
        project__slug=page.url.split("/")[4]
    )


def live_number(demo: Demo) -> int:
    """Return the version that is live."""
    prompt = demo.project.prompts.get(name=REFUND)
    return prompt.labels.get(name=PRODUCTION).version.number
