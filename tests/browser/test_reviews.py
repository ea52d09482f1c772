"""Reviewing with the keyboard alone, as a member and as a guest, and what a blind reviewer gets to see."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, Route, expect

from evals.experiments.models import Experiment
from evals.reviews import claims, guests
from evals.reviews.models import ItemState, ReviewQueue
from evals.reviews.questions import CORRECTION, GOOD, NewQuestion
from projects.models import Project, User
from projects.roles import Role
from tests.browser import sessions
from tests.browser.keyboard import tab_to
from tests.browser.test_pages import AXE, _broken_rules
from tests.evals.experiment_factories import make_judged
from tests.evals.reviews.factories import make_pairs, make_queue, make_reviewer, say
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_member

# What handling may cost beside reading (UX §1.6), with room for a busy machine.
OVERHEAD_SECONDS = 5.0
ASKED = (GOOD, NewQuestion("scale", "How kind is it?", "kindness"), CORRECTION)


@pytest.fixture
def experiment(project: Project) -> Experiment:
    return make_judged({"Kind answer": ["1010101010"]}, project)


@pytest.fixture
def queue(experiment: Experiment) -> ReviewQueue:
    return make_queue(experiment, name="Kind enough?", questions=ASKED)


def begin(page: Page, queue: ReviewQueue) -> None:
    page.goto(f"/p/{queue.project.slug}/reviews/{queue.pk}/work/")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="What was asked and answered")).to_be_focused()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def arrive(page: Page, title: str) -> None:
    """Wait for the page that a key led to; keys count once its scripts are there."""
    expect(page.get_by_role("heading", level=1, name=title, exact=True)).to_be_visible()
    page.wait_for_load_state()


def shown(page: Page) -> str:
    return page.locator("[data-item]:visible [data-answer]").inner_text()


def wait_for_answers(queue: ReviewQueue, count: int) -> None:
    until = time.monotonic() + 10
    while queue.items.filter(answers__isnull=False).count() != count:
        assert time.monotonic() < until, "The answers did not arrive."
        time.sleep(0.05)


def test_from_disliked_calls_to_scores_on_the_trace_needs_no_mouse(page, project, admin):
    trace_id = make_trace(project, asked="Where is my money?", answered="As an AI I cannot say.")
    rate(project, trace_id)
    page.goto(f"/p/{project.slug}/")
    press(page, "g", "q")
    arrive(page, "Review")
    tab_to(page, "Disliked calls")
    press(page, "Enter")
    arrive(page, "Review disliked calls")
    press(page, "Control+Enter")
    arrive(page, "Disliked calls")
    press(page, "Control+Enter")
    expect(page.get_by_text("As an AI I cannot say.")).to_be_visible()
    # Keys are listened to once the scripts of the page have run.
    page.wait_for_load_state("load")

    press(page, "2", "Tab")
    tab_to(page, "What should it have said?", back=True)
    page.keyboard.insert_text("It is on its way.")
    press(page, "Escape", "n")
    page.keyboard.insert_text("Not helpful")
    press(page, "Control+Enter")

    expect(page.get_by_text("The queue is empty")).to_be_visible()
    page.goto(f"/p/{project.slug}/traces/{trace_id}/")
    expect(page.locator("#feedback, main").first).to_contain_text("It is on its way.")


def test_an_item_costs_few_keys_and_little_time(page, queue, admin):
    begin(page, queue)
    started = time.monotonic()

    for _ in range(5):
        expect(page.get_by_role("heading", name="What was asked and answered")).to_be_focused()
        press(page, "1", "4", "Enter")

    wait_for_answers(queue, 5)
    assert (time.monotonic() - started) / 5 < OVERHEAD_SECONDS
    expect(page.get_by_text("5 of 60 today")).to_be_visible()
    answer = queue.reviewers.get(user=admin).answers.first()
    assert answer.values == {"good answer": "yes", "kindness": "4"}
    assert answer.seconds is not None


def test_the_next_item_is_there_before_the_answer_has_arrived(page, queue):
    begin(page, queue)
    first = shown(page)
    page.route("**/work/", lambda route: (time.sleep(1), route.continue_()))

    press(page, "1", "5", "Enter")

    assert shown(page) != first
    assert not queue.items.filter(answers__isnull=False).exists()
    wait_for_answers(queue, 1)


def test_what_somebody_reads_stays_when_an_earlier_answer_arrives(page, queue):
    begin(page, queue)
    held: list[Route] = []
    page.route("**/work/", lambda route: held.append(route) if len(held) < 2 else route.continue_())
    press(page, "1", "5", "Enter")
    press(page, "1", "5", "Enter")
    press(page, "1")
    third = shown(page)

    held[0].continue_()
    expect(page.get_by_text("1 of 60 today")).to_be_visible()
    assert shown(page) == third

    while len(held) < 2:
        page.wait_for_timeout(20)
    held[1].continue_()
    press(page, "5", "Enter")
    expect(page.get_by_text("3 of 60 today")).to_be_visible()


def test_an_answer_that_does_not_get_through_is_not_lost(page, queue, troubles):
    begin(page, queue)
    first = shown(page)
    page.route("**/work/", lambda route: route.abort())
    press(page, "n")
    page.keyboard.insert_text("A long thought")
    press(page, "Escape", "1", "5", "Enter")

    expect(page.get_by_role("alert")).to_contain_text("there is no connection")
    assert shown(page) == first
    expect(page.locator("[data-item]:visible textarea[name=note]")).to_have_value("A long thought")
    page.unroute("**/work/")
    press(page, "Control+Enter")
    wait_for_answers(queue, 1)
    troubles.clear()


def test_every_key_does_what_the_sheet_says(page, queue, admin):
    begin(page, queue)
    first = shown(page)
    press(page, "0")
    expect(page.locator("#review-last")).to_contain_text("cannot tell")
    assert shown(page) != first

    press(page, "z")
    expect(page.locator("#review-last")).to_be_empty()
    assert shown(page) == first

    press(page, "f")
    expect(page.locator("[data-item]:visible input[name=flag]")).to_be_checked()
    press(page, "p")
    expect(page.locator("[data-item]:visible input[name=flag]")).not_to_be_checked()
    second = shown(page)
    press(page, "s")
    expect(page.locator("[data-item]:visible [data-answer]")).not_to_have_text(second)
    press(page, "?")
    expect(page.get_by_role("dialog")).to_contain_text("Cannot tell")
    press(page, "Escape")
    until = time.monotonic() + 10
    while {claim.kind for claim in queue.reviewers.get(user=admin).claims.all()} != {"held", "postponed", "skipped"}:
        assert time.monotonic() < until, "The keys p and s did not arrive."
        time.sleep(0.05)


def test_a_disagreement_is_decided_with_two_keys(page, experiment):
    disputed = make_queue(experiment, answers_wanted=2)
    item = disputed.items.first()
    for value in ("yes", "no"):
        say(make_reviewer(disputed), item, value)
    page.goto(f"/p/{disputed.project.slug}/reviews/{disputed.pk}/")
    tab_to(page, "Decide")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="What people said")).to_be_visible()
    page.wait_for_load_state("load")

    press(page, "2", "Enter")

    expect(page.get_by_text("Nothing to decide")).to_be_visible()
    item.refresh_from_db()
    assert item.accepted == {"good answer": "no"}


def test_a_blind_page_holds_nothing_that_could_sway(page, experiment):
    blind = make_queue(experiment)
    begin(page, blind)

    assert "Kind answer" not in page.content()
    assert "v1 live" not in page.content()

    press(page, "1")
    press(page, "Enter")
    expect(page.locator("#review-last")).to_contain_text("Last:")
    expect(page.locator("#review-last")).not_to_contain_text("v1 live")
    expect(page.locator("#review-last")).not_to_contain_text("Kind answer")


def test_text_of_a_model_stays_text(page, project):
    make_trace(project, asked="<img src=x onerror=alert(1)>", answered="</p><script>alert(2)</script>")
    page.goto(f"/p/{project.slug}/reviews/new/?from=sample")
    press(page, "Control+Enter")
    arrive(page, "Random sample")
    press(page, "Control+Enter")

    expect(page.get_by_text("</p><script>alert(2)</script>")).to_be_visible()
    assert page.locator("main img").count() == 0


def test_two_people_work_side_by_side(open_page, queue, admin, project):
    other = make_member(project=project, role=Role.EDITOR, name="Sam Writer")
    one, two = open_page(user=admin), open_page(user=other)

    begin(one, queue)
    begin(two, queue)

    assert shown(one) != shown(two)


@pytest.mark.parametrize("viewport", [sessions.DESK, sessions.HAND], ids=["desk", "hand"])
def test_a_guest_reviews_by_link_and_keyboard(open_page, experiment, admin: User, viewport):
    queue = make_pairs(make_judged({"Kind": ["101", "011"]}, experiment.project))
    _, token = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)
    page = open_page(viewport=viewport)
    page.goto(f"/guest/{token}/")
    page.keyboard.insert_text("Anna Meyer")
    press(page, "Enter")
    expect(page.get_by_text("You answer as Anna Meyer")).to_be_visible()
    assert token not in page.url

    press(page, "Control+Enter")
    expect(page.get_by_role("heading", name="Two answers to the same question")).to_be_focused()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(AXE)
        assert _broken_rules(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for key in ("1", "2", "3"):
        press(page, key, "Enter")

    expect(page.get_by_text("The queue is empty")).to_be_visible()
    assert queue.items.filter(state=ItemState.SETTLED).count() == 3
    assert claims.held(queue.reviewers.get()) == []
    page.goto(f"/p/{queue.project.slug}/")
    expect(page).to_have_url(f"{page.url.split('/accounts')[0]}/accounts/login/?next=/p/{queue.project.slug}/")
