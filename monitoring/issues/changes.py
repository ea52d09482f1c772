"""What people do with issues: own them, note, name, mute, close and open them again, begin a fix. Merging has its own module."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from monitoring.issues import fixes, transitions
from monitoring.issues.errors import (
    IssueChangedMeanwhile,
    IssueMerged,
    MuteTooShort,
    OwnerNotMember,
    ReasonMissing,
    StateForbids,
    TextTooLong,
    TitleMissing,
)
from monitoring.issues.merging import merge, split, unmerge
from monitoring.issues.models import CLOSED, NEEDS_ATTENTION, Happening, Issue, IssueEvent, IssueState
from projects import audit
from projects.models import Membership, User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.permissions import demand

__all__ = [
    "assign", "merge", "mute", "note", "rename", "reopen", "resolve", "split", "start_fix", "unmerge", "unmute",
]  # fmt: skip

MAX_NOTE, MAX_TITLE = 4_000, 300
_LONGEST_MUTE = timedelta(days=366)
_MUTABLE = (*NEEDS_ATTENTION, IssueState.IN_FIX, IssueState.ROLLING_OUT)


@transaction.atomic
def assign(*, issue: Issue, owner: User | None, by: User) -> Issue:
    """Give the issue to somebody, or to nobody."""
    locked = _locked(issue, by)
    if owner is not None and not _may_own(locked, owner):
        raise OwnerNotMember
    if owner == locked.owner:
        return locked
    before, new = _name(locked.owner), _name(owner)
    Issue.objects.filter(pk=locked.pk).update(owner=owner)
    locked.owner = owner
    _changed(locked, Happening.ASSIGNED, by, old=before, new=new)
    return locked


@transaction.atomic
def note(*, issue: Issue, text: str, by: User) -> IssueEvent:
    """Write a note under the issue."""
    locked = _locked(issue, by)
    said = _text(text)
    return _changed(locked, Happening.NOTED, by, note=said, is_audited=False)


@transaction.atomic
def rename(*, issue: Issue, title: str, by: User) -> Issue:
    """Give the issue a title of one's own, which is never made anew; an empty one lets the numbers name it again."""
    locked = _locked(issue, by)
    words = " ".join(texts.clean(title).split())
    if len(words) > MAX_TITLE:
        raise TextTooLong(f"A title has at most {MAX_TITLE} characters. Shorten it.")
    if not words and not locked.is_title_own:
        raise TitleMissing
    old, new = locked.title, words or locked.title
    told = {"old": old if locked.is_title_own else "", "new": words}
    Issue.objects.filter(pk=locked.pk).update(title=new, is_title_own=bool(words))
    locked.title, locked.is_title_own = new, bool(words)
    _changed(locked, Happening.RENAMED, by, old=old, new=new, is_audited=False)
    _audit(locked, Happening.RENAMED, by, **told)
    return locked


@transaction.atomic
def mute(*, issue: Issue, until: datetime | None, by: User) -> Issue:
    """Leave the issue out of sight until a day, or without one until it gets worse."""
    locked = _locked(issue, by)
    now = timezone.now()
    if until is not None and not now < until <= now + _LONGEST_MUTE:
        raise MuteTooShort
    if locked.state != IssueState.MUTED and locked.state not in _MUTABLE:
        raise StateForbids("Only an issue that is open can be muted. This one is closed already.")
    before = locked.evidence.get("unmuted_state") if locked.state == IssueState.MUTED else locked.state
    kept = locked.evidence | {"unmuted_state": before or IssueState.OPEN}
    numbers = {"until": until.isoformat() if until else None}
    _move(locked, Happening.MUTED, by, numbers, state=IssueState.MUTED, muted_until=until, evidence=kept)
    return locked


@transaction.atomic
def unmute(*, issue: Issue, by: User) -> Issue:
    """Bring a muted issue back to where it was."""
    locked = _locked(issue, by)
    if locked.state != IssueState.MUTED:
        raise StateForbids("This issue is not muted.")
    state = locked.evidence.get("unmuted_state", IssueState.OPEN)
    _move(locked, Happening.UNMUTED, by, {}, state=state, muted_until=None)
    return locked


