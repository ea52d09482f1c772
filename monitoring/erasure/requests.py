"""Asking for a deletion: what it would take away, the request itself, and asking again when one was not finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from monitoring import stored_filters, walks
from monitoring.erasure import derived, running, tombstones
from monitoring.erasure.errors import AlreadyRunning, NotConfirmed, SubjectMissing
from monitoring.erasure.models import OPEN, Erasure, SubjectKind
from monitoring.erasure.targets import Place
from monitoring.ingest.cleaning import clean_text
from monitoring.models import Trace, TraceQuerySet
from monitoring.trace_filters import TraceFilter
from projects import audit, jobs
from projects.models import Project, User

# What a preview counts in all places; more traces than this are counted alone.
MOST_LOOKED_INTO = 1_000
MOST_COUNTED = 100_000
VALID_DAYS = 30
MOST_VALID_DAYS = 400
MOST_CHARS = 255


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data is meant: an id, or a filter of the list of traces."""

    kind: SubjectKind
    id: str = ""
    wanted: TraceFilter | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be deleted. `is_whole` is False when the places were counted for the newest traces alone."""

    trace_count: int
    has_more_traces: bool
    places: list[tuple[str, int]]
    is_whole: bool

    @property
    def is_empty(self) -> bool:
        return not self.trace_count and not any(count for _, count in self.places)


def checked(*, kind: str, subject: str = "", wanted: TraceFilter | None = None) -> Subject:
    """Return whom a request is about, or raise SubjectMissing with what to type."""
    if kind not in SubjectKind.values:
        raise SubjectMissing
    known = SubjectKind(kind)
    if known == SubjectKind.FILTER:
        if wanted is None:
            raise SubjectMissing("Choose calls in Explore first, and come here from there.")
        return Subject(known, wanted=wanted)
    text = clean_text(subject).strip()
    if not text or len(text) > MOST_CHARS:
        raise SubjectMissing(f"Type an id of 1 to {MOST_CHARS} characters, exactly as your application sends it.")
    return Subject(known, _trace_id(text) if known == SubjectKind.TRACE else text)


@transaction.atomic
def preview(*, project: Project, subject: Subject, places: Sequence[Place]) -> Preview:
    """Return what the request would delete, counted now."""
    draft = _draft(project, subject)
    now = timezone.now()
    if subject.wanted is not None:
        some = walks.stretch(project=project, wanted=subject.wanted, place="", limit=MOST_LOOKED_INTO)
        trace_ids, has_more = [trace.trace_id for trace in some.traces], not some.is_last
        count = len(trace_ids)
    else:
        rows = _rows(project, subject, draft)
        trace_ids = list(rows.order_by("-started_at").values_list("trace_id", flat=True)[:MOST_LOOKED_INTO])
        count = rows[: MOST_COUNTED + 1].count() if len(trace_ids) == MOST_LOOKED_INTO else len(trace_ids)
        has_more = count > MOST_COUNTED
    draft.cluster_ids = derived.clusters_of(project_id=project.pk, trace_ids=trace_ids)
    whole = running.target_of(draft, made_before=now)
    parts = [running.target_of(draft, made_before=now, trace_ids=trace_ids)] if trace_ids else []
    counted = [
        (place.title, max(place.count(whole), *(place.count(part) for part in parts)) if parts else place.count(whole))
        for place in places
    ]
    return Preview(count, has_more, counted, is_whole=count == len(trace_ids) and not has_more)


@transaction.atomic
def ask(
    *, project: Project, subject: Subject, by: User | None, typed: str | None = None, valid_days: int = VALID_DAYS
) -> Erasure:  # fmt: skip
    """Ask for a deletion; a worker begins at once, and what arrives late is kept out for the days that are given.

    `typed` is what a person typed to confirm: it must be the id; of a filter it is the word «delete».
    """
    if typed is not None and typed.strip() != (subject.id or "delete"):
        raise NotConfirmed
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    draft = _draft(project, subject)
    draft.hashes = sorted(
        tombstones.hash_of(project_id=project.pk, kind=subject.kind, subject=one)
        for one in running.spelled(draft) or ((subject.id,) if subject.id else ())
    )
    if subject.id and Erasure.objects.filter(project=project, state__in=OPEN, hashes=draft.hashes).exists():
        raise AlreadyRunning
    draft.valid_until = timezone.now() + timedelta(days=min(max(valid_days, 1), MOST_VALID_DAYS))
    draft.requested_by = by
    draft.save(force_insert=True)
    draft.refresh_from_db()
    audit.record(
        action="erasure.requested", subject=f"{subject.kind} {draft.pk}", by=by, project=project, hashes=draft.hashes
    )
    _wake(draft)
    return draft


def open_count(project: Project) -> int:
    """Return how many requests somebody still works on."""
    return Erasure.objects.filter(project=project, state__in=OPEN).count()


def _wake(erasure: Erasure) -> None:
    jobs.add(
        kind=running.KIND, dedupe_key=f"erasure {erasure.pk}", payload={"erasure": erasure.pk},
        project_id=erasure.project_id,
    )  # fmt: skip


def _draft(project: Project, subject: Subject) -> Erasure:
    wanted = stored_filters.to_json(subject.wanted) if subject.wanted else {}
    return Erasure(project=project, kind=subject.kind, subject=subject.id, wanted=wanted)


def _rows(project: Project, subject: Subject, draft: Erasure) -> TraceQuerySet:
    """Return the traces that their own row ties to the subject; others are found step by step while deleting."""
    rows = Trace.objects.for_project(project)
    ids = running.spelled(draft)
    if subject.kind == SubjectKind.USER:
        return rows.filter(Q(user_id__in=ids))
    if subject.kind == SubjectKind.SESSION:
        return rows.filter(Q(session_id__in=ids))
    return rows.filter(trace_id=UUID(hex=subject.id))


def _trace_id(text: str) -> str:
    try:
        return UUID(hex=text).hex
    except ValueError:
        raise SubjectMissing(
            "The id of a trace is 32 hexadecimal digits. Copy it from the page of the trace."
        ) from None
