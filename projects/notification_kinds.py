"""The kinds of news, in the words of the settings, and how people hear of each unless they choose otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from projects.notification_models import Channel

MENTIONED = "mention"
APPROVAL_ASKED = "approval_asked"
APPROVED = "approved"
CHANGES_ASKED = "changes_asked"
PUBLISHED = "published"
SCHEDULE_FAILED = "schedule_failed"
ROLLOUT = "rollout"
ISSUE = "issue"
BUDGET = "budget"
ALERT = "alert"
WEBHOOK = "webhook"
WEEKLY = "weekly"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of news."""

    name: str
    label: str
    help: str
    default: Channel
    # What it can be chosen to come by, with words of its own where the usual ones would be wrong.
    channels: tuple[tuple[Channel, str], ...] = tuple((channel, str(channel.label)) for channel in Channel)


# It comes once a week, whatever happens.
_WEEKLY_CHANNELS = (
    (Channel.AT_ONCE, "In the app and by e-mail on Monday morning"),
    (Channel.IN_APP, str(Channel.IN_APP.label)),
    (Channel.OFF, str(Channel.OFF.label)),
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(MENTIONED, "Mentions and answers", "Somebody writes @you, answers you or comments on your version.", Channel.AT_ONCE),
        Kind(APPROVAL_ASKED, "Approval asked", "Somebody needs your approval to publish.", Channel.AT_ONCE),
        Kind(APPROVED, "Approved", "Your change was approved.", Channel.AT_ONCE),
        Kind(CHANGES_ASKED, "Changes asked", "Somebody wants your change to be different.", Channel.AT_ONCE),
        Kind(PUBLISHED, "Published", "A prompt that you work on went live in production, or a publish was undone.", Channel.IN_APP),
        Kind(SCHEDULE_FAILED, "Planned publish failed", "A publish that was planned could not happen.", Channel.AT_ONCE),
        Kind(ROLLOUT, "Rollouts", "A rollout was rolled back, completed, or needs somebody to decide.", Channel.AT_ONCE),
        Kind(ISSUE, "Issues", "A problem was found, or one that you care for got worse, went away or came back.", Channel.AT_ONCE),
        Kind(BUDGET, "Budget", "A spend limit is nearly or fully used up.", Channel.AT_ONCE),
        Kind(ALERT, "Alerts", "An alert that tells you fires, still holds or is over.", Channel.AT_ONCE),
        Kind(WEBHOOK, "Webhook switched off", "An address did not answer for a day and gets nothing any more.", Channel.AT_ONCE),
        Kind(WEEKLY, "Weekly report", "What got better or worse, what was proved and what it cost.", Channel.AT_ONCE, _WEEKLY_CHANNELS),
        Kind(OTHER, "Everything else", "News that fits nowhere above.", Channel.IN_APP),
    )
}  # fmt: skip


# What those who tell call their news more exactly, and the kind that people choose for it.
_BELONGS_TO = {
    "approval.asked": APPROVAL_ASKED,
    "approval.approved": APPROVED,
    "approval.changes": CHANGES_ASKED,
    "approval.replaced": CHANGES_ASKED,
    "approval.published": PUBLISHED,
    "schedule.failed": SCHEDULE_FAILED,
    "schedule.done": PUBLISHED,
    "rollout.rolled_back": ROLLOUT,
    "rollout.completed": ROLLOUT,
    "rollout.ask": ROLLOUT,
    "rollout.freeze": ROLLOUT,
    "rollout.warn": ROLLOUT,
    "issue.opened": ISSUE,
    "issue.escalated": ISSUE,
    "issue.resolved": ISSUE,
    "issue.regressed": ISSUE,
    "issue.assigned": ISSUE,
    "issue.noted": ISSUE,
    "alert.fired": ALERT,
    "alert.reminded": ALERT,
    "alert.recovered": ALERT,
    "alert.caught_up": ALERT,
    "alert.happened": ALERT,
    "alert.test": ALERT,
    "spending.near_limit": BUDGET,
    "spending.limit_reached": BUDGET,
}


def find(name: str) -> Kind:
    """Return the kind that news belongs to; what nobody described counts as «everything else»."""
    return KINDS.get(_BELONGS_TO.get(name, name), KINDS[OTHER])
