"""Deletes what a request is about, everywhere, in small steps that are each whole; then looks again until nothing is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from monitoring import masking_policies
from monitoring.erasure import derived, finding, leftovers, tombstones
from monitoring.erasure.models import OPEN, ErasedTrace, Erasure, ErasurePlace, ErasureState, SubjectKind
from monitoring.erasure.targets import Place, Target
from projects import audit

KIND = "erasure.run"
BATCH = 100
MOST_ROUNDS = 5
# A transaction that began before every process knew of the request has ended by then.
SETTLED_AFTER = timedelta(seconds=tombstones.CACHE_SECONDS + 10)
_NEVER_CLEAN = "New data kept coming while it was deleted. Ask for it again; everything found so far is gone."


class TurnOver(Exception):
    """The time of this turn is over; another goes on from here."""


def run(*, erasure_id: int, places: Sequence[Place], keep: Callable[[], None]) -> datetime | None:
    """Go on with a request; return when to come back, or None when it is over. Safe to be killed at any moment.

    `keep` is called between steps, holds the lease and raises TurnOver when others are to have their turn.
    """
    erasure = Erasure.objects.select_related("project").filter(pk=erasure_id, state__in=OPEN).first()
    while erasure is not None and erasure.is_open:
        if erasure.round == 0:
            _begin(erasure, places)
        elif erasure.round > 1 and (later := erasure.requested_at + SETTLED_AFTER) > timezone.now():
            return later
        try:
            _round(erasure, places, keep)
        except TurnOver:
            return timezone.now()
        _close(erasure)
        erasure.refresh_from_db()
    return None


def target_of(erasure: Erasure, *, made_before: datetime, trace_ids: Sequence[UUID] = ()) -> Target:
    """Return what the request is about: some of its traces, or with none of them whose they are."""
    ids = spelled(erasure) if not trace_ids else ()
    return Target(
        project_id=erasure.project_id, made_before=made_before, trace_ids=tuple(trace_ids),
        user_ids=ids if erasure.kind == SubjectKind.USER else (),
        session_ids=ids if erasure.kind == SubjectKind.SESSION else (),
        cluster_ids=tuple(erasure.cluster_ids) if not trace_ids else (),
    )  # fmt: skip


def spelled(erasure: Erasure) -> tuple[str, ...]:
    """Return the id as it was typed and as masking stores it, when the request is about a user or a session."""
    if not erasure.subject or erasure.kind not in (SubjectKind.USER, SubjectKind.SESSION):
        return ()
    hidden = masking_policies.hidden_id(project_id=erasure.project_id, sent=erasure.subject)
    return tuple(dict.fromkeys((erasure.subject, hidden)))


def _begin(erasure: Erasure, places: Sequence[Place]) -> None:
    with transaction.atomic():
        ErasurePlace.objects.bulk_create(
            (
                ErasurePlace(project_id=erasure.project_id, erasure=erasure, name=place.name, position=position)
                for position, place in enumerate(places)
            ),
            ignore_conflicts=True,
        )
        _move(erasure, round=1, state=ErasureState.RUNNING)


def _round(erasure: Erasure, places: Sequence[Place], keep: Callable[[], None]) -> None:
    """Look for everything once more and delete it; what this round did already is not done twice."""
    made_before = erasure.made_before or timezone.now()
    finding.find(erasure, target_of(erasure, made_before=made_before), keep)
    Erasure.objects.filter(pk=erasure.pk).update(trace_count=erasure.traces.count())
    while some := list(erasure.traces.filter(round__lt=erasure.round).order_by("pk")[:BATCH]):
        keep()
        _erase_traces(erasure, places, some, made_before)
    keep()
    with transaction.atomic():
        _erase(erasure, places, target_of(erasure, made_before=made_before))


@transaction.atomic
def _erase_traces(
    erasure: Erasure, places: Sequence[Place], some: Sequence[ErasedTrace], made_before: datetime
) -> None:  # fmt: skip
    """Delete some traces everywhere, and note it in the same moment."""
    trace_ids = [one.trace_id for one in some]
    touched = derived.clusters_of(project_id=erasure.project_id, trace_ids=trace_ids)
    if new := sorted({*erasure.cluster_ids, *touched}):
        erasure.cluster_ids = new
        Erasure.objects.filter(pk=erasure.pk).update(cluster_ids=new)
    _erase(erasure, places, target_of(erasure, made_before=made_before, trace_ids=trace_ids))
    ErasedTrace.objects.filter(pk__in=[one.pk for one in some]).update(round=erasure.round)


def _erase(erasure: Erasure, places: Sequence[Place], target: Target) -> None:
    for place in places:
        if found := place.erase(target):
            ErasurePlace.objects.filter(erasure=erasure, name=place.name).update(
                erased_count=F("erased_count") + found, found_count=F("found_count") + found, is_clean=False
            )


@transaction.atomic
def _close(erasure: Erasure) -> None:
    """End the round: it was the last one when nothing was found in it, apart from the first."""
    rows = ErasurePlace.objects.filter(erasure=erasure)
    is_clean = erasure.round > 1 and not rows.filter(found_count__gt=0).exists()
    if erasure.round > 1:
        rows.filter(found_count=0).update(is_clean=True)
    if is_clean:
        _finish(erasure)
    elif erasure.round >= MOST_ROUNDS:
        _move(erasure, state=ErasureState.FAILED, problem=_NEVER_CLEAN, finished_at=Now())
    else:
        rows.update(found_count=0)
        # What is made from now on is made without the deleted.
        _move(erasure, round=erasure.round + 1, state=ErasureState.CHECKING, made_before=timezone.now())


def _finish(erasure: Erasure) -> None:
    left = leftovers.find(project_id=erasure.project_id, ids=spelled(erasure))
    _move(erasure, state=ErasureState.DONE, subject="", wanted={}, leftovers=left, finished_at=Now(), cluster_ids=[])
    audit.record(
        action="erasure.done", subject=f"{erasure.kind} {erasure.pk}", by=None, project=erasure.project,
        traces=erasure.traces.count(), hashes=erasure.hashes,
    )  # fmt: skip


def fail(*, erasure_id: int, problem: str) -> None:
    """Give a request up, with the reason; asking again goes on with what is left."""
    Erasure.objects.filter(pk=erasure_id, state__in=OPEN).update(
        state=ErasureState.FAILED, problem=problem, finished_at=Now()
    )


def _move(erasure: Erasure, **changes: object) -> None:
    Erasure.objects.filter(pk=erasure.pk, state__in=OPEN).update(**changes)
    for name, value in changes.items():
        if name != "finished_at":
            setattr(erasure, name, value)
