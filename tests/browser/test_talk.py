"""Two people talk about a version with the keyboard alone, the bell rings, and somebody sets up a webhook."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from projects import members
from projects.models import DeliveryState, Project, User, WebhookAttempt, WebhookDelivery
from projects.roles import Role
from prompt_registry import contents, prompts, versions
from prompt_registry.models import Prompt
from tests.browser.keyboard import tab_to
from tests.projects.factories import make_user


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    prompt = prompts.create(project=project, name="mail/greeting", type="text", by=admin)
    content = contents.parse({"type": "text", "text": "Greet {{customer}}.\nBe brief.\nBe kind."})
    versions.save(prompt=prompt, content=content, note="First words", by=admin)
    return prompt


@pytest.fixture
def sam(project: Project) -> User:
    user = make_user(name="Sam Writer")
    members.add(project=project, user=user, role=Role.EDITOR)
    return user


def address(prompt: Prompt) -> str:
    return f"/p/{prompt.project.slug}/prompts/{prompt.pk}/versions/1/"


def test_a_line_is_commented_on_and_somebody_named_without_a_mouse(open_page, page, prompt, admin, sam):
    page.goto(address(prompt))
    expect(page.get_by_role("combobox", name="Comment", exact=True)).to_be_visible()
    tab_to(page, "What the comment is about")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Line")
    page.keyboard.insert_text("2")
    page.keyboard.press("Control+/")
    field = page.get_by_role("combobox", name="Comment", exact=True)
    expect(field).to_be_focused()
    page.keyboard.type("How brief, @sa")
    expect(page.get_by_role("option", name="Sam Writer")).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    expect(field).to_have_value("How brief, @Sam Writer ")
    expect(field).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("link", name="Line 2: 1 comment")).to_be_visible()
    expect(page.locator(".thread")).to_contain_text("Line 2 of Text")
    expect(page.locator(".mention")).to_have_text("@Sam Writer")
    sams = open_page(user=sam)
    sams.goto(f"/p/{prompt.project.slug}/prompts/")
    bell = sams.get_by_role("link", name="Notifications: 1 unread")
    expect(bell).to_be_visible()
    sams.keyboard.press("g")
    sams.keyboard.press("n")
    expect(sams.get_by_role("heading", name="Today")).to_be_visible()
    tab_to(sams, "mentioned you in a comment on mail/greeting v1")
    sams.keyboard.press("Enter")
    expect(sams.locator(".remark:target")).to_contain_text("How brief, @Sam Writer")
    expect(sams.get_by_role("link", name="Notifications", exact=True)).to_be_visible()
    answer_and_settle(sams)


def answer_and_settle(page: Page) -> None:
    tab_to(page, "Answer")
    page.keyboard.press("Enter")
    tab_to(page, "Answer")
    page.keyboard.insert_text("Two lines.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".thread-answers")).to_contain_text("Two lines.")
    page.get_by_role("button", name="Settle").press("Enter")
    expect(page.get_by_text("1 settled")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Line 2:"))).to_have_count(0)


def test_the_number_of_a_line_starts_a_comment_on_it(page, prompt):
    page.goto(address(prompt))

    page.get_by_title("Comment on line 3").click()

    expect(page.get_by_role("combobox", name="Comment", exact=True)).to_be_focused()
    expect(page.get_by_label("Line", exact=True)).to_have_value("3")
    assert page.url.endswith(address(prompt))


def test_escape_leaves_the_offered_names_and_the_text_alone(page, prompt, sam):
    page.goto(address(prompt))
    page.keyboard.press("Control+/")
    page.keyboard.type("@sa")
    expect(page.locator(".mention-list [role=option]")).to_have_count(1)

    page.keyboard.press("Escape")

    expect(page.locator(".mention-list [role=option]")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Comment", exact=True)).to_have_value("@sa")


def test_comments_work_without_scripts(open_page: Callable[..., Page], prompt, admin):
    page = open_page(user=admin, java_script_enabled=False)
    page.goto(address(prompt))

    page.get_by_title("Comment on line 3").click()
    page.get_by_label("Comment", exact=True).fill("How kind?")
    page.get_by_role("button", name="Comment", exact=True).click()

    expect(page.get_by_role("link", name="Line 3: 1 comment")).to_be_visible()
    expect(page.locator(".remark-text")).to_have_text("How kind?")


def test_hostile_words_do_nothing_in_the_browser(page, prompt, project):
    name = '<img src=x onerror="document.title=1">'
    members.add(project=project, user=make_user(name=name), role=Role.EDITOR)
    page.goto(address(prompt))
    page.keyboard.press("Control+/")
    page.keyboard.type("@<im")
    expect(page.get_by_role("option", name=name)).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.insert_text("<script>document.title=2</script> https://evil.example/")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".remark-text")).to_have_text(
        f"@{name} <script>document.title=2</script> https://evil.example/"
    )
    assert "mail/greeting" in page.content()
    assert page.title() not in ("1", "2")
    assert page.locator(".remark-text a, .remark-text img, .remark-text script").count() == 0


def test_a_webhook_is_set_up_tested_and_sent_again(page, project):
    page.goto(f"/p/{project.slug}/settings/webhooks/")
    page.get_by_role("link", name="Add the first webhook").click()
    page.get_by_label("Name").fill("Deploy bot")
    page.get_by_label("Address").fill("https://8.8.8.8/hooks")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#webhook-secret")).to_have_text(re.compile("^whsec_"))
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("button", name="Send a test event").click()
    row = page.get_by_role("row", name=re.compile("webhook:test"))
    expect(row).to_contain_text("Waiting")

    # What a worker would write down.
    delivery = WebhookDelivery.objects.get(project=project)
    WebhookAttempt.objects.create(delivery=delivery, number=1, status=500, took_ms=9, finished_at=timezone.now())
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.FAILED)
    expect(row).to_contain_text("Given up")
    row.get_by_role("button", name="Send webhook:test again").click()

    expect(row).to_contain_text("Waiting")
