"""What people do with alerts: make, change, mute, delete and bring them back, and try whether messages arrive."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from monitoring.alerts import sending, words
from monitoring.alerts import wanted as wanting
from monitoring.alerts.decisions import State
from monitoring.alerts.errors import AlertChangedMeanwhile, AlertDeleted, AlertRefused, TooManyAlerts
from monitoring.alerts.models import Alert, AlertEvent
from monitoring.alerts.rules import Phase
from monitoring.alerts.wanted import Wanted
from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry.permissions import demand

MOST_ALERTS = 100
LONGEST_MUTE = timedelta(days=366)
# Deleted alerts can be brought back for so long.
KEPT_FOR = timedelta(days=30)
EVENTS_KEPT_FOR = timedelta(days=400)


@transaction.atomic
def create(*, project: Project, wanted: Wanted, by: User) -> Alert:
    """Return a new alert, which looks from now on."""
    demand(project=project, action=Action.EDIT_ALERTS, by=by)
    choice = wanting.checked(project=project, wanted=wanted)
    # Two that are made at once would both find room for one more.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if Alert.objects.for_project(project).kept().count() >= MOST_ALERTS:
        raise TooManyAlerts
    alert = unsaved(project=project, wanted=choice)
    alert.created_by = by
    alert.save(force_insert=True)
    _audit(alert, "created", by, after=_public(alert))
    return Alert.objects.select_related("project").get(pk=alert.pk)


def unsaved(*, project: Project, wanted: Wanted) -> Alert:
    """Return an alert that is not stored; what it would do can be previewed."""
    return Alert(project=project, looked_until=timezone.now(), **_columns(wanted))


@transaction.atomic
def change(*, alert: Alert, wanted: Wanted, by: User, expected_revision: int | None = None) -> Alert:
    """Let the alert say something else from now on; where it stood is forgotten when that would mean something else."""
    locked = _locked(alert, by)
    if expected_revision is not None and locked.revision != expected_revision:
        raise AlertChangedMeanwhile
    choice = wanting.checked(project=locked.project, wanted=wanted)
    before, after = _public(locked), _columns(choice)
    if _meaning(wanting.of(locked)) != _meaning(choice):
        state = State.from_json(locked.progress)
        # Numbers go on, so that no incident is ever taken for another one.
        fresh = State(incident=state.incident).to_json()
        after |= {
            "phase": Phase.OK,
            "progress": fresh,
            "looked_until": timezone.now(),
            "changed_at": timezone.now(),
            "trouble": "",
        }
    changed = _set(locked, **after)
    if before != _public(changed):
        _audit(changed, "changed", by, before=before, after=_public(changed))
    return changed


@transaction.atomic
def mute(*, alert: Alert, until: datetime | None, by: User) -> Alert:
    """Tell nobody of the alert up to a moment, or at once again; it goes on looking."""
    locked = _locked(alert, by)
    if until is not None and not timezone.now() < until <= timezone.now() + LONGEST_MUTE:
        raise AlertRefused("An alert is muted up to a moment within the next year.", field="muted_until")
    changed = _set(locked, muted_until=until)
    _audit(changed, "muted" if until else "unmuted", by, until=until.isoformat() if until else None)
    return changed


@transaction.atomic
def delete(*, alert: Alert, by: User) -> None:
    """Take the alert away; for thirty days it can be brought back."""
    locked = _locked(alert, by)
    _set(locked, deleted_at=timezone.now())
    _audit(locked, "deleted", by, before=_public(locked))


@transaction.atomic
def restore(*, alert: Alert, by: User) -> Alert:
    """Bring a deleted alert back; it looks from now on."""
    demand(project=alert.project, action=Action.EDIT_ALERTS, by=by)
    locked = Alert.objects.select_for_update(of=("self",)).select_related("project").get(pk=alert.pk)
    if locked.deleted_at is None:
        return locked
    state = State.from_json(locked.progress)
    changed = _set(
        locked, deleted_at=None, phase=Phase.OK, progress=State(incident=state.incident).to_json(), looked_until=timezone.now(),
        changed_at=timezone.now(),
    )  # fmt: skip
    _audit(changed, "restored", by)
    return changed


@transaction.atomic
def send_test(*, alert: Alert, by: User) -> AlertEvent:
    """Send a message that says it is a test to everybody whom the alert would tell."""
    locked = _locked(alert, by)
    _audit(locked, "tested", by)
    return sending.send_test(alert=locked)


def forget_old() -> None:
    """Remove what was deleted a month ago, and what happened more than a year ago."""
    now = timezone.now()
    Alert.objects.filter(deleted_at__lt=now - KEPT_FOR).delete()
    AlertEvent.objects.filter(created_at__lt=now - EVENTS_KEPT_FOR).delete()


def _locked(alert: Alert, by: User) -> Alert:
    demand(project=alert.project, action=Action.EDIT_ALERTS, by=by)
    locked = Alert.objects.select_for_update(of=("self",)).select_related("project").get(pk=alert.pk)
    if locked.deleted_at is not None:
        raise AlertDeleted
    return locked


def _set(alert: Alert, **changes: Any) -> Alert:
    # A look that began before this must not put back what it saw.
    Alert.objects.filter(pk=alert.pk).update(revision=F("revision") + 1, **changes)
    return Alert.objects.select_related("project").get(pk=alert.pk)


def _columns(wanted: Wanted) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(wanted).items()}


def _meaning(wanted: Wanted) -> dict[str, Any]:
    """Return what decides when it fires; whom it tells and how it is called change nothing about that."""
    told = ("name", "tells_everybody", "people_ids", "endpoint_ids", "remind_minutes", "quiet_from", "quiet_until")
    return {name: value for name, value in asdict(wanted).items() if name not in told}


def _public(alert: Alert) -> dict[str, Any]:
    return {"says": words.condition(alert), **_columns(wanting.of(alert))}


def _audit(alert: Alert, what: str, by: User, **details: Any) -> None:
    audit.record(action=f"alert.{what}", subject=words.title(alert), by=by, project=alert.project, **details)
