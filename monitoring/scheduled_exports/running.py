"""Writes one day or hour: stretches of traces as objects, then the manifest; a kill repeats objects under the same names.

Whoever reads the files waits for the manifest: it is written last, and taken away before anything is written anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from monitoring import stored_filters, walks
from monitoring.exports.calls import FILE, CallLines
from monitoring.exports.models import Export
from monitoring.scheduled_exports import asking, retries
from monitoring.scheduled_exports.errors import StoreError
from monitoring.scheduled_exports.models import OPEN, ExportRun, RunState
from monitoring.scheduled_exports.sending import PartSender
from monitoring.scheduled_exports.stores import Store, open_store
from monitoring.trace_filters import TraceFilter
from projects import notifications
from projects.roles import Action

log = structlog.get_logger("callboard.exports")

TRACES_AT_ONCE = 5_000
_FEWEST_AT_ONCE = 50
MANIFEST_VERSION = 1
_GAVE_UP = "Callboard could not write this, for a reason of its own. Whoever runs the server finds it in the log of the worker."


def run(*, run_id: int, keep: Callable[[], bool]) -> bool:
    """Go on with a run until it is over or `keep` answers that the turn is; return whether there is more to do.

    `keep` also holds on to the work, and raises when another worker has it.
    """
    found = _begin(run_id)
    if found is None:
        return False
    try:
        return _go_on(found, open_store(found.scheduled_export), keep)
    except StoreError as error:
        _fail(found, str(error))
        return False


def give_up(*, run_id: int) -> None:
    """End a run that failed for a reason of ours too often."""
    found = _runs().filter(pk=run_id, state__in=OPEN).first()
    if found is not None:
        _end(found, _GAVE_UP)


def _go_on(found: ExportRun, store: Store, keep: Callable[[], bool]) -> bool:
    if not found.place:
        store.remove(found.manifest_name)
    while found.place != walks.END:
        if not keep():
            return True
        if not _write_stretch(found, store, keep):
            return False
    _finish(found, store, keep)
    return False


def _begin(run_id: int) -> ExportRun | None:
    """Take up a run; one of an export that is paused waits, unless somebody asked for it."""
    found = _runs().filter(pk=run_id, state__in=OPEN).first()
    if found is None or not (found.scheduled_export.is_on or found.requested_by_id):
        return None
    if found.tries >= retries.MOST_TRIES:
        _end(found, found.problem or _GAVE_UP)
        return None
    taken = ExportRun.objects.filter(pk=run_id, state__in=OPEN)
    taken.update(state=RunState.RUNNING, tries=F("tries") + 1, next_try_at=None, touched_at=Now())
    return _runs().get(pk=run_id)


def _write_stretch(found: ExportRun, store: Store, keep: Callable[[], bool]) -> bool:
    """Write the next traces and note how far it is; return False when another worker, or a person, changed the run."""
    scheduled = found.scheduled_export
    lines = CallLines(Export(project=found.project, kind=scheduled.kind, options={"rows": scheduled.rows}))
    some = walks.stretch(
        project=found.project, wanted=wanted_of(found), place=found.place, limit=traces_at_once(found.tries)
    )
    sender = PartSender(run=found, store=store, head=lines.head(FILE), hold=keep)
    for _, line in lines.lines(some.traces, {}):
        sender.add(line)
    sender.send()
    seen = ExportRun.objects.filter(pk=found.pk, state=RunState.RUNNING, place=found.place, round=found.round)
    found.place, found.parts = some.place, found.parts + sender.parts
    return bool(seen.update(
        place=found.place, parts=found.parts, trace_count=F("trace_count") + len(some.traces), tries=0, problem="",
        row_count=F("row_count") + sum(part["rows"] for part in sender.parts), touched_at=Now(),
        byte_count=F("byte_count") + sum(part["bytes"] for part in sender.parts),
    ))  # fmt: skip


def traces_at_once(tries: int) -> int:
    """Return how many traces are written before the place is noted: fewer where that many took longer than a turn."""
    return max(min(TRACES_AT_ONCE, _FEWEST_AT_ONCE), TRACES_AT_ONCE >> max(tries - 1, 0))


def _finish(found: ExportRun, store: Store, keep: Callable[[], bool]) -> None:
    found.refresh_from_db(fields=["highest_number", "trace_count", "row_count", "byte_count", "state", "round"])
    for number in range(len(found.parts) + 1, found.highest_number + 1):
        keep()
        store.remove(found.part_name(number))
    keep()
    store.put(found.manifest_name, orjson.dumps(manifest(found), option=orjson.OPT_INDENT_2))
    ExportRun.objects.filter(pk=found.pk, state=RunState.RUNNING, place=walks.END, round=found.round).update(
        state=RunState.DONE, highest_number=len(found.parts), finished_at=Now(), touched_at=Now(), problem="", tries=0
    )


def manifest(found: ExportRun) -> dict[str, Any]:
    """Return what stands beside the files of a run: what is in them, and how it came about."""
    scheduled = found.scheduled_export
    return {
        "version": MANIFEST_VERSION, "project": found.project.slug, "scheduled_export": scheduled.pk, "name": scheduled.name,
        "kind": scheduled.kind, "one_row_for": scheduled.rows, "starts_at": found.starts_at.isoformat(),
        "ends_at": found.ends_at.isoformat(), "query": stored_filters.to_json(wanted_of(found)),
        "written_at": timezone.now().isoformat(), "traces": found.trace_count, "rows": found.row_count,
        "bytes": found.byte_count, "files": found.parts,
    }  # fmt: skip


def wanted_of(found: ExportRun) -> TraceFilter:
    """Return the calls of a run: those that began in its time."""
    return TraceFilter(start=found.starts_at, end=found.ends_at, environment=found.scheduled_export.environment)


def _fail(found: ExportRun, problem: str) -> None:
    """Plan the next try, or give the run up and tell who can mend it."""
    found.refresh_from_db(fields=["tries"])
    pause = retries.wait(tries=found.tries)
    if pause is None:
        _end(found, problem)
        return
    log.warning("an export could not be written", run=found.pk, problem=problem)
    with transaction.atomic():
        found.next_try_at = timezone.now() + pause
        waiting = ExportRun.objects.filter(pk=found.pk, state=RunState.RUNNING, round=found.round).update(
            state=RunState.WAITING, next_try_at=found.next_try_at, problem=problem[:500], touched_at=Now()
        )
        if waiting:
            asking.ask(found)


@transaction.atomic
def _end(found: ExportRun, problem: str) -> None:
    ended = ExportRun.objects.filter(pk=found.pk, state__in=OPEN, round=found.round).update(
        state=RunState.FAILED, problem=problem[:500], next_try_at=None, finished_at=Now(), touched_at=Now()
    )
    if ended:
        project = found.project
        notifications.tell(
            project=project, to=notifications.who_may(project=project, action=Action.MANAGE_PROJECT),
            kind="scheduled_export.failed",
            sentence=f"«{found.scheduled_export.name}» could not write {found.folder.replace('date=', '')}. {problem}"[:500],
            path=f"/p/{project.slug}/settings/data/scheduled/{found.scheduled_export_id}/",
        )  # fmt: skip


def _runs() -> QuerySet[ExportRun]:
    return ExportRun.objects.select_related("scheduled_export__project", "project")
