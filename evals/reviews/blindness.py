"""What members may read of a blind queue while it is open: whoever knows the others' word does not answer blindly."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from evals.reviews.models import ItemState, ReviewAnswer, ReviewItem, ReviewQueue
from projects.models import User


def is_secret(queue: ReviewQueue) -> bool:
    """Whether people still answer blindly here."""
    return queue.is_blind and queue.is_open


def readable(queue: ReviewQueue, *, by: User) -> QuerySet[ReviewItem]:
    """Return the items that a member may read: of a secret queue those that are settled, or that they have answered."""
    if not is_secret(queue):
        return queue.items.all()
    own = ReviewAnswer.objects.filter(item=OuterRef("pk"), reviewer__user=by)
    return queue.items.filter(Q(state=ItemState.SETTLED) | Exists(own))


def is_readable_whole(item: ReviewItem, queue: ReviewQueue) -> bool:
    """Whether the others' word, the variants and the call may stand beside an item."""
    return item.state == ItemState.SETTLED or not is_secret(queue)
