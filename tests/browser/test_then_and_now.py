"""Real calls run again before a publish, and one tried beside the draft, in a real browser and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import change_requests, comments, connections, contents, labels, prompts, versions
from prompt_registry.comments import Anchor
from prompt_registry.models import PRODUCTION, Comment, Draft, Prompt
from prompt_registry.trial_models import Trial
from tests.browser import sessions
from tests.browser.answering import answering
from tests.browser.keyboard import tab_to, write
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_member


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    connections.add_simulated(project=project, by=admin)
    prompt = prompts.create(project=project, name="support/answer", type="chat", by=admin)
    first = versions.save(prompt=prompt, content=said("Answer briefly.\nBe kind."), by=admin)
    labels.publish(prompt=prompt, version=first, label=PRODUCTION, by=admin)
    versions.save(prompt=prompt, content=said("Answer at length.\nBe kind."), by=admin)
    return prompt


@pytest.fixture
def calls(project: Project, prompt: Prompt) -> None:
    for question in ("Where is my parcel?", "How do I return a tent?", "Do you ship to Norway?"):
        trace = make_trace(
            project, prompt=prompt.name, version=1, asked=question, answered=f"Then: {question}",
            attributes={"gen_ai.prompt.variable.question": question},
        )  # fmt: skip
    rate(project, trace)


@pytest.fixture
def quick(database: None) -> Iterator[None]:
    with answering(time_scale=0.3):
        yield


def said(text: str) -> contents.PromptContent:
    messages = [{"role": "system", "content": text}, {"role": "user", "content": "{{question}}"}]
    return contents.parse({"type": "chat", "messages": messages, "settings": {"model": "simulated-fast"}})


def where(prompt: Prompt, route: str = "prompt", query: str = "") -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk]) + query


def test_three_calls_are_run_again_by_one_key_and_the_answers_stream_in(page, prompt, calls, quick):
    page.goto(where(prompt, "prompt-publish", "?version=2"))
    section = page.locator("#then-and-now")
    expect(section).to_contain_text("at no cost (simulated)")
    page.keyboard.press("o")

    expect(section.locator("[data-cell][data-state='done']")).to_have_count(6, timeout=30_000)
    expect(section.locator("[data-progress]")).to_have_text("6 of 6 answered")
    expect(section.locator("tbody tr").first).to_contain_text("Then: Do you ship to Norway?")
    expect(section.get_by_text("disliked")).to_have_count(1)
    expect(page.get_by_role("link", name="Production")).to_be_visible()
    expect(section.get_by_role("link", name="Open the whole trial")).to_have_attribute(
        "href", where(prompt, "prompt-try", f"{Trial.objects.get(prompt=prompt).pk}/")
    )


def test_running_calls_can_be_stopped_there(page, prompt, calls, database):
    with answering(is_started=False):
        page.goto(where(prompt, "prompt-publish", "?version=2"))
        page.keyboard.press("o")
        section = page.locator("#then-and-now")
        expect(section.locator("[data-state='ready']")).to_have_count(6)
        section.get_by_role("button", name="Stop").press("Enter")

        expect(section.locator("[data-state='stopped']")).to_have_count(6)
        expect(section.get_by_role("button", name="Run the newest calls")).to_have_count(0)


def test_a_call_is_tried_with_the_draft_without_leaving_the_editor(page, prompt, calls, quick):
    page.goto(where(prompt))
    text = page.get_by_label("Text of message 1")
    text.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Hello. ")
    expect(page.locator("#preview")).to_contain_text("Hello. Answer at length.")
    for _ in ("the panel, which scrolls", "the button in it"):
        tab_to(page, "Try this one with my draft")
    page.keyboard.press("Enter")

    answer = page.locator("#example-trial [data-cell]")
    expect(answer).to_have_attribute("data-state", "done", timeout=30_000)
    expect(answer).to_be_in_viewport()
    assert Trial.objects.get(prompt=prompt).variants[0]["content"]["messages"][0]["content"].startswith("Hello. ")
    expect(page.locator("#save-status")).to_contain_text("Saved")
    assert Draft.objects.get(prompt=prompt).content["messages"][0]["content"].startswith("Hello. ")


def test_while_the_answer_comes_typing_goes_on(page, prompt, calls, quick):
    page.goto(where(prompt))
    page.get_by_role("button", name="Try this one with my draft").click()
    text = page.get_by_label("Text of message 1")
    text.click()
    page.keyboard.press("Control+End")
    for word in ("one ", "two ", "three "):
        page.keyboard.type(word)
        page.wait_for_timeout(500)

    expect(page.locator("#example-trial [data-cell]")).to_have_attribute("data-state", "done", timeout=30_000)
    expect(text).to_contain_text("Be kind.one two three")
    page.get_by_role("button", name="Next example").click()
    expect(page.locator("#example-trial > *")).to_have_count(0)


def test_a_comment_is_written_on_the_line_of_the_cursor(page, prompt):
    page.goto(where(prompt))
    page.get_by_label("Text of message 1").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("A new line before.\n")
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+/")
    dialog = page.locator("#comment-dialog")
    expect(dialog.get_by_label("Line")).to_have_value("3")
    expect(dialog.get_by_label("Comment", exact=True)).to_be_focused()
    write(page, "Kind to whom?")
    tab_to(page, "Cancel")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#message-1 .margin-notes")).to_contain_text("Kind to whom?")
    expect(page.locator("#message-1 .margin-notes")).to_contain_text("line 3")
    comment = Comment.objects.get(prompt=prompt)
    assert (comment.version.number, comment.message, comment.line) == (2, 0, 2)
    expect(page.get_by_label("Text of message 1")).to_contain_text("A new line before.")
    expect(page.locator(".cm-lintRange-info")).to_have_text("Be kind.")


def test_a_request_is_talked_about_and_decided_on_one_page(page, prompt, project, site, admin):
    project.is_approval_required = True
    project.save()
    writer, newest = make_member(project=project, role=Role.EDITOR, name="Sam Writer"), prompt.versions.get(number=2)
    change_requests.ask(prompt=prompt, version=newest, label=PRODUCTION, by=writer)
    comments.add(prompt=prompt, version=newest, anchor=Anchor(0, 1), text="Too long?", by=writer)
    sessions.sign_in(page.context, writer, site)
    page.goto(where(prompt, "prompt-publish", "?version=2"))
    page.get_by_label("Comment on the request").focus()
    write(page, "Is that fine?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("#comments .remark")).to_contain_text("Is that fine?")
    expect(page.get_by_role("link", name="1 more on v2 and its lines")).to_be_visible()
    page.locator("summary", has_text="Answer").press("Enter")
    page.keyboard.press("Tab")
    write(page, "I think so.")
    tab_to(page, "Send answer")
    page.keyboard.press("Enter")
    expect(page.locator("#comments .thread-answers")).to_contain_text("I think so.")


def test_what_waits_for_somebody_is_counted_in_the_rail(page: Page, prompt, project, site):
    project.is_approval_required = True
    project.save()
    writer = make_member(project=project, role=Role.EDITOR)
    newest = versions.save(prompt=prompt, content=said("Another."), by=writer)
    change_requests.ask(prompt=prompt, version=newest, label=PRODUCTION, by=writer)
    approver = make_member(project=project, role=Role.APPROVER)
    sessions.sign_in(page.context, approver, site)

    page.goto(reverse("prompts", args=[project.slug]))
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Prompts")).to_contain_text("1")
    page.get_by_label("Which prompts").select_option("waiting")

    expect(page.locator("#prompt-rows tbody tr")).to_have_count(1)
