"""The page that says what will change, asking and giving approval, publishing later, and what stands where meanwhile."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import Notification, Project, User
from projects.roles import Role
from prompt_registry import change_requests, comments, labels, protection
from prompt_registry.models import ChangeRequest, Comment, Prompt, PromptVersion, PublishSchedule
from tests.monitoring.factories import make_trace
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project(is_approval_required=True)


@pytest.fixture
def prompt(project: Project) -> Prompt:
    return make_prompt(project, name="support/refund")


@pytest.fixture
def approver(project: Project) -> User:
    return make_member(project, Role.APPROVER, name="Dana Approver")


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project, Role.EDITOR, name="Ana Editor")


@pytest.fixture
def version(prompt: Prompt, editor: User) -> PromptVersion:
    return make_version(prompt, chat(("system", "Be kind to {{name}}.")), by=editor)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(prompt: Prompt, number: int = 1, to: str = "production") -> str:
    return f"{reverse('prompt-publish', args=[prompt.project.slug, prompt.pk])}?version={number}&to={to}"


def url(prompt: Prompt, route: str, *more: int, query: str = "?version=1") -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk, *more]) + query


def asked(version: PromptVersion, by: User, **fields) -> ChangeRequest:
    return change_requests.ask(prompt=version.prompt, version=version, label="production", by=by, **fields)


def agreed(version: PromptVersion, by: User, approver: User) -> ChangeRequest:
    request = asked(version, by)
    return change_requests.approve(request=request, content_hash=version.content_hash, by=approver)


def go_live(version: PromptVersion, approver: User) -> None:
    agreed(version, version.author, approver)
    labels.publish(prompt=version.prompt, version=version, label="production", by=approver)


def send_calls(prompt: Prompt, count: int = 3, **fields) -> None:
    blanks = {"gen_ai.prompt.variable.name": "Ada"}
    for number in range(count):
        at = timezone.now() - timedelta(minutes=number + 2)
        make_trace(prompt.project, prompt=prompt.name, version=1, at=at, attributes=blanks, **fields)


# From asking to publishing


def test_an_editor_asks_a_reviewer_who_is_led_to_the_page(prompt, version, editor, approver):
    client = browser(editor)
    assert "Ask for approval" in client.get(page(prompt)).text

    answer = client.post(url(prompt, "prompt-ask-approval"), {"reviewer": approver.pk, "note": "Please look"})

    assert answer.headers["Location"] == page(prompt)
    request = prompt.change_requests.get()
    assert (request.reviewer, request.note, request.requested_by) == (approver, "Please look", editor)
    assert Notification.objects.get(user=approver).path == page(prompt)
    shown = client.get(page(prompt)).text
    assert "Dana Approver is told that v1 waits for approval." in shown
    assert "Waiting for Dana Approver" in shown


def test_the_reviewer_approves_and_publishes(prompt, version, editor, approver):
    request, client = asked(version, editor), browser(approver)
    shown = client.get(page(prompt)).text
    assert "Approve v1" in shown
    assert "Publish v1 to production</button>" not in shown

    client.post(url(prompt, "prompt-approve", request.pk), {"content_hash": version.content_hash, "note": "Good"})
    assert "Approved by Dana Approver" in client.get(page(prompt)).text
    published = client.post(page(prompt), {"expected": "0"})

    assert published.status_code == 302
    history = browser(editor).get(url(prompt, "prompt-versions", query="")).text
    assert "Approved by Dana Approver, asked by Ana Editor." in history


def test_a_publish_without_approval_is_refused_on_this_road_too(prompt, version, editor, approver):
    asked(version, editor)

    answer = browser(approver).post(page(prompt), {"expected": "0"})

    assert answer.status_code == 422
    assert "needs the approval of a second person" in answer.text
    assert not prompt.labels.exists()


def test_the_author_sees_why_they_cannot_approve(prompt, approver):
    own = make_version(prompt, by=approver)
    request = asked(own, approver)
    make_member(prompt.project, Role.ADMIN, name="Kim Second")

    shown = browser(approver).get(page(prompt)).text
    answer = browser(approver).post(
        url(prompt, "prompt-approve", request.pk, query=""), {"content_hash": own.content_hash}
    )

    assert "You wrote v1, so a second person must approve it." in shown
    assert "Kim Second" in shown
    assert "Approve v1" not in shown
    assert (answer.status_code, "You wrote v1" in answer.text) == (422, True)


def test_changes_are_asked_for_with_a_sentence_that_stays_when_it_is_missing(prompt, version, editor, approver):
    request, client = asked(version, editor), browser(approver)

    empty = client.post(url(prompt, "prompt-ask-for-changes", request.pk, query=""), {"note": " ", "asks_changes": "1"})
    client.post(url(prompt, "prompt-ask-for-changes", request.pk, query=""), {"note": "Say <b>sorry</b>"})

    assert (empty.status_code, "Say what should change" in empty.text) == (422, True)
    shown = browser(editor).get(page(prompt)).text
    assert "Changes asked for" in shown
    assert "Say &lt;b&gt;sorry&lt;/b&gt;" in shown


def test_the_request_is_withdrawn_and_can_be_made_again(prompt, version, editor, approver):
    request, client = asked(version, editor), browser(editor)

    client.post(url(prompt, "prompt-withdraw", request.pk, query=""))

    shown = client.get(page(prompt)).text
    assert "The last request for this version was withdrawn" in shown
    assert "Ask for approval" in shown


def test_an_answer_to_what_is_over_changes_nothing_and_says_so(prompt, version, editor, approver):
    request = asked(version, editor)
    change_requests.withdraw(request=request, by=editor)

    answer = browser(approver).post(
        url(prompt, "prompt-approve", request.pk, query=""), {"content_hash": version.content_hash}
    )

    assert answer.status_code == 409
    assert "This request is no longer open" in answer.text


def test_where_nobody_else_can_approve_the_next_step_is_named(prompt, project):
    admin = make_member(project, Role.ADMIN)
    make_version(prompt, by=admin)

    shown = browser(admin).get(page(prompt)).text

    assert "Nobody else here can approve this." in shown
    assert reverse("settings-members", args=[project.slug]) in shown


# What will change, and for whom


def test_the_page_names_who_is_affected_the_price_and_how_to_undo(prompt, version, editor, approver):
    go_live(version, approver)
    send_calls(prompt, service="mailer", model="gpt-4o-mini", tokens=(1000, 100))
    make_version(prompt, chat(("system", "Be kind to {{name}}."), settings={"model": "gpt-4o"}), by=editor)

    shown = browser(editor).get(page(prompt, 2)).text

    for words in ("<strong>mailer</strong>", "about <span class=\"nowrap\">3 calls</span> in 24 hours", "$0.21",
                  "<strong>$3.50</strong> per 1,000 calls", "was not tested against v1", "v1 comes back",
                  "It needs no approval."):  # fmt: skip
        assert words in shown


def test_a_removed_blank_that_a_live_application_fills_stops_with_its_name(prompt, version, editor, approver):
    go_live(version, approver)
    send_calls(prompt, service="mailer")
    broken = make_version(prompt, chat(("system", "Be kind.")), by=editor)
    agreed(broken, editor, approver)

    shown = browser(approver).get(page(prompt, 2)).text
    answer = browser(approver).post(page(prompt, 2), {"expected": "1"})

    for text in (shown, answer.text):
        assert "The blank «name» is gone, but the application mailer (3 calls in 24 hours) still fills it." in text
    assert answer.status_code == 422
    assert prompt.labels.get().version == version


def test_without_approval_the_same_check_stops_too(prompt, project, version, editor, approver):
    go_live(version, approver)
    send_calls(prompt, service="mailer")
    make_version(prompt, chat(("system", "Be kind.")), by=editor)
    Project.objects.filter(pk=project.pk).update(is_approval_required=False)

    answer = browser(approver).post(page(prompt, 2), {"expected": "1"})

    assert (answer.status_code, "the application mailer" in answer.text) == (422, True)


# Later


def test_a_moment_is_chosen_in_ones_own_time_and_can_be_cancelled(prompt, version, editor, approver):
    agreed(version, editor, approver)
    client, moment = browser(approver), datetime.now(UTC).replace(microsecond=0) + timedelta(hours=30)

    client.post(
        url(prompt, "prompt-schedule"),
        {"expected": "0", "moment": moment.isoformat(), "publish_at": "2020-01-01T00:00", "reason": "Monday"},
    )

    schedule = prompt.schedules.get()
    assert (schedule.publish_at, schedule.reason, schedule.scheduled_by) == (moment, "Monday", approver)
    for shown in (client.get(page(prompt)).text, client.get(url(prompt, "prompt", query="")).text):
        assert "v1 goes live in production" in shown
        assert "Planned by Dana Approver" in shown
    client.post(url(prompt, "prompt-unschedule", schedule.pk, query=""))
    schedule.refresh_from_db()
    assert schedule.state == "cancelled"


@pytest.mark.parametrize("typed", ["", "soon", "2020-01-01T00:00", "9999-12-31T23:59"])
def test_a_moment_that_makes_no_sense_is_told(prompt, version, editor, approver, typed):
    agreed(version, editor, approver)

    answer = browser(approver).post(url(prompt, "prompt-schedule"), {"expected": "0", "publish_at": typed})

    assert answer.status_code == 422
    assert not PublishSchedule.objects.exists()


def test_planning_needs_the_ticks_and_the_role(prompt, version, editor, approver):
    go_live(version, approver)
    second = make_version(prompt, chat(("system", "Be kind to {{name}}."), settings={"model": "big"}), by=editor)
    agreed(second, editor, approver)
    typed = {"expected": "1", "publish_at": f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"}

    def plan(user: User, **more: str) -> int:
        address = url(prompt, "prompt-schedule", query="?version=2")
        return browser(user).post(address, typed | more).status_code

    assert (plan(editor, accepted="1"), plan(approver), plan(approver, accepted="1")) == (403, 422, 302)


def test_an_editor_plans_and_cancels_for_staging_only(prompt, version, editor, approver):
    typed = {"expected": "0", "publish_at": f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"}
    client = browser(editor)
    client.post(url(prompt, "prompt-schedule", query="?version=1&to=staging"), typed)
    assert prompt.schedules.get().label == "staging"
    assert client.post(url(prompt, "prompt-unschedule", prompt.schedules.get().pk, query="")).status_code == 302

    agreed(version, editor, approver)
    browser(approver).post(url(prompt, "prompt-schedule"), typed)
    guarded = prompt.schedules.get(label="production")
    assert client.post(url(prompt, "prompt-unschedule", guarded.pk, query="")).status_code == 403


# What stands on the other pages


def test_every_page_of_the_prompt_says_what_waits(prompt, version, editor, approver):
    asked(version, editor)

    for route in ("prompt", "prompt-versions"):
        shown = browser(approver).get(url(prompt, route, query="")).text
        assert "v1 waits for approval" in shown
        assert page(prompt).replace("&", "&amp;") in shown


def test_that_approval_is_off_stands_on_every_page_for_everybody(prompt, project, version, editor, approver):
    viewer, admin = make_member(project, Role.VIEWER), make_member(project, Role.ADMIN)
    protection.require_approval(project=project, is_required=False, by=admin)

    for user in (viewer, editor, admin):
        for address in (url(prompt, "prompt", query=""), url(prompt, "prompt-versions", query=""), page(prompt),
                        reverse("prompts", args=[project.slug]), reverse("settings-publishing", args=[project.slug])):  # fmt: skip
            assert "Approval is switched off" in browser(user).get(address).text
    assert "Switch it on" in browser(admin).get(page(prompt)).text
    protection.require_approval(project=project, is_required=True, by=admin)
    assert "Approval is switched off" not in browser(viewer).get(page(prompt)).text


def test_who_is_alone_is_told_so(db):
    project = make_project()
    admin = make_member(project, Role.ADMIN)
    prompt = make_prompt(project)
    make_version(prompt, by=admin)

    assert "You are the only person here who can publish" in browser(admin).get(url(prompt, "prompt")).text


# The list


def test_the_list_shows_what_waits_for_whom(prompt, project, version, editor, approver):
    other = make_member(project, Role.ADMIN)
    asked(version, editor, note="Please <look>", reviewer=approver)
    address = reverse("change-requests", args=[project.slug])

    assert "Please &lt;look&gt;" in browser(approver).get(address).text
    assert "Nothing waits for you" in browser(other).get(address).text
    assert "Nothing waits for you" in browser(editor).get(address).text
    assert "support/refund v1" in browser(editor).get(f"{address}?show=mine").text
    for shown in ("open", "all"):
        assert "support/refund v1" in browser(other).get(f"{address}?show={shown}").text
    assert (
        'Approvals <span class="count">1</span>' in browser(approver).get(reverse("prompts", args=[project.slug])).text
    )


def test_whoever_must_change_something_finds_it_in_the_list(prompt, project, version, editor, approver):
    change_requests.ask_for_changes(request=asked(version, editor), note="Shorter", by=approver)
    address = reverse("change-requests", args=[project.slug])

    assert "Changes asked for" in browser(editor).get(address).text
    assert "Nothing waits for you" in browser(approver).get(address).text


def test_an_approved_version_waits_for_whoever_approved_it(prompt, project, version, editor, approver):
    agreed(version, editor, approver)
    address = reverse("change-requests", args=[project.slug])

    assert "support/refund v1" in browser(approver).get(address).text


def test_an_applications_request_waits_for_every_approver(prompt, project, approver):
    change_requests.ask(prompt=prompt, version=make_version(prompt), label="production", by=None)

    assert "An application" in browser(approver).get(reverse("change-requests", args=[project.slug])).text


def test_the_list_has_pages(prompt, project, editor, approver, monkeypatch):
    monkeypatch.setattr("webapp.pages.prompts_approval.PAGE_SIZE", 1)
    for _ in range(2):
        asked(make_version(prompt, by=editor), editor)
    address = f"{reverse('change-requests', args=[project.slug])}?show=all"

    first = browser(approver).get(address).text
    newest = prompt.change_requests.order_by("-pk").first()

    assert f"before={newest.pk}" in first
    assert "support/refund v1" in browser(approver).get(f"{address}&before={newest.pk}").text


# Comments on a request


def comment_url(request: ChangeRequest) -> str:
    return reverse("request-comment-add", args=[request.project.slug, request.prompt_id, request.pk])


def test_a_request_is_talked_about_where_it_is_decided(prompt, version, editor, approver):
    request = asked(version, editor)
    Notification.objects.all().delete()

    answer = browser(approver).post(comment_url(request), {"text": "Why now?"})

    comment = Comment.objects.get()
    assert answer.headers["Location"] == f"{page(prompt)}#comment-{comment.pk}"
    shown = browser(editor).get(page(prompt)).text
    assert f'id="comment-{comment.pk}"' in shown
    assert "Why now?" in shown
    told = Notification.objects.get()
    assert (told.user, told.path) == (editor, f"{page(prompt)}#comment-{comment.pk}")


def test_answers_lead_back_to_the_request(prompt, version, editor, approver):
    comment = comments.add(prompt=prompt, change_request_id=asked(version, editor).pk, text="Why now?", by=approver)
    shown = browser(editor).get(page(prompt)).text
    way_back = re.search(r'name="next" value="([^"]+)"', shown)[1].replace("&amp;", "&")
    answer_url = reverse("comment-answer", args=[prompt.project.slug, prompt.pk, comment.pk])

    answer = browser(editor).post(answer_url, {"text": "Because.", "next": way_back})

    assert answer.headers["Location"] == f"{page(prompt)}#comment-{Comment.objects.latest('pk').pk}"


def test_a_comment_that_is_refused_keeps_what_was_typed(prompt, version, editor, approver):
    request = asked(version, editor)
    comment = comments.add(prompt=prompt, change_request_id=request.pk, text="Why now?", by=approver)
    answer_url = reverse("comment-answer", args=[prompt.project.slug, prompt.pk, comment.pk])

    refused = browser(approver).post(comment_url(request), {"text": "x" * 5_001})
    refused_answer = browser(editor).post(answer_url, {"text": "y" * 5_001})

    assert (refused.status_code, refused_answer.status_code) == (422, 422)
    assert "x" * 5_001 in refused.text
    assert "y" * 5_001 in refused_answer.text
    assert Comment.objects.count() == 1


def test_line_comments_of_the_version_are_pointed_to(prompt, version, editor, approver):
    asked(version, editor)
    comments.add(prompt=prompt, version=version, anchor=comments.Anchor(0, 1), text="Kind to whom?", by=approver)

    shown = browser(approver).get(page(prompt)).text

    assert "1 more on v1 and its lines" in shown


def test_without_a_request_there_is_nothing_to_talk_about(prompt, version, editor):
    assert "comments-title" not in browser(editor).get(page(prompt)).text


def test_a_viewer_reads_comments_and_writes_none(prompt, version, editor, approver):
    request = asked(version, editor)
    comments.add(prompt=prompt, change_request_id=request.pk, text="Why now?", by=approver)
    viewer = browser(make_member(prompt.project, Role.VIEWER))

    assert viewer.post(comment_url(request), {"text": "Me too"}).status_code == 403
    assert "Why now?" in viewer.get(page(prompt)).text
    assert comment_url(request) not in viewer.get(page(prompt)).text


# The length of calls


def test_a_version_beyond_the_limit_of_its_model_is_stopped(prompt, version, editor, approver):
    go_live(version, approver)
    long = make_version(prompt, chat(("system", "parcel " * 20_000), settings={"model": "gpt-3.5-turbo"}), by=editor)
    agreed(long, editor, approver)

    shown = browser(approver).get(page(prompt, 2)).text
    answer = browser(approver).post(page(prompt, 2), {"expected": "1"})

    assert "such calls fail" in shown
    assert "of the 16,385 tokens that «gpt-3.5-turbo» reads and writes at once" in shown
    assert answer.status_code == 422
    assert prompt.labels.get(name="production").version == version


def test_the_longest_call_of_the_day_is_what_counts(prompt, version, editor, approver):
    go_live(version, approver)
    send_calls(prompt, tokens=(15_900, 20), model="gpt-3.5-turbo")
    make_version(prompt, chat(("system", "Be kind to {{name}}. " + "parcel " * 3_000)), by=editor)

    shown = browser(approver).get(page(prompt, 2)).text

    assert "With the longest input of the last calls" in shown
    assert "counted from the longest question of the last 24 hours" in shown


def test_a_model_whose_limit_nobody_knows_is_said(prompt, version, editor):
    make_version(prompt, chat(("system", "Hi {{name}}"), settings={"model": "our-own-model"}), by=editor)

    assert "How much «our-own-model» reads at once is not known here." in browser(editor).get(page(prompt, 2)).text
