"""Keeps what is done to make an issue go away: one row for each attempt, linked to what was made for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from monitoring.issues.errors import FixOver, ReasonMissing, StepUnknown, TextTooLong
from monitoring.issues.fix_models import FixState, FixStep, IssueFix
from monitoring.issues.models import Issue
from projects.models import User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.models import Prompt, PromptVersion, Rollout
from prompt_registry.permissions import demand

ELSEWHERE, SKIPPED = "elsewhere", "skipped"
MOST_EXAMPLES = 60
_MAX_NOTE = 500
_LINKS = ("dataset_id", "version", "experiment_id", "rollout")

Example = tuple[UUID, int, bool]


def begin(*, issue: Issue, by: User | None) -> IssueFix:
    """Return the fix that is under way, or a new one; whoever calls this holds the lock on the issue."""
    found = current(issue)
    if found is not None:
        return found
    last = IssueFix.objects.filter(issue=issue).aggregate(last=Max("number"))["last"]
    return IssueFix.objects.create(
        project_id=issue.project_id, issue=issue, number=(last or 0) + 1, prompt=prompt_of(issue), started_by=by,
        started_at=timezone.now(),
    )  # fmt: skip


def current(issue: Issue) -> IssueFix | None:
    """Return the fix of an issue that is not over."""
    return IssueFix.objects.filter(issue=issue).open().select_related("prompt", "version", "rollout").first()


def of_issue(issue: Issue) -> list[IssueFix]:
    """Return all fixes of an issue, the newest first."""
    rows = IssueFix.objects.filter(issue=issue).select_related("prompt", "version", "rollout", "started_by")
    return list(rows.newest_first())


def meant_for(*, prompt: Prompt, version: PromptVersion) -> list[IssueFix]:
    """Return the fixes under way that this version of the prompt is, or may be, the new text of."""
    rows = IssueFix.objects.filter(prompt=prompt, state=FixState.WORKING).select_related("issue", "version")
    return [
        fix for fix in rows.order_by("started_at")
        if fix.version_id == version.pk or (fix.version_id is None and version.created_at >= fix.started_at)
    ]  # fmt: skip


def version_of(fix: IssueFix) -> PromptVersion | None:
    """Return the new text: the one that was named, or else the newest that was saved since the fix began."""
    if fix.version is not None or fix.prompt is None:
        return fix.version
    saved = PromptVersion.objects.filter(prompt=fix.prompt, created_at__gte=fix.started_at)
    return saved.order_by("-number").first()


def prompt_of(issue: Issue) -> Prompt | None:
    """Return the prompt that most of the issue's bad calls were made with."""
    named = {scope.prompt_name for scope in issue.scopes.all()} - {""}
    name = named.pop() if len(named) == 1 else issue.evidence.get("prompt_name", "")
    if not name:
        return None
    return Prompt.objects.filter(project_id=issue.project_id, name=name, deleted_at=None).first()


@transaction.atomic
def choose_examples(*, fix: IssueFix, examples: Sequence[Example], by: User) -> IssueFix:
    """Keep which calls show the problem, and which good ones stand beside them."""
    locked = _locked(fix, by)
    kept = [[trace_id.hex, span_id, is_bad] for trace_id, span_id, is_bad in examples[:MOST_EXAMPLES]]
    return _changed(locked, FixStep.EXAMPLES, examples=kept)


@transaction.atomic
def link(*, fix: IssueFix, by: User, **links: Any) -> IssueFix:
    """Say which dataset, version, test or rollout is that of the fix; what is named is no longer marked as skipped."""
    locked = _locked(fix, by)
    steps = dict(zip(_LINKS, (FixStep.DATASET, FixStep.VERSION, FixStep.TEST, FixStep.ROLLOUT), strict=True))
    for name, value in links.items():
        locked = _changed(locked, steps[name], **{name: value})
    return locked


@transaction.atomic
def mark(*, fix: IssueFix, step: str, how: str, note: str, by: User) -> IssueFix:
    """Note that a step was done elsewhere, with what, or is left out, with the reason."""
    locked = _locked(fix, by)
    said = texts.clean(note).strip()
    if step not in FixStep.values or how not in (ELSEWHERE, SKIPPED):
        raise StepUnknown
    if not said:
        raise ReasonMissing("Say in a few words what you did, or why you leave it out.")
    if len(said) > _MAX_NOTE:
        raise TextTooLong(f"At most {_MAX_NOTE} characters fit. Shorten it.")
    kept = {"how": how, "note": said, "by": by.pk, "name": by.display_name, "at": timezone.now().isoformat()}
    return _saved(locked, marks=locked.marks | {step: kept})


@transaction.atomic
def unmark(*, fix: IssueFix, step: str, by: User) -> IssueFix:
    """Take back what was said about a step."""
    locked = _locked(fix, by)
    return _saved(locked, marks={name: kept for name, kept in locked.marks.items() if name != step})


def keep(fix: IssueFix, **changes: Any) -> bool:
    """Store what was found out about a fix that is not over; tell whether it was not over."""
    if not IssueFix.objects.filter(pk=fix.pk, state=fix.state).update(**changes):
        return False
    for name, value in changes.items():
        setattr(fix, name, value)
    return True


def rollouts_of(fix: IssueFix) -> list[Rollout]:
    """Return the rollouts of the prompt that began since the fix did, the newest first."""
    rows = Rollout.objects.filter(prompt_id=fix.prompt_id or 0, started_at__gte=fix.started_at)
    return list(rows.select_related("candidate", "control", "prompt").newest_first()[:20])


def _changed(locked: IssueFix, step: FixStep, **changes: Any) -> IssueFix:
    marks = {name: kept for name, kept in locked.marks.items() if name != step}
    return _saved(locked, marks=marks, **changes)


def _saved(locked: IssueFix, **changes: Any) -> IssueFix:
    for name, value in changes.items():
        setattr(locked, name, value)
    locked.save(update_fields=list(changes))
    return locked


def _locked(fix: IssueFix, by: User) -> IssueFix:
    demand(project=fix.project, action=Action.EDIT_ISSUES, by=by)
    rows = IssueFix.objects.select_for_update(of=("self",)).select_related("issue", "prompt", "version", "rollout")
    locked = rows.get(pk=fix.pk)
    if not locked.is_open:
        raise FixOver
    return locked
