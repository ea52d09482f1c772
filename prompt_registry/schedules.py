"""Publishes a version at a chosen moment, through the same checks as by hand, or tells people why not."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from projects import audit, jobs, notifications
from projects.models import User
from prompt_registry import approvals, label_names, labels, places, protection, texts
from prompt_registry.errors import (
    AlreadyScheduled,
    AlreadyThere,
    ApprovalMissing,
    MomentNotUsable,
    NoteTooLong,
    PromptArchived,
    PromptRegistryError,
    PublishedMeanwhile,
    ScheduleClosed,
    VersionUnknown,
)
from prompt_registry.models import Prompt, PromptVersion, PublishSchedule, ScheduleState
from prompt_registry.permissions import demand

KIND = "prompts.publish"
SOONEST = timedelta(minutes=1)
LATEST = timedelta(days=366)
# What comes much later than people were told is a surprise: then nothing is published.
TOO_LATE = timedelta(hours=1)


@transaction.atomic
def plan(
    *, prompt: Prompt, version: PromptVersion, label: str, publish_at: datetime, by: User, reason: str = "",
    expected_version: int,
) -> PublishSchedule:  # fmt: skip
    """Let the version go live behind the label at a moment; `expected_version` is what the person saw live (0: nothing)."""
    label, reason = label_names.clean(label), texts.clean(reason).strip()
    rule = protection.now(prompt.project_id)
    demand(project=prompt.project, action=labels.action_for(label, rule), by=by)
    if version.prompt_id != prompt.pk:
        raise VersionUnknown
    if len(reason) > labels.MAX_REASON:
        raise NoteTooLong
    if not SOONEST <= publish_at - timezone.now() <= LATEST:
        raise MomentNotUsable
    _demand_free(_locked(prompt), version, label, expected_version)
    is_missing = rule.demands_approval(label) and not approvals.approved(prompt=prompt, version=version, label=label)
    if is_missing:
        raise ApprovalMissing
    schedule = PublishSchedule.objects.create(
        project_id=prompt.project_id, prompt=prompt, label=label, version=version, publish_at=publish_at, reason=reason,
        expected_number=expected_version, scheduled_by=by,
    )  # fmt: skip
    jobs.add(
        kind=KIND, dedupe_key=str(schedule.pk), payload={"schedule": schedule.pk}, project_id=prompt.project_id,
        run_at=publish_at,
    )  # fmt: skip
    _record("planned", schedule, by=by, publish_at=publish_at.isoformat())
    return schedule


@transaction.atomic
def cancel(*, schedule: PublishSchedule, by: User) -> PublishSchedule:
    """Let the moment pass without a publish."""
    rule = protection.now(schedule.project_id)
    demand(project=schedule.prompt.project, action=labels.action_for(schedule.label, rule), by=by)
    # Whoever publishes at this very moment has the prompt locked.
    Prompt.objects.select_for_update().get(pk=schedule.prompt_id)
    if not _end(schedule, ScheduleState.CANCELLED):
        raise ScheduleClosed
    _record("plan_cancelled", schedule, by=by)
    return schedule


@transaction.atomic
def run(*, schedule_id: int, now: datetime) -> None:
    """Publish what was planned, once its moment has come; safe to run twice."""
    related = ("prompt__project", "version__prompt", "scheduled_by")
    schedule = PublishSchedule.objects.select_related(*related).filter(pk=schedule_id).first()
    if schedule is None:
        return
    Prompt.objects.select_for_update().get(pk=schedule.prompt_id)
    schedule.refresh_from_db(fields=["state"])
    if schedule.state != ScheduleState.WAITING:
        return
    if schedule.prompt.labels.filter(name=schedule.label, version=schedule.version).exists():
        _end(schedule, ScheduleState.PUBLISHED, "Somebody published it before.")
        return
    try:
        with transaction.atomic():
            _publish(schedule, now)
    except PromptRegistryError as error:
        _fail(schedule, str(error))
    else:
        _end(schedule, ScheduleState.PUBLISHED)
        sentence = f"v{schedule.version.number} of {schedule.prompt.name} went live in {schedule.label} as planned."
        _tell(schedule, "published", sentence, to={schedule.scheduled_by_id})


def waiting(prompt: Prompt) -> list[PublishSchedule]:
    """Return what is planned for the prompt, the next first."""
    found = prompt.schedules.filter(state=ScheduleState.WAITING).select_related("version", "scheduled_by")
    return list(found.order_by("publish_at"))


def _publish(schedule: PublishSchedule, now: datetime) -> None:
    if now - schedule.publish_at > TOO_LATE:
        raise MomentNotUsable("Callboard was not running at the planned moment.")
    by = schedule.scheduled_by
    if by is None or not by.is_active:
        raise MomentNotUsable("Whoever planned it no longer has an account.")
    labels.publish(
        prompt=schedule.prompt, version=schedule.version, label=schedule.label, by=by, reason=schedule.reason,
        expected_version=schedule.expected_number, is_scheduled=True,
    )  # fmt: skip


def _fail(schedule: PublishSchedule, why: str) -> None:
    _end(schedule, ScheduleState.FAILED, why)
    _record("plan_failed", schedule, by=None, why=why)
    what = f"v{schedule.version.number} of {schedule.prompt.name} was not published to {schedule.label} as planned"
    request = schedule.prompt.change_requests.filter(label=schedule.label, version=schedule.version).last()
    involved = {schedule.scheduled_by_id, schedule.version.author_id}
    involved |= {request.requested_by_id, request.reviewed_by_id} if request else set()
    _tell(schedule, "failed", f"{what}, and nothing has changed. {why}", to=involved)


def _tell(schedule: PublishSchedule, kind: str, sentence: str, *, to: set[int | None]) -> None:
    path = places.publishing(schedule.prompt, number=schedule.version.number, label=schedule.label)
    notifications.tell(
        project=schedule.prompt.project, to=User.objects.filter(pk__in=[pk for pk in to if pk]), kind=f"schedule.{kind}",
        sentence=sentence, path=path,
    )  # fmt: skip


def _locked(prompt: Prompt) -> Prompt:
    locked = Prompt.objects.select_for_update().get(pk=prompt.pk)
    if locked.archived_at or locked.deleted_at:
        raise PromptArchived
    return locked


def _demand_free(prompt: Prompt, version: PromptVersion, label: str, expected_version: int) -> None:
    current = prompt.labels.select_related("version").filter(name=label).first()
    if (current.version.number if current else 0) != expected_version:
        raise PublishedMeanwhile(current=current.version if current else None)
    if current is not None and current.version_id == version.pk:
        raise AlreadyThere(f"v{version.number} is live in {label} already.")
    if prompt.schedules.filter(label=label, state=ScheduleState.WAITING).exists():
        raise AlreadyScheduled


def _end(schedule: PublishSchedule, state: ScheduleState, outcome: str = "") -> bool:
    waiting = PublishSchedule.objects.filter(pk=schedule.pk, state=ScheduleState.WAITING)
    return bool(waiting.update(state=state, outcome=outcome[:500], ended_at=timezone.now()))


def _record(what: str, schedule: PublishSchedule, *, by: User | None, **details: str) -> None:
    audit.record(
        action=f"prompt.publish_{what}", subject=schedule.prompt.name, by=by, project=schedule.prompt.project,
        label=schedule.label, version=schedule.version.number, schedule=schedule.pk, **details,
    )  # fmt: skip
