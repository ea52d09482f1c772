"""The pages of review queues, and how far a guest can get."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.test import Client
from django.urls import reverse

from evals.models import Dataset
from evals.reviews import guests
from evals.reviews.models import ReviewItem, ReviewQueue
from projects.models import User
from projects.roles import Role
from tests.evals.experiment_factories import make_judged
from tests.evals.factories import make_dataset
from tests.evals.reviews.factories import make_calibration, make_call_queue, make_queue, make_reviewer, say
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_member, make_project, signed_in
from tests.webapp.routes import routes
from tests.webapp.test_route_permissions import address, outside
from tests.webapp.worlds import make_things

pytestmark = pytest.mark.django_db
FETCH = {"X-Requested-With": "fetch"}


@pytest.fixture
def queue() -> ReviewQueue:
    return make_queue(make_judged({"Kind answer": ["101010"]}))


@pytest.fixture
def editor(queue: ReviewQueue) -> User:
    return make_member(project=queue.project, role=Role.EDITOR)


@pytest.fixture
def browser(editor: User) -> Client:
    return signed_in(editor)


def url(queue: ReviewQueue, route: str = "review-queue", *more: object) -> str:
    return reverse(route, args=[queue.project.slug, queue.pk, *more])


def guest_of(queue: ReviewQueue) -> Client:
    """Return a browser that came in by a link."""
    admin = make_member(project=queue.project, role=Role.ADMIN)
    _, token = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)
    client = Client()
    assert client.post(reverse("guest-link", args=[token]), {"name": "Anna Meyer"}).status_code == 302
    return client


def start(client: Client, path: str) -> ReviewItem:
    client.post(path, {"do": "start"}, headers=FETCH)
    return ReviewItem.objects.filter(claims__kind="held").order_by("claims__taken_at").first()


# Making queues


def test_disliked_calls_become_a_queue():
    project = make_project()
    rate(project, make_trace(project, asked="Where?", answered="No idea."))
    client = signed_in(make_member(project=project, role=Role.EDITOR))
    path = reverse("review-new", args=[project.slug]) + "?from=disliked"
    form = {
        "name": "Disliked", "days": 7, "count": 20, "question": "Is it kind?", "kind": "scale", "options": "", "correction": "on",
        "second_kind": "text", "second_question": "Why?", "third_kind": "yes_no", "answers_wanted": 2, "order": "informative",
        "daily_goal": 30,
    }  # fmt: skip

    answer = client.post(path, form)

    made = ReviewQueue.objects.get(project=project)
    assert answer.status_code == 302
    assert (made.answers_wanted, made.order, made.is_blind, made.daily_goal) == (2, "informative", False, 30)
    assert [(asked.kind, asked.text) for asked in made.questions.all()] == [
        ("scale", "Is it kind?"), ("text", "Why?"), ("correction", "What should it have said?"),
    ]  # fmt: skip


@pytest.mark.parametrize("source", ["answers", "pairs", "judge"])
def test_an_experiment_becomes_a_queue(source):
    experiment = make_judged({"Kind answer": ["1010", "0101"]})
    client = signed_in(make_member(project=experiment.project, role=Role.EDITOR))
    path = reverse("review-new", args=[experiment.project.slug]) + f"?from={source}&experiment={experiment.pk}"
    version = experiment.evaluators.get().evaluator_version
    form = {
        "name": "A queue", "evaluator": version.pk, "column": 0, "rival": 1, "count": 20, "question": "Good?", "kind": "yes_no",
        "second_kind": "yes_no", "third_kind": "yes_no", "answers_wanted": 1, "order": "uniform", "daily_goal": 60,
    }  # fmt: skip

    assert client.get(path).status_code == 200
    assert client.post(path, form).status_code == 302

    made = ReviewQueue.objects.get(project=experiment.project)
    assert made.items.count() == 4
    assert made.purpose == {"answers": "review", "pairs": "pairs", "judge": "calibration"}[source]
    assert (made.evaluator_version == version) is (source == "judge")


def test_a_calibration_page_says_why_there_is_no_other_order():
    experiment = make_judged({"Kind answer": ["1010"]})
    client = signed_in(make_member(project=experiment.project, role=Role.EDITOR))

    page = client.get(
        reverse("review-new", args=[experiment.project.slug]) + f"?from=judge&experiment={experiment.pk}"
    ).text

    assert "Drawn by chance alone" in page
    assert 'name="order"' not in page


def test_a_queue_with_nothing_in_it_is_refused_with_the_reason():
    project = make_project()
    client = signed_in(make_member(project=project, role=Role.EDITOR))
    form = {
        "name": "Disliked", "days": 7, "count": 20, "question": "Kind?", "kind": "yes_no", "second_kind": "text",
        "third_kind": "text", "answers_wanted": 1, "order": "uniform", "daily_goal": 60,
    }  # fmt: skip

    answer = client.post(reverse("review-new", args=[project.slug]) + "?from=disliked", form)

    assert answer.status_code == 422
    assert "There is nothing to put into this queue" in answer.text


def test_calls_that_pass_a_filter_of_explore_become_a_queue():
    project = make_project()
    make_trace(project, asked="Where is my refund?", answered="There.")
    make_trace(project, asked="Who are you?", answered="Me.")
    client = signed_in(make_member(project=project, role=Role.EDITOR))
    form = {
        "name": "Refunds", "question": "Kind?", "kind": "yes_no", "second_kind": "text", "third_kind": "text",
        "answers_wanted": 1, "order": "uniform", "daily_goal": 60,
    }  # fmt: skip

    client.post(reverse("review-new", args=[project.slug]) + "?from=chosen&q=refund", form)

    assert ReviewQueue.objects.get(project=project).items.count() == 1


# Answering


def test_looking_takes_nothing_and_pressing_start_does(queue, browser):
    browser.get(url(queue, "review"))
    assert not queue.reviewers.exists()

    browser.post(url(queue, "review"), {"do": "start"})

    assert queue.reviewers.get().claims.count() == 3


def test_an_answer_brings_the_next_item_without_a_script(queue, browser):
    item = start(browser, url(queue, "review"))

    answer = browser.post(url(queue, "review"), {"do": "answer", "item": item.pk, "q0": "yes"})

    assert (answer.status_code, answer.headers["Location"]) == (302, url(queue, "review"))
    page = browser.get(url(queue, "review")).text
    assert "<strong>1</strong> of 60 today" in page
    assert page.count("data-item") == 3
    assert f"item-{item.pk}" not in page


def test_what_was_typed_stays_when_it_cannot_be_stored(queue, browser):
    item = start(browser, url(queue, "review"))

    answer = browser.post(url(queue, "review"), {"do": "answer", "item": item.pk, "q1": "Say sorry."})

    assert answer.status_code == 422
    assert "or press 0 when you cannot tell" in answer.text
    assert "Say sorry.</textarea>" in answer.text


def test_a_blind_queue_tells_nothing_before_it_is_closed(queue, browser):
    item = start(browser, url(queue, "review"))
    page = browser.get(url(queue, "review")).text
    assert "Kind answer" not in page
    assert "v1 live" not in page

    after = browser.post(url(queue, "review"), {"do": "answer", "item": item.pk, "q0": "yes"}, headers=FETCH).text

    assert "Last:" in after
    assert "v1 live" not in after
    assert "Kind answer" not in after
    browser.post(url(queue, "review-close"))
    closed = browser.get(url(queue, "review")).text
    assert "v1 live" in closed
    assert "Kind answer v1" in closed


def test_a_queue_that_is_not_blind_tells_at_once(browser, editor, queue):
    open_queue = make_queue(queue.experiment, is_blind=False)
    start(browser, url(open_queue, "review"))

    assert "Kind answer v1" in browser.get(url(open_queue, "review")).text


@pytest.mark.parametrize("item", ["", "x", "-1", "9" * 30, "0"])
def test_an_item_that_does_not_exist_is_a_sentence(queue, browser, item):
    answer = browser.post(url(queue, "review"), {"do": "answer", "item": item, "q0": "yes"})

    assert answer.status_code == 422
    assert "no such item" in answer.text


def test_an_empty_queue_offers_what_else_could_go_in(editor, browser, queue):
    small = make_queue(queue.experiment, count=1)
    say(make_reviewer(small, editor), small.items.get())

    assert "5 more could go in" in browser.get(url(small, "review")).text

    browser.post(url(small, "review-more"), {"count": 2})
    assert small.items.count() == 3


def test_the_answer_that_empties_a_queue_brings_the_offer_of_more(editor, browser, queue):
    small = make_queue(queue.experiment, count=1)
    item = start(browser, url(small, "review"))

    after = browser.post(url(small, "review"), {"do": "answer", "item": item.pk, "q0": "yes"}, headers=FETCH).text

    assert "5 more could go in" in after


# What came of it


def test_an_open_blind_queue_shows_no_word_of_others_before_an_item_is_settled(queue, browser, editor):
    shared = make_queue(queue.experiment, answers_wanted=2)
    mine, theirs = shared.items.order_by("rank")[:2]
    say(make_reviewer(shared), theirs, "no", note="Theirs alone")
    say(make_reviewer(shared, editor), mine, "no", note="What I said")

    pages = [browser.get(url(shared, "review-results") + query).text for query in ("", "?show=open")]

    assert all("What I said" in page and "Theirs alone" not in page for page in pages)
    browser.post(url(shared, "review-close"))
    assert "Theirs alone" in browser.get(url(shared, "review-results")).text


@pytest.mark.parametrize("route", ["export-review-csv", "export-review-jsonl"])
def test_files_of_an_open_blind_queue_are_for_editors(queue, route):
    viewer = signed_in(make_member(project=queue.project, role=Role.VIEWER))

    refused = viewer.get(url(queue, route), follow=True)

    assert "People still answer blindly here." in refused.text
    signed_in(make_member(project=queue.project, role=Role.EDITOR)).post(url(queue, "review-close"))
    assert viewer.get(url(queue, route)).headers["Content-Disposition"].startswith("attachment")


def test_who_decides_stays_chosen_after_leaving_and_saving_says_so(queue, browser):
    gone = make_member(project=queue.project, role=Role.EDITOR)
    browser.post(url(queue, "review-change"), {"adjudicator": gone.pk, "daily_goal": 60})
    gone.memberships.all().delete()

    assert f'<option value="{gone.pk}" selected' in browser.get(url(queue)).text
    answer = browser.post(url(queue, "review-change"), {"adjudicator": gone.pk, "daily_goal": 50})

    assert answer.status_code == 422
    assert "must be a member" in answer.text


def test_the_chosen_person_decides(queue, editor, browser):
    disputed = make_queue(queue.experiment, answers_wanted=2)
    item = disputed.items.first()
    for value in ("yes", "no"):
        say(make_reviewer(disputed), item, value)
    browser.post(url(disputed, "review-change"), {"adjudicator": editor.pk, "daily_goal": 60})

    page = browser.get(url(disputed, "review-decide")).text
    assert "1 disagreement left" in page
    browser.post(url(disputed, "review-decide"), {"item": item.pk, "q0": "no"})

    item.refresh_from_db()
    assert item.accepted == {"good answer": "no"}


def test_better_answers_become_items_with_one_press(queue, editor, browser):
    say(make_reviewer(queue, editor), queue.items.first(), "no", more={"1": "Better."})
    dataset = make_dataset(queue.project)

    answer = browser.post(url(queue, "review-keep"), {"dataset": dataset.pk}, follow=True)

    assert Dataset.objects.get(pk=dataset.pk).items.current().get().expected_output == "Better."
    assert "1 item added" in answer.text


def test_files_hold_all_items_and_no_formula(browser, queue):
    make_trace(queue.project, asked="Where?", answered="=HYPERLINK(1)")
    calls = make_call_queue(queue.project)

    rows = list(csv.reader(io.StringIO(browser.get(url(calls, "export-review-csv")).getvalue().decode())))
    lines = browser.get(url(calls, "export-review-jsonl")).getvalue().decode().splitlines()

    assert rows[1][rows[0].index("answers")] == "'=HYPERLINK(1)"
    assert json.loads(lines[0])["answers"] == ["=HYPERLINK(1)"]


def test_the_page_of_a_judge_shows_the_corrected_rate_beside_its_own():
    experiment = make_judged({"Kind answer": ["1" * 30 + "0" * 10]})
    queue = make_calibration(experiment)
    reviewer = make_reviewer(queue)
    for item in queue.items.all():
        say(reviewer, item, "yes" if item.judge_passed and item.rank % 3 else "no")
    client = signed_in(make_member(project=experiment.project, role=Role.VIEWER))

    page = client.get(reverse("review-judge", args=[experiment.project.slug])).text

    assert "People would pass" in page
    assert "Not enough labels yet to say whether Kind answer v1 may decide." in page
    assert "Below κ 0.6 a judge informs, but may not decide." in page


def test_a_viewer_reads_but_does_not_answer(queue):
    client = signed_in(make_member(project=queue.project, role=Role.VIEWER))

    assert client.get(url(queue)).status_code == 200
    assert "Start reviewing" not in client.get(url(queue)).text
    assert client.post(url(queue, "review"), {"do": "start"}).status_code == 403


# Guests


def test_the_secret_of_a_link_is_shown_once(queue):
    admin = signed_in(make_member(project=queue.project, role=Role.ADMIN))

    made = admin.post(url(queue, "review-guest-new"), {"label": "Dr. Meyer", "days": 7})

    token = queue.guest_links.get().token_hash
    assert "/guest/" in made.text
    assert made.headers["Cache-Control"] == "no-store"
    assert "/guest/" not in admin.get(url(queue, "review-guests")).text
    assert len(token) == 32


def test_making_a_link_asks_who_it_is(queue):
    admin = signed_in(make_member(project=queue.project, role=Role.ADMIN), fresh=False)

    assert admin.post(url(queue, "review-guest-new"), {"label": "Dr. Meyer", "days": 7}).status_code == 403
    assert not queue.guest_links.exists()


def test_a_guest_answers_and_sees_no_name_of_the_project_beyond_its_own(queue):
    guest = guest_of(queue)
    item = start(guest, reverse("guest-review"))

    guest.post(reverse("guest-review"), {"do": "answer", "item": item.pk, "q0": "no"})

    assert item.answers.get().reviewer.name == "Anna Meyer"
    page = guest.get(reverse("guest-review")).text
    assert queue.project.slug + "/" not in page


def test_a_guest_is_told_nothing_even_where_members_are(queue):
    told = make_queue(queue.experiment, is_blind=False)
    guest = guest_of(told)
    item = start(guest, reverse("guest-review"))

    page = guest.get(reverse("guest-review")).text
    after = guest.post(reverse("guest-review"), {"do": "answer", "item": item.pk, "q0": "no"}, headers=FETCH).text

    assert "Kind answer" not in page + after
    assert "v1 live" not in page + after


def test_no_other_address_knows_a_guest():
    things = make_things(name="Ours")
    queue = ReviewQueue.objects.get(pk=things.review_queue_id)
    guest = guest_of(queue)
    in_project = [route for route in routes() if route.is_in_project]

    wrong = [
        (route.name, answer.status_code)
        for route in in_project
        for path in (address(route, things, things),)
        for answer in (guest.get(path), guest.post(path))
        if answer.status_code not in (302, 405)
        or "/accounts/login/" not in answer.headers.get("Location", "/accounts/login/")
    ]
    elsewhere = [route for route in routes() if route.rule and route.rule.audience in ("signed in", "owners")]
    wrong += [
        (route.name, answer.status_code)
        for route in elsewhere
        for answer in (guest.get(outside(route)), guest.post(outside(route)))
        if answer.status_code != 302 or "/accounts/login/" not in answer.headers["Location"]
    ]

    assert wrong == []
    assert len(in_project) > 40
    assert elsewhere


def test_a_guest_cannot_answer_an_item_of_another_queue(queue):
    guest, other = guest_of(queue), make_queue()

    answer = guest.post(reverse("guest-review"), {"do": "answer", "item": other.items.first().pk, "q0": "yes"})

    assert answer.status_code == 422
    assert not other.reviewers.exists()


def test_a_link_taken_back_ends_the_session_that_came_by_it(queue):
    guest = guest_of(queue)
    admin = signed_in(make_member(project=queue.project, role=Role.ADMIN))
    admin.post(url(queue, "review-guest-revoke", queue.guest_links.get().pk))

    assert guest.get(reverse("guest-review")).status_code == 410
    assert guest.post(reverse("guest-review"), {"do": "start"}).status_code == 410


def test_a_flood_by_a_link_is_slowed_down(queue, monkeypatch):
    monkeypatch.setattr(guests, "REQUESTS_PER_MINUTE", 0)
    admin = make_member(project=queue.project, role=Role.ADMIN)
    _, token = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)

    answer = Client().post(reverse("guest-link", args=[token]), {"name": "Anna"})

    assert answer.status_code == 429
    assert "wait a moment" in answer.text


def test_somebody_without_a_link_is_told_so():
    assert Client().get(reverse("guest-review")).status_code == 410
    assert Client().get(reverse("guest-link", args=["invented"])).status_code == 410
