"""Links by which somebody without an account reviews one queue, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from evals.reviews.errors import GuestLinkNotUsable, QueueNotUsable, TooFast
from evals.reviews.models import GuestLink, Reviewer, ReviewQueue
from projects import audit, tokens
from projects.models import User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.permissions import demand

MAX_DAYS = 90
# Nobody judges an answer a second, minute after minute.
REQUESTS_PER_MINUTE = 60


@transaction.atomic
def invite(*, queue: ReviewQueue, label: str, days: int, by: User) -> tuple[GuestLink, str]:
    """Return a new link and its secret, which is shown once; who gets it sees the texts of this queue."""
    demand(project=queue.project, action=Action.MANAGE_PROJECT, by=by)
    label = texts.clean(label).strip()
    if not 1 <= len(label) <= 80:
        raise QueueNotUsable("Say for whom the link is, in up to 80 characters.")
    if not 1 <= days <= MAX_DAYS:
        raise QueueNotUsable(f"A link ends by itself after 1 to {MAX_DAYS} days.")
    token = tokens.link_token()
    link = GuestLink.objects.create(
        project_id=queue.project_id, queue=queue, label=label, token_hash=tokens.digest(token),
        expires_at=timezone.now() + timedelta(days=days), created_by=by,
    )  # fmt: skip
    audit.record(
        action="review.guest_invited", subject=queue.name, by=by, project=queue.project, invited=label, guest_link=link.pk,
        days=days,
    )  # fmt: skip
    return link, token


@transaction.atomic
def revoke(*, link: GuestLink, by: User) -> None:
    """Make the link useless at once, also for a browser that came in by it."""
    demand(project=link.queue.project, action=Action.MANAGE_PROJECT, by=by)
    GuestLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())
    audit.record(
        action="review.guest_revoked", subject=link.queue.name, by=by, project=link.queue.project, invited=link.label,
        guest_link=link.pk,
    )  # fmt: skip


def open_link(*, token: str) -> GuestLink:
    """Return the link behind a secret, or raise GuestLinkNotUsable."""
    link = GuestLink.objects.select_related("queue__project").filter(token_hash=tokens.digest(token)).first()
    if link is None or not link.is_usable(timezone.now()):
        raise GuestLinkNotUsable
    return link


@transaction.atomic
def enter(*, token: str, name: str) -> Reviewer:
    """Return the reviewer of a link; the name is taken at the first visit and stays."""
    link = open_link(token=token)
    count_request(link)
    known = Reviewer.objects.filter(guest_link=link).first()
    if known:
        return known
    name = texts.clean(name).strip()
    if not 1 <= len(name) <= 80:
        raise QueueNotUsable("Type your name, in up to 80 characters. It stands beside your answers.")
    reviewer, is_new = Reviewer.objects.get_or_create(
        guest_link=link, defaults={"project_id": link.project_id, "queue": link.queue, "name": name}
    )
    if is_new:
        with audit.as_guest(name):
            audit.record(
                action="review.guest_came",
                subject=link.queue.name,
                by=None,
                project=link.queue.project,
                guest_link=link.pk,
            )
    return reviewer


def reviewer_by_id(reviewer_id: object) -> Reviewer:
    """Return the guest whom a browser came in as, while their link still works."""
    rows = Reviewer.objects.select_related("guest_link", "queue__project").exclude(guest_link=None)
    found = rows.filter(pk=reviewer_id).first() if isinstance(reviewer_id, int) else None
    if found is None or found.guest_link is None or not found.guest_link.is_usable(timezone.now()):
        raise GuestLinkNotUsable
    return found


def count_request(link: GuestLink) -> None:
    """Count one change that came by the link, or raise TooFast when it has had enough of them this minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE review_guest_link SET last_used_at = now(), minute = date_trunc('minute', now()),
                requests = CASE WHEN minute = date_trunc('minute', now()) THEN requests + 1 ELSE 1 END
            WHERE id = %s RETURNING requests
            """,
            [link.pk],
        )
        (requests,) = cursor.fetchone()
    if requests > REQUESTS_PER_MINUTE:
        raise TooFast
