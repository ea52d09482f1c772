"""Who has which item before them: taken for a while, so that two people do not answer the same one unless that is wanted."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from evals.reviews.errors import ItemUnknown
from evals.reviews.models import ItemState, Order, ReviewAnswer, ReviewClaim, Reviewer, ReviewItem, ReviewQueue
from projects.models import User

# Long enough to read a long conversation; whoever comes back later finds the item, or somebody else has answered it.
LEASE = timedelta(minutes=15)
# The item before somebody, and two more that their browser holds already.
AT_ONCE = 3
_FOR_GOOD = timedelta(days=36_500)


def reviewer_of(*, queue: ReviewQueue, user: User) -> Reviewer:
    """Return the row under which a member answers in this queue."""
    found, _ = Reviewer.objects.get_or_create(
        queue=queue, user=user, defaults={"project_id": queue.project_id, "name": user.display_name[:120]}
    )
    return found


def held(reviewer: Reviewer) -> list[ReviewItem]:
    """Return the items that are before the reviewer now, in the order in which they were taken."""
    answered = ReviewAnswer.objects.filter(item=OuterRef("item"), reviewer=reviewer)
    live = reviewer.claims.filter(kind=ReviewClaim.Kind.HELD, until__gt=timezone.now(), item__state=ItemState.OPEN)
    rows = live.exclude(Exists(answered)).select_related("item").order_by("taken_at", "pk")
    return [claim.item for claim in rows[:AT_ONCE]]


@transaction.atomic
def take(*, reviewer: Reviewer, count: int = AT_ONCE) -> list[ReviewItem]:
    """Return the items that the reviewer has before them: those that they held, and as many more as are missing.

    Everybody who takes from a queue waits for its lock, so nobody is given what another one was given just before.
    """
    queue = ReviewQueue.objects.select_for_update().get(pk=reviewer.queue_id)
    if not queue.is_open:
        return []
    now = timezone.now()
    mine = held(reviewer)
    _keep(reviewer, mine, now)
    missing = count - len(mine)
    return mine + (_take_more(queue, reviewer, missing, now) if missing > 0 else [])


def is_anything_left(reviewer: Reviewer) -> bool:
    """Tell whether the reviewer could take an item now."""
    if not reviewer.pk:
        return reviewer.queue.items.filter(state=ItemState.OPEN).exists()
    return _free(reviewer.queue, reviewer, timezone.now()).exists()


@transaction.atomic
def postpone(*, reviewer: Reviewer, item_id: int) -> None:
    """Put the item behind all others of this reviewer, and let others have it meanwhile."""
    _mark(reviewer, item_id, ReviewClaim.Kind.POSTPONED, timezone.now())


@transaction.atomic
def skip(*, reviewer: Reviewer, item_id: int) -> None:
    """Never show the item to this reviewer again; others still get it."""
    _mark(reviewer, item_id, ReviewClaim.Kind.SKIPPED, timezone.now() + _FOR_GOOD)


@transaction.atomic
def hold_first(*, reviewer: Reviewer, item: ReviewItem) -> None:
    """Put an item before the reviewer at once, in front of what they hold."""
    now = timezone.now()
    first = reviewer.claims.filter(kind=ReviewClaim.Kind.HELD).order_by("taken_at").first()
    taken_at = min(now, first.taken_at if first else now) - timedelta(microseconds=1)
    ReviewClaim.objects.update_or_create(
        item=item, reviewer=reviewer,
        defaults={
            "project_id": item.project_id, "kind": ReviewClaim.Kind.HELD, "until": now + LEASE, "taken_at": taken_at,
        },
    )  # fmt: skip


def item_of(reviewer: Reviewer, item_id: int) -> ReviewItem:
    """Return an item of the reviewer's queue, and of no other; to a guest only what was put before them once."""
    rows = ReviewItem.objects.filter(queue_id=reviewer.queue_id, pk=item_id)
    if reviewer.is_guest:
        claimed, answered = reviewer.claims.filter(item=item_id), reviewer.answers.filter(item=item_id)
        rows = rows.filter(Exists(claimed) | Exists(answered))
    found = rows.first()
    if found is None:
        raise ItemUnknown
    return found


def _mark(reviewer: Reviewer, item_id: int, kind: ReviewClaim.Kind, until: datetime) -> None:
    item = item_of(reviewer, item_id)
    ReviewClaim.objects.update_or_create(
        item=item, reviewer=reviewer,
        defaults={"project_id": item.project_id, "kind": kind, "until": until, "taken_at": timezone.now()},
    )  # fmt: skip


def _keep(reviewer: Reviewer, items: list[ReviewItem], now: datetime) -> None:
    reviewer.claims.filter(item__in=items).update(until=now + LEASE)


def _take_more(queue: ReviewQueue, reviewer: Reviewer, missing: int, now: datetime) -> list[ReviewItem]:
    ahead = ["-interest"] if queue.order == Order.INFORMATIVE else []
    put_off = Exists(reviewer.claims.filter(item=OuterRef("pk"), kind=ReviewClaim.Kind.POSTPONED))
    found = list(_free(queue, reviewer, now).order_by(put_off, *ahead, "rank")[:missing])
    for place, item in enumerate(found):
        ReviewClaim.objects.update_or_create(
            item=item, reviewer=reviewer,
            defaults={
                "project_id": queue.project_id, "kind": ReviewClaim.Kind.HELD, "until": now + LEASE,
                "taken_at": now + timedelta(microseconds=place),
            },
        )  # fmt: skip
    return found


def _free(queue: ReviewQueue, reviewer: Reviewer, now: datetime) -> models.QuerySet[ReviewItem]:
    """Return the items that this reviewer may take."""
    own = ReviewClaim.objects.filter(item=OuterRef("pk"), reviewer=reviewer)
    others = ReviewClaim.objects.filter(
        item=OuterRef("pk"), kind=ReviewClaim.Kind.HELD, until__gt=now
    ).exclude(reviewer=reviewer)  # fmt: skip
    answered = ReviewAnswer.objects.filter(item=OuterRef("pk"))
    rows = ReviewItem.objects.filter(
        ~Exists(answered.filter(reviewer=reviewer)),
        ~Exists(own.filter(kind__in=[ReviewClaim.Kind.HELD, ReviewClaim.Kind.SKIPPED], until__gt=now)),
        queue=queue, state=ItemState.OPEN,
    )  # fmt: skip
    if not queue.is_shared:
        return rows.filter(~Exists(others))
    seats = rows.annotate(answer_count=_count(answered), held_count=_count(others))
    return seats.filter(answer_count__lt=queue.answers_wanted - F("held_count"))


def _count(rows: models.QuerySet[models.Model]) -> Coalesce:
    counted = rows.order_by().values("item").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted), 0)
