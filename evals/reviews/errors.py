"""What review queues refuse, in words for the person who asked for it."""

from __future__ import annotations

from evals.errors import EvalsError


class QueueNotUsable(EvalsError):
    """This queue cannot be made like this."""


class NothingToReview(EvalsError):
    """There is nothing to put into this queue: no finished answer with a text is left that is not in it already."""


class QueueClosed(EvalsError):
    """This queue is closed. Open it again before anybody answers."""


class ItemUnknown(EvalsError):
    """This queue has no such item."""


class NothingToUndo(EvalsError):
    """There is no answer of yours in this queue that could be taken back."""


class AlreadyDecided(EvalsError):
    """Somebody decided about this item already, so the answers to it stay as they are."""


class NotTheAdjudicator(EvalsError):
    """Somebody else was chosen to decide in this queue."""


class NothingToDecide(EvalsError):
    """Reviewers do not disagree about this item any more: somebody decided, or more answers settled it."""


class NotEnoughLeft(EvalsError):
    """Others have answered this item meanwhile, and it is settled without you. Your answer stays as it is."""


class GuestLinkNotUsable(EvalsError):
    """This link has ended or was taken back. Ask the person who sent it for a new one."""


class TooFast(EvalsError):
    """Too many requests came by this link within a minute. Nothing is lost: wait a moment and go on."""
