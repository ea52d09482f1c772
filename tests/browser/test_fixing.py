"""From a problem to the proof that it is gone: every step in the browser, the customers at the other end of the real client."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring.issues import fix_following, fixes
from prompt_registry.models import Rollout
from prompt_registry.rollouts.decisions import Action
from tests.browser import planted_problem
from tests.browser.keyboard import write
from workers import rollout_control


def test_a_product_manager_gets_from_a_problem_to_the_proof_that_it_is_gone(page: Page, project, admin, site, tmp_path):
    planted = planted_problem.make(project, admin)
    path = page.locator(".fix-path")
    home = planted.at(f"issues/{planted.issue.number}/")

    page.goto(home)
    page.keyboard.press("f")
    expect(page.get_by_role("heading", name="Choose the examples")).to_be_visible()
    page.get_by_role("button", name="Take these").click()
    expect(path.locator("[aria-current=step]")).to_contain_text("Dataset")

    page.get_by_role("link", name="Make the dataset").click()
    page.get_by_role("button", name="Make the dataset").click()
    expect(page.locator(".toasts")).to_contain_text("items added")

    page.goto(home)
    page.get_by_role("link", name="Write the new version").click()
    expect(page.get_by_text("The examples of issue")).to_be_visible()
    expect(page.locator(".cm-content")).to_be_visible()
    page.get_by_label("Text of the prompt").focus()
    write(page, "Answer {{question}}. Say how to send it back.")
    page.keyboard.press("Control+s")
    expect(page.locator(".toasts")).to_contain_text("Saved as v2")

    page.goto(home)
    page.get_by_role("button", name="Set up the test").click()
    expect(page.get_by_label("No refusal")).to_be_checked()
    fix = fixes.current(planted.issue)
    assert fix is not None
    planted_problem.test_ended(planted, fix)

    page.goto(home)
    expect(path).to_contain_text("Better on calls with the problem, and no worse on good ones.")
    expect(page.locator(".fix-proof")).to_contain_text("Expected: From")
    page.get_by_role("link", name="Start the rollout").click()
    expect(page.get_by_role("heading", name="What it is meant to fix")).to_be_visible()
    page.get_by_label("Fast").check()
    page.get_by_label("Shares in percent", exact=True).fill("45")
    page.get_by_label("Hours at each share").fill("0.001")
    page.get_by_role("button", name=re.compile("^Start with")).click()
    expect(page.locator(".rollout-verdict")).to_contain_text("v2 is at 45%")

    planted_problem.serve_customers(planted, url=site, directory=tmp_path, helps=2)
    planted_problem.look_at_calls(project)
    rollout = Rollout.objects.select_related("project", "prompt", "control", "candidate").get(project=project)
    page.goto(home)
    expect(path).to_contain_text("Rarer so far")
    assert rollout_control.look_at(rollout, now=timezone.now() + timedelta(seconds=10)) == Action.COMPLETE
    fix_following.follow(now=timezone.now(), project_id=project.pk)

    page.reload()
    expect(page.locator(".fix-proof").first).to_contain_text(
        re.compile(r"Fell from \d+(\.\d)?% to .* points less, caused by v2\.")
    )
    expect(page.get_by_text("Proved gone", exact=True).first).to_be_visible()
    page.get_by_role("link", name="How good predictions were").click()
    expect(page.get_by_role("row", name=re.compile("Returns"))).to_contain_text("yes")
