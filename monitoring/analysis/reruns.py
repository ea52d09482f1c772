"""Looks again at calls that were looked at before: with new detectors, other thresholds or another embedding; piece by piece,
and stoppable. What people said about findings stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from monitoring import embeddings
from monitoring.analysis import kept_marks, looking, unseen
from monitoring.analysis.looking import Assign, unassigned
from monitoring.analysis.models import AnalysisRerun, CallAnalysis, RerunState
from monitoring.detectors import catalogue
from monitoring.errors import RerunRefused
from projects import audit, jobs
from projects.models import Project, User

KIND = "analysis.rerun"
PIECE = 100
_BEFORE_ALL = ("00000000-0000-0000-0000-000000000000", 0)
_FOUND = ["flags", "findings", "detectors_version", "language", "segment"]
_TOPIC = ["text", "embedding", "embedding_version", "cluster_id"]

_PIECE = """
    SELECT call_at, start_day, trace_id, span_id FROM call_analysis
     WHERE project_id = %(project)s AND call_at >= %(moment)s AND call_at < %(until)s
       AND (call_at, trace_id, span_id) > (%(moment)s::timestamptz, %(trace)s::uuid, %(span)s::bigint)
     ORDER BY call_at, trace_id, span_id LIMIT %(limit)s
"""

_Key = tuple[date, UUID, int]
_Row = tuple[datetime, date, UUID, int]


@transaction.atomic
def start(*, project: Project, since: datetime, until: datetime, by: User) -> AnalysisRerun:
    """Begin to look again at the calls of a time range; one such run of a project at a time."""
    if since >= until:
        raise RerunRefused("The end must lie behind the beginning.")
    run = _made(project=project, since=since, until=until, by=by)
    audit.record(
        action="analysis.rerun_started", subject=project.slug, by=by, project=project, since=since.isoformat(),
        until=until.isoformat(),
    )  # fmt: skip
    jobs.add(kind=KIND, dedupe_key=f"rerun {run.pk}", payload={"rerun": run.pk}, project_id=project.pk)
    return run


@transaction.atomic
def stop(*, project: Project, by: User) -> bool:
    """End the run after the piece that is being looked at; what was found stays. Return False when none runs."""
    running = AnalysisRerun.objects.filter(project=project, state=RerunState.RUNNING)
    stopped = running.update(state=RerunState.STOPPED, finished_at=timezone.now())
    if stopped:
        audit.record(action="analysis.rerun_stopped", subject=project.slug, by=by, project=project)
    return bool(stopped)


def latest(*, project: Project) -> AnalysisRerun | None:
    """Return the newest run of a project."""
    return AnalysisRerun.objects.filter(project=project).select_related("started_by").order_by("-pk").first()


def outdated(*, project: Project, since: datetime, until: datetime) -> int:
    """Return how many calls of a time range other versions of the detectors or of the embedding looked at."""
    rows = CallAnalysis.objects.for_project(project).filter(call_at__gte=since, call_at__lt=until)
    is_current = Q(detectors_version=catalogue.version(), embedding_version=embeddings.for_project(project.pk).version)
    return rows.exclude(is_current).count()


def step(*, run_id: int, assign: Assign = unassigned) -> bool:
    """Look again at one piece of a run; return whether there is more to do."""
    run = AnalysisRerun.objects.filter(pk=run_id, state=RerunState.RUNNING).first()
    if run is None:
        return False
    rows = _piece(run)
    spans = unseen.load(project_id=run.project_id, keys=[row[1:] for row in rows]) if rows else []
    found = {(row.start_day, row.trace_id, row.span_id): row for row in looking.rows(spans, assign=assign)}
    return _note(run, rows, found)


@transaction.atomic
def _note(run: AnalysisRerun, rows: Sequence[_Row], found: dict[_Key, CallAnalysis]) -> bool:
    """Store a piece and how far the run has come, unless it was stopped or another worker did the same piece meanwhile."""
    is_last = len(rows) < PIECE
    done = {"state": RerunState.DONE, "finished_at": timezone.now()} if is_last else {}
    place = [rows[-1][0].isoformat(), str(rows[-1][2]), rows[-1][3]] if rows else run.place
    claimed = AnalysisRerun.objects.filter(pk=run.pk, state=RerunState.RUNNING, place=run.place).update(
        place=place, checked_count=F("checked_count") + len(rows), **done
    )
    if not claimed:
        return False
    changed = _store(run.project_id, found)
    AnalysisRerun.objects.filter(pk=run.pk).update(changed_count=F("changed_count") + changed)
    return not is_last


def _store(project_id: int, found: dict[_Key, CallAnalysis]) -> int:
    """Replace what is stored about calls; return of how many the flags changed."""
    if not found:
        return 0
    rows = CallAnalysis.objects.filter(
        project_id=project_id, start_day__range=(min(key[0] for key in found), max(key[0] for key in found)),
        trace_id__in={key[1] for key in found}, span_id__in={key[2] for key in found},
    )  # fmt: skip
    # Held until the end: who marks a finding meanwhile changes what is written here, not what was there before.
    held = [row for row in rows.select_for_update() if (row.start_day, row.trace_id, row.span_id) in found]
    before = [row.flags for row in held]
    for row in held:
        _replace(row, found[row.start_day, row.trace_id, row.span_id])
    kept_marks.applied(held)
    for row in held:
        _rows_of(row).update(**{name: getattr(row, name) for name in (*_FOUND, *_TOPIC)}, analysed_at=Now())
    return sum(row.flags != flags for row, flags in zip(held, before, strict=True))


def _replace(row: CallAnalysis, new: CallAnalysis) -> None:
    for name in _FOUND:
        setattr(row, name, getattr(new, name))
    # The place of a call among the clusters is not touched as long as it means the same.
    if (row.embedding_version, row.text) != (new.embedding_version, new.text):
        for name in _TOPIC:
            setattr(row, name, getattr(new, name))


def _rows_of(row: CallAnalysis) -> QuerySet[CallAnalysis]:
    return CallAnalysis.objects.filter(
        project_id=row.project_id, start_day=row.start_day, trace_id=row.trace_id, span_id=row.span_id
    )


def _made(*, project: Project, since: datetime, until: datetime, by: User) -> AnalysisRerun:
    count = CallAnalysis.objects.for_project(project).filter(call_at__gte=since, call_at__lt=until).count()
    try:
        with transaction.atomic():
            return AnalysisRerun.objects.create(
                project=project, since=since, until=until, call_count=count, started_by=by
            )
    except IntegrityError as error:
        raise RerunRefused("Calls are being looked at again already. Wait, or stop that first.") from error


def _piece(run: AnalysisRerun) -> list[_Row]:
    """Return the next calls, in the order they began: what somebody asked before is looked at before."""
    moment, trace_id, span_id = run.place or [run.since.isoformat(), *_BEFORE_ALL]
    values: dict[str, Any] = {
        "project": run.project_id, "until": run.until, "moment": moment, "trace": trace_id, "span": span_id, "limit": PIECE,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PIECE, values)
        return list(cursor.fetchall())
