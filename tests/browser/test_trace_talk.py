"""An engineer names a colleague on a trace, shows it to somebody outside, and takes the link back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from projects import members
from projects.models import Notification, Project
from projects.roles import Role
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_user


@pytest.fixture
def hex_id(project: Project) -> str:
    return make_trace(project, asked="Where is my parcel?", answered="It is on its way.", session="s", user="ann")


def test_a_trace_is_talked_about_and_shown_to_somebody_outside(open_page, page: Page, project, hex_id):
    sam = make_user(name="Sam Writer")
    members.add(project=project, user=sam, role=Role.EDITOR)
    page.goto(f"/p/{project.slug}/traces/{hex_id}/")
    field = page.get_by_role("combobox", name="New comment")
    field.press_sequentially("Is that so, @sa")
    page.get_by_role("option", name="Sam Writer").click()
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".mention")).to_have_text("@Sam Writer")
    assert Notification.objects.filter(user=sam).count() == 1

    page.get_by_role("link", name="Share").click()
    expect(page.get_by_text("Public links are switched off in this project")).to_be_visible()
    page.get_by_role("link", name="Open the settings of public links").click()
    page.get_by_role("button", name="Allow public links").click()
    page.goto(f"/p/{project.slug}/traces/{hex_id}/links/")
    page.get_by_label("For whom").fill("Dr. Meyer")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("heading", name="The link for Dr. Meyer")).to_be_visible()
    found = re.search(r"/shared/[\w-]+/", page.content())
    assert found is not None

    stranger = open_page()
    stranger.goto(found[0])
    expect(stranger.get_by_text("It is on its way.")).to_be_visible()
    expect(stranger.get_by_role("navigation")).to_have_count(0)

    page.get_by_role("button", name="Take back").click()
    page.get_by_role("button", name="Take the link back").click()
    expect(page.get_by_text("does not work any more")).to_be_visible()
    assert stranger.request.get(found[0]).status == 404
