"""The page behind the bell."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest
from django.test import Client
from django.urls import reverse

from projects import notifications
from projects.models import Notification, User
from tests.projects.factories import make_member, make_project, make_user, signed_in
from webapp.pages.notifications import days

pytestmark = pytest.mark.django_db
URL = "/notifications/"


@pytest.fixture
def project():
    return make_project(name="Nordwind")


@pytest.fixture
def user(project) -> User:
    return make_member(project=project)


@pytest.fixture
def browser(user: User) -> Client:
    return signed_in(user)


def tell(project, user, sentence: str = "Sam mentioned you.", path: str = "/projects/") -> Notification:
    notifications.tell(project=project, to=[user], kind="mention", sentence=sentence, path=path)
    return Notification.objects.latest("pk")


def test_every_page_of_the_shell_shows_how_much_is_unread(browser, project, user):
    tell(project, user)

    page = browser.get(f"/p/{project.slug}/prompts/").text

    assert 'aria-label="Notifications: 1 unread"' in page


def test_more_than_99_are_not_counted_out(browser, project, user):
    Notification.objects.bulk_create(
        Notification(project=project, user=user, kind="mention", sentence="Look.", path="/") for _ in range(120)
    )

    page = browser.get(URL).text

    assert "more than 99 unread" in page
    assert "99+" in page


def test_the_bell_is_sent_anew_only_when_its_number_changed(browser, project, user):
    tell(project, user)
    url = reverse("notification-count")

    same, other = browser.get(url, {"shown": "1"}), browser.get(url, {"shown": "0"})

    assert (same.status_code, same.content) == (204, b"")
    assert "?shown=1" in other.text
    assert "1 unread" in other.text


def seen(browser: Client, seconds_ago: int) -> int:
    session = browser.session
    session["begun_at"] = session["seen_at"] = moment = int(time.time()) - seconds_ago
    session.save()
    return moment


def test_asking_for_the_number_keeps_no_session_alive(browser):
    moment = seen(browser, 400)

    browser.get(reverse("notification-count"))
    after_the_bell = browser.session["seen_at"]
    browser.get(URL)

    assert after_the_bell == moment
    assert browser.session["seen_at"] > moment


def test_after_twelve_quiet_hours_the_bell_is_silent_too(browser):
    seen(browser, 12 * 3600 + 1)

    assert browser.get(reverse("notification-count")).status_code == 302


def test_opening_one_marks_it_read_and_leads_to_its_page(browser, project, user):
    notification = tell(project, user, path="/p/x/prompts/3/versions/2/#comment-5")

    answer = browser.post(reverse("open-notification", args=[notification.pk]))

    assert answer.headers["Location"] == "/p/x/prompts/3/versions/2/#comment-5"
    assert Notification.objects.get().read_at is not None


@pytest.mark.parametrize("path", ["/\\evil.example/", "/\t/evil.example/"])
def test_opening_one_never_leads_to_another_site(browser, project, user, path):
    notification = tell(project, user, path=path)

    answer = browser.post(reverse("open-notification", args=[notification.pk]))

    assert answer.headers["Location"] == URL


def test_somebody_elses_notification_does_not_exist(browser, project):
    foreign = tell(project, make_member(project=project))

    for route in ("open-notification", "read-notification"):
        assert browser.post(reverse(route, args=[foreign.pk])).status_code == 404
    browser.post(reverse("read-notifications"), {"newest": foreign.pk})

    assert Notification.objects.get().read_at is None


def test_looking_at_one_by_a_plain_link_marks_nothing(browser, project, user):
    notification = tell(project, user)

    assert browser.get(reverse("open-notification", args=[notification.pk])).status_code == 405
    assert Notification.objects.get().read_at is None


def test_one_is_marked_read_and_the_person_stays(browser, project, user):
    notification = tell(project, user)

    answer = browser.post(reverse("read-notification", args=[notification.pk]), {"next": f"{URL}?only=unread"})

    assert answer.headers["Location"] == f"{URL}?only=unread"
    assert "Nothing unread" in browser.get(f"{URL}?only=unread").text


def test_all_are_marked_read_but_not_what_came_meanwhile(browser, project, user):
    seen = tell(project, user)
    tell(project, user, sentence="Later.")

    browser.post(reverse("read-notifications"), {"newest": seen.pk})

    assert [one.sentence for one in Notification.objects.filter(read_at=None)] == ["Later."]


def test_hostile_sentences_are_shown_as_words(browser, project, user):
    tell(project, user, sentence="<script>alert(1)</script>")

    page = browser.get(URL).text

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page


def test_long_lists_come_in_pages(browser, project, user):
    Notification.objects.bulk_create(
        Notification(project=project, user=user, kind="mention", sentence=f"Number {n}.", path="/") for n in range(55)
    )

    page = browser.get(URL).text
    last = Notification.objects.order_by("-created_at", "-pk")[49]

    assert f"?before={last.pk}" in page
    assert "Number 3." in browser.get(f"{URL}?before={last.pk}").text


def test_the_page_works_without_any_project():
    page = signed_in(make_user()).get(URL)

    assert page.status_code == 200
    assert "No news yet" in page.text


def test_what_reaches_somebody_is_chosen_kind_by_kind(browser, user):
    browser.post(f"{URL}settings/", {"mention": "daily", "published": "off", "approved": "by pigeon"})

    choices = notifications.choices_of(user)
    assert (choices["mention"], choices["published"], choices["approved"]) == ("daily", "off", "at_once")
    assert '<option value="daily" selected>' in browser.get(f"{URL}settings/").text


@pytest.mark.parametrize("is_set", [True, False])
def test_the_page_says_when_no_mail_can_be_sent(browser, settings, is_set):
    settings.IS_MAIL_CONFIGURED = is_set

    assert ("No mail server is set up" in browser.get(f"{URL}settings/").text) is not is_set


def test_days_are_named_as_people_say_them():
    def at(day: int, month: int = 11) -> Notification:
        return Notification(created_at=datetime(2026, month, day, 12, tzinfo=UTC))

    found = days([at(28), at(28), at(27), at(25), at(1), at(31, 10)], today=date(2026, 11, 28))

    assert [(day.label, len(day.notifications)) for day in found] == [
        ("Today", 2), ("Yesterday", 1), ("Wednesday, 25 November", 1), ("1 November 2026", 1), ("31 October 2026", 1),
    ]  # fmt: skip