@transaction.atomic
def resolve(*, issue: Issue, reason: str, by: User) -> Issue:
    """Close the issue because somebody says that it is gone; it comes back by itself when its calls stay above what is usual."""
    locked = _locked(issue, by)
    if locked.state in CLOSED:
        raise StateForbids("This issue is closed already.")
    level = {"rate": locked.usual_rate, "at": timezone.now().isoformat()}
    why = _reason(reason)
    _move(locked, Happening.RESOLVED, by, level, why, state=IssueState.RESOLVED, muted_until=None, closed_level=level)
    return locked


@transaction.atomic
def reopen(*, issue: Issue, reason: str, by: User) -> Issue:
    """Open a closed issue again, or take one back from its fix."""
    locked = _locked(issue, by)
    if locked.state in NEEDS_ATTENTION or locked.state == IssueState.MUTED:
        raise StateForbids("This issue is open, or muted. There is nothing to open again.")
    why = _reason(reason)
    _move(locked, Happening.REOPENED, by, {}, why, state=IssueState.OPEN, closed_level=None)
    return locked


@transaction.atomic
def start_fix(*, issue: Issue, by: User) -> Issue:
    """Say that somebody works on it; without an owner it is theirs now."""
    locked = _locked(issue, by)
    if locked.state not in (*NEEDS_ATTENTION, IssueState.MUTED):
        raise StateForbids("A fix can be started for an issue that is open. Open it again first.")
    _move(
        locked, Happening.FIX_STARTED, by, {}, state=IssueState.IN_FIX, muted_until=None, owner=locked.owner or by
    )  # fmt: skip
    fixes.begin(issue=locked, by=by)
    return locked


def _locked(issue: Issue, by: User) -> Issue:
    demand(project=issue.project, action=Action.EDIT_ISSUES, by=by)
    rows = Issue.objects.select_for_update(of=("self",)).select_related("project", "owner")
    locked = rows.get(pk=issue.pk)
    if locked.merged_into_id is not None:
        raise IssueMerged
    return locked


def _move(
    locked: Issue, what: Happening, by: User, numbers: Mapping[str, Any], why: str = "", **changes: Any
) -> None:  # fmt: skip
    old = locked.state
    if not transitions.move(
        issue=locked, happened={what: numbers}, now=timezone.now(), by=by, note=why, **changes
    ):  # fmt: skip
        raise IssueChangedMeanwhile
    _audit(locked, what, by, old=old, new=locked.state, reason=why)


def _changed(
    locked: Issue, what: Happening, by: User, *, old: str = "", new: str = "", note: str = "", is_audited: bool = True
) -> IssueEvent:  # fmt: skip
    event = transitions.tell(issue=locked, what=what, now=timezone.now(), by=by, note=note, old=old, new=new)
    if is_audited:
        _audit(locked, what, by, old=old, new=new)
    return event


def _audit(locked: Issue, what: Happening, by: User, **details: Any) -> None:
    audit.record(
        action=f"issue.{what.value}",
        subject=locked.audited_name,
        by=by,
        project=locked.project,
        **details,
    )


def _may_own(issue: Issue, owner: User) -> bool:
    membership = Membership.objects.filter(project=issue.project, user=owner, user__is_active=True).first()
    return membership is not None and membership.can(Action.EDIT_ISSUES)


def _name(user: User | None) -> str:
    return user.display_name if user else ""


def _reason(reason: str) -> str:
    if not texts.clean(reason).strip():
        raise ReasonMissing
    return _text(reason)


def _text(text: str) -> str:
    said = texts.clean(text).strip()
    if not said:
        raise ReasonMissing("Write something first.")
    if len(said) > MAX_NOTE:
        raise TextTooLong(f"At most {MAX_NOTE} characters fit. Shorten it.")
    return said
