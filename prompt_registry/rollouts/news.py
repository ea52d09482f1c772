"""Tells the webhooks of a project and the people who work on a prompt what its rollout does; in the same transaction."""

from __future__ import annotations

from projects import notifications, webhooks
from projects.models import User, WebhookEvent
from prompt_registry import news, places
from prompt_registry.rollouts.models import Rollout

# What people are told of beside the page; everything goes to the webhooks.
_PEOPLE_HEAR_OF = {
    "rolled_back": "was rolled back", "completed": "is live for everybody", "ask": "needs a decision",
    "freeze": "waits, because its numbers cannot be trusted now", "warn": "waits, because something may have got worse",
}  # fmt: skip


def told(*, rollout: Rollout, what: str, reason: str, by: User | None, event: WebhookEvent | None) -> None:
    """Tell of a change, with the share that gets the candidate now."""
    if event is not None:
        webhooks.emit(
            project=rollout.prompt.project, event=event,
            data=news.about(rollout.candidate, by=by) | {
                "rollout": str(rollout.pk), "label": rollout.label, "control_version": rollout.control.number,
                "state": rollout.state, "step": rollout.step, "share": rollout.share, "reason": reason,
            },
        )  # fmt: skip
    if what in _PEOPLE_HEAR_OF:
        _tell(rollout, what, reason, by)


def _tell(rollout: Rollout, what: str, reason: str, by: User | None) -> None:
    involved = (rollout.started_by_id, rollout.candidate.author_id)
    people = [pk for pk in involved if pk and (by is None or pk != by.pk)]
    sentence = f"The rollout of v{rollout.candidate.number} of {rollout.prompt.name} in {rollout.label} "
    notifications.tell(
        project=rollout.prompt.project, to=User.objects.filter(pk__in=people, is_active=True), kind=f"rollout.{what}",
        sentence=f"{sentence}{_PEOPLE_HEAR_OF[what]}. {reason}"[:500], path=places.rollout(rollout.prompt, str(rollout.pk)),
    )  # fmt: skip
