"""Trying a prompt in a real browser: answers that stream in, stopping, running again, by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from projects.models import Project, User
from prompt_registry import connections, contents, labels, prompts, versions
from prompt_registry.models import PRODUCTION, Prompt
from prompt_registry.trial_models import CellState, Trial
from tests.browser.answering import answering
from tests.browser.keyboard import tab_to, write
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member

XSS = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    connections.add_simulated(project=project, by=admin)
    prompt = prompts.create(project=project, name="support/answer", type="text", by=admin)
    first = versions.save(prompt=prompt, content=said("Answer {{question}} in two sentences."), by=admin)
    labels.publish(prompt=prompt, version=first, label=PRODUCTION, by=admin)
    versions.save(prompt=prompt, content=said("Answer {{question}} in a friendly way, at length."), by=admin)
    return prompt


@pytest.fixture
def calls(project: Project, prompt: Prompt) -> None:
    for question in ("Where is my parcel?", "How do I return a tent?", "Do you ship to Norway?"):
        make_trace(
            project, prompt=prompt.name, version=1, asked=question, answered="Soon.",
            attributes={"gen_ai.prompt.variable.question": question},
        )  # fmt: skip


@pytest.fixture
def quick(database: None) -> Iterator[None]:
    with answering(time_scale=0.3):
        yield


def said(text: str, model: str = "simulated-fast") -> contents.PromptContent:
    return contents.parse({"type": "text", "text": text, "settings": {"model": model}})


def where(prompt: Prompt, route: str = "prompt-try", *args: object) -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk, *args])


def wait_for_answers(page: Page, count: int) -> None:
    expect(page.locator("[data-cell][data-state='done']")).to_have_count(count, timeout=30_000)


def test_one_press_answers_the_live_and_the_newest_version_on_three_real_calls(page, prompt, calls, quick):
    page.goto(where(prompt))
    expect(page.get_by_role("link", name="Real call")).to_have_count(3)
    page.keyboard.press("Control+Enter")

    wait_for_answers(page, 6)
    expect(page.locator("[data-progress]")).to_have_text("6 of 6 answered")
    expect(page.locator(".answer-meta").first).to_contain_text("tokens")
    expect(page.locator("cb-live#following")).to_have_count(0)


def test_answers_appear_while_they_are_written(page, prompt, database):
    slow = versions.save(
        prompt=prompt, content=said("Explain {{question}} at length, in ten sentences.", "simulated-slow"), by=None
    )
    with answering(time_scale=1.0):
        page.goto(f"{where(prompt)}?what={slow.number}&source=samples&value-0-question=refunds")
        page.keyboard.press("Control+Enter")
        text = page.locator("[data-state='running'] [data-text]")
        expect(text).to_have_text(re.compile(r"\w+"), timeout=30_000)
        first = text.text_content() or ""
        page.wait_for_function(
            "before => document.querySelector('[data-text]')?.textContent.length > before", arg=len(first)
        )
        # The stream writes into the same element; only a change of state draws the cell anew.
        assert page.evaluate("document.querySelector('#following').dataset.every") == "10"
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("[data-state='stopped']")).to_have_count(1, timeout=5_000)


def test_without_the_stream_the_page_asks_by_itself(page, prompt, calls, quick):
    page.route("**/live/trials", lambda route: route.abort())
    page.goto(where(prompt))
    page.keyboard.press("Control+Enter")

    wait_for_answers(page, 6)


def test_esc_stops_and_the_open_ones_can_be_run_again(page, prompt, calls, database):
    with answering(time_scale=0.1, is_started=False) as worker:
        page.goto(where(prompt))
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-state='ready']")).to_have_count(6)
        page.keyboard.press("Escape")
        expect(page.locator("[data-state='stopped']")).to_have_count(6)
        worker.start()
        page.keyboard.press("Control+Enter")
        wait_for_answers(page, 6)


def test_a_grid_is_worked_through_with_the_keyboard_alone(page, prompt, calls, quick):
    page.goto(where(prompt, "prompt"))
    page.locator(".cm-content").first.focus()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(" Be brief.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/try/")
    expect(page.locator("#what-1")).to_have_value("draft")
    tab_to(page, "Run")
    page.keyboard.press("Enter")
    wait_for_answers(page, 6)

    trial = Trial.objects.latest("pk")
    cells = list(trial.cells.order_by("row", "column"))
    page.locator(f"#cell-{cells[0].pk}").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"#cell-{cells[3].pk}")).to_be_focused()
    page.keyboard.press("b")
    expect(page.locator(f"#cell-{cells[3].pk}")).to_contain_text("Better")
    expect(page.locator("#trial-bar")).to_contain_text("B better 1×")
    expect(page.locator(f"#cell-{cells[3].pk}")).to_be_focused()
    page.keyboard.press("d")
    expect(page.locator(f"#words-{cells[3].pk}")).to_contain_text("Words that B leaves out")
    page.keyboard.press("Shift+Enter")
    expect(page.locator("[data-progress]")).not_to_have_text("6 of 6 answered")
    wait_for_answers(page, 6)
    assert trial.cells.get(pk=cells[2].pk).asked_at > trial.cells.get(pk=cells[0].pk).asked_at
    page.keyboard.press("+")
    expect(page.locator("#add-what")).to_be_focused()


def test_what_is_typed_survives_a_change_of_the_columns(page, prompt, quick):
    page.goto(f"{where(prompt)}?source=samples")
    tab_to(page, "question")
    write(page, "Typed by hand")
    page.get_by_role("button", name="Add a column").click()
    expect(page.locator("[name='what']")).to_have_count(3)
    page.locator("#what-2").select_option("1")
    page.locator("#model-2").fill("simulated-large")
    page.locator("#model-2").press("Tab")

    expect(page.locator("#model-2")).to_have_attribute("placeholder", "simulated-large")
    expect(page.get_by_role("textbox", name="question")).to_have_value("Typed by hand")


def test_hostile_words_of_models_and_users_stay_words(page, prompt, project, admin, quick):
    page.goto(f"{where(prompt)}?source=samples")
    page.get_by_role("textbox", name="question").fill(XSS)
    page.get_by_role("button", name="Run").click()
    wait_for_answers(page, 2)
    trial = Trial.objects.latest("pk")
    trial.cells.update(state=CellState.FAILED, text=XSS, error=XSS, detail=XSS)
    page.reload()

    expect(page.locator("[data-text]").first).to_have_text(XSS)
    assert "hacked" not in page.title()
    assert page.locator("img").count() == 0


def test_hostile_words_stay_words_while_they_stream(page, prompt, database):
    with answering(is_started=False):
        page.goto(f"{where(prompt)}?source=samples&value-0-question=x")
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-state='ready']")).to_have_count(2)
        trial = Trial.objects.latest("pk")
        trial.cells.update(state=CellState.RUNNING, text="", revision=5)
        expect(page.locator("[data-state='running']")).to_have_count(2)
        trial.cells.update(text=XSS, revision=6)

        expect(page.locator("[data-text]").first).to_have_text(XSS)
        assert "hacked" not in page.title()
        assert page.locator("img").count() == 0
        page.keyboard.press("Escape")
        expect(page.locator("[data-state='stopped']")).to_have_count(2)


def test_a_colleague_follows_the_same_trial_by_its_link(page, open_page, prompt, project, calls, quick):
    colleague = open_page(user=make_member(project=project, role="viewer", name="Vera"))
    page.goto(where(prompt))
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/try/*/")
    colleague.goto(page.url)

    wait_for_answers(colleague, 6)
    expect(colleague.get_by_text("You can look at this trial, but not run it.")).to_be_visible()
    expect(colleague.get_by_role("button", name="Run row")).to_have_count(0)
