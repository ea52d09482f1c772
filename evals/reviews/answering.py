"""Takes what a reviewer says about an item, and takes it back."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from evals.reviews import claims, questions, settling
from evals.reviews.errors import AlreadyDecided, NotEnoughLeft, NothingToUndo, QueueClosed
from evals.reviews.models import ItemState, ReviewAnswer, Reviewer, ReviewItem, ReviewQueue
from projects import audit
from prompt_registry import texts

MAX_NOTE = 2_000
_LONGEST_SECONDS = 3_600.0


@transaction.atomic
def answer(
    *, reviewer: Reviewer, item_id: int, raw: Mapping[str, str], cannot_tell: bool = False, note: str = "",
    is_flagged: bool = False, seconds: float | None = None,
) -> ReviewAnswer:  # fmt: skip
    """Store the answer and what follows from it; the same reviewer's later answer replaces the earlier one.

    Nothing that somebody typed is refused because it came late: an item that others have settled meanwhile takes it too.
    """
    queue = _open_queue(reviewer)
    item = _locked(reviewer, item_id)
    values = {} if cannot_tell else questions.answer_to(list(queue.questions.all()), raw)
    stored, _ = ReviewAnswer.objects.update_or_create(
        project_id=item.project_id, item=item, reviewer=reviewer,
        defaults={
            "values": values, "cannot_tell": cannot_tell, "note": texts.clean(note).strip()[:MAX_NOTE],
            "is_flagged": is_flagged, "seconds": _seconds(seconds), "created_at": timezone.now(),
        },
    )  # fmt: skip
    reviewer.claims.filter(item=item).delete()
    settling.settle(item=item, queue=queue)
    _audit_guest("review.answered", reviewer, queue, item)
    return stored


@transaction.atomic
def undo_last(*, reviewer: Reviewer) -> ReviewItem:
    """Take the reviewer's newest answer back and put its item before them again."""
    queue = _open_queue(reviewer)
    newest = reviewer.answers.order_by("-created_at", "-pk").first()
    if newest is None:
        raise NothingToUndo
    item = _locked(reviewer, newest.item_id)
    if item.accepted_by_id is not None:
        raise AlreadyDecided
    newest.delete()
    settling.settle(item=item, queue=queue)
    # An item that the others settled does not come back before anybody: the answer would be lost.
    if item.state != ItemState.OPEN:
        raise NotEnoughLeft
    claims.hold_first(reviewer=reviewer, item=item)
    _audit_guest("review.answer_undone", reviewer, queue, item)
    return item


def _open_queue(reviewer: Reviewer) -> ReviewQueue:
    queue = ReviewQueue.objects.select_related("project").get(pk=reviewer.queue_id)
    if not queue.is_open:
        raise QueueClosed
    return queue


def _locked(reviewer: Reviewer, item_id: int) -> ReviewItem:
    found = claims.item_of(reviewer, item_id)
    return ReviewItem.objects.select_for_update().get(pk=found.pk)


def _seconds(seconds: float | None) -> float | None:
    """Return how long somebody looked; a number from a browser is only believed within reason."""
    return min(seconds, _LONGEST_SECONDS) if seconds is not None and 0 <= seconds < float("inf") else None


def _audit_guest(action: str, reviewer: Reviewer, queue: ReviewQueue, item: ReviewItem) -> None:
    """Members sign their answers with their account; what comes by a link is written down with the link."""
    if reviewer.guest_link_id is None:
        return
    with audit.as_guest(reviewer.name):
        audit.record(
            action=action,
            subject=queue.name,
            by=None,
            project=queue.project,
            guest_link=reviewer.guest_link_id,
            item=item.pk,
        )
