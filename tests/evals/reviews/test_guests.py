"""Links for people without an account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evals.reviews import claims, guests
from evals.reviews.errors import GuestLinkNotUsable, ItemUnknown, QueueNotUsable, TooFast
from evals.reviews.models import GuestLink
from projects.models import AuditEvent
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from tests.evals.reviews.factories import make_queue, say
from tests.projects.factories import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue():
    return make_queue(items=6)


@pytest.fixture
def admin(queue):
    return make_member(project=queue.project, role=Role.ADMIN)


def test_of_the_secret_only_its_hash_is_kept(queue, admin):
    link, token = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)

    stored = GuestLink.objects.values().get(pk=link.pk)
    assert token not in str(stored)
    assert guests.open_link(token=token) == link


def test_a_guest_gives_a_name_once(queue, admin):
    _, token = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)

    with pytest.raises(QueueNotUsable):
        guests.enter(token=token, name=" ")
    reviewer = guests.enter(token=token, name="Anna Meyer")

    assert guests.enter(token=token, name="Somebody else") == reviewer
    assert (reviewer.name, reviewer.is_guest) == ("Anna Meyer", True)


def test_a_guest_answers_and_the_audit_says_so(queue, admin):
    link, token = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)
    reviewer = guests.enter(token=token, name="Anna Meyer")
    item = claims.take(reviewer=reviewer)[0]

    say(reviewer, item)

    event = AuditEvent.objects.filter(project=queue.project, action="review.answered").get()
    assert (event.actor, event.user, event.details["guest_link"]) == ("guest Anna Meyer", None, link.pk)


def test_a_guest_reaches_no_item_of_another_queue(queue, admin):
    _, token = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)
    reviewer = guests.enter(token=token, name="Anna Meyer")

    with pytest.raises(ItemUnknown):
        say(reviewer, make_queue().items.first())


def test_a_guest_reaches_no_item_that_was_not_put_before_them(queue, admin):
    _, token = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)
    reviewer = guests.enter(token=token, name="Anna Meyer")
    first = claims.take(reviewer=reviewer, count=1)[0]
    other = queue.items.exclude(pk=first.pk).first()

    for reach in (say, lambda who, item: claims.skip(reviewer=who, item_id=item.pk)):
        with pytest.raises(ItemUnknown):
            reach(reviewer, other)
    say(reviewer, first)
    say(reviewer, first, "no")

    assert first.answers.get().values == {"good answer": "no"}


@pytest.mark.parametrize("how", ["revoked", "expired", "invented"])
def test_a_link_that_ended_lets_nobody_in(queue, admin, how):
    link, token = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)
    reviewer = guests.enter(token=token, name="Anna Meyer")
    if how == "revoked":
        guests.revoke(link=link, by=admin)
    if how == "expired":
        GuestLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(GuestLinkNotUsable):
        guests.open_link(token=token if how != "invented" else "x" * 43)
    with pytest.raises(GuestLinkNotUsable):
        guests.reviewer_by_id(reviewer.pk if how != "invented" else None)


def test_a_member_cannot_be_mistaken_for_a_guest(queue, admin):
    with pytest.raises(GuestLinkNotUsable):
        guests.reviewer_by_id(claims.reviewer_of(queue=queue, user=admin).pk)


def test_a_link_takes_no_flood(queue, admin):
    link, _ = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=admin)

    # Twice as many, because a new minute may begin in between.
    with pytest.raises(TooFast):
        all(guests.count_request(link) is None for _ in range(2 * guests.REQUESTS_PER_MINUTE + 1))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.APPROVER])
def test_only_admins_let_strangers_read(queue, role):
    with pytest.raises(NotAllowed):
        guests.invite(queue=queue, label="Dr. Meyer", days=7, by=make_member(project=queue.project, role=role))


@pytest.mark.parametrize(("label", "days"), [("", 7), ("x" * 81, 7), ("x", 0), ("x", 400)], ids=str)
def test_a_link_needs_somebody_and_an_end(queue, admin, label, days):
    with pytest.raises(QueueNotUsable):
        guests.invite(queue=queue, label=label, days=days, by=admin)
