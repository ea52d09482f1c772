"""What people say about findings: that one is right, that one is no problem, or that one is missing; it outlives every new look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from monitoring.analysis import settings
from monitoring.analysis.flags import SHOWN, Flag
from monitoring.analysis.models import CallAnalysis, FlagMark, MarkVerdict
from monitoring.errors import MarkRefused
from projects import audit
from projects.models import Project, User


@dataclass(frozen=True, slots=True)
class Said:
    """What a detector had said about a call."""

    probability: float | None = None
    version: str = ""


@transaction.atomic
def mark(
    *, project: Project, trace_id: UUID, span_id: int, start_day: date, detector: str, verdict: str, by: User,
) -> FlagMark:  # fmt: skip
    """Store what a person says about one detector on one call, in place of what was said before, and let it count at once."""
    flag, wanted = flag_of(detector), _verdict(verdict)
    call = _held(project, trace_id, span_id, start_day)
    said = _said(call, detector)
    made, _ = FlagMark.objects.update_or_create(
        project=project, trace_id=trace_id, span_id=span_id, detector=detector,
        defaults={
            "start_day": start_day, "verdict": wanted, "probability": said.probability, "detector_version": said.version,
            "marked_by": by, "marked_at": Now(),
        },
    )  # fmt: skip
    if call is not None:
        _store(call, marked(call.flags, flag, wanted))
    _record("flag.marked", made, by, verdict=wanted.value)
    return made


@transaction.atomic
def unmark(*, project: Project, trace_id: UUID, span_id: int, start_day: date, detector: str, by: User) -> bool:
    """Take back what was said, so that the detector has the word again; tell whether there was anything to take back."""
    flag = flag_of(detector)
    call = _held(project, trace_id, span_id, start_day)
    stored = FlagMark.objects.filter(project=project, trace_id=trace_id, span_id=span_id, detector=detector).first()
    if stored is None:
        return False
    _record("flag.unmarked", stored, by, verdict=stored.verdict)
    stored.delete()
    if call is not None:
        is_found = _is_found(project, detector, _said(call, detector).probability)
        _store(call, call.flags | flag if is_found else call.flags & ~flag)
    return True


def of_call(*, project: Project, trace_id: UUID, span_id: int) -> list[FlagMark]:
    """Return what people said about one call."""
    rows = FlagMark.objects.filter(project=project, trace_id=trace_id, span_id=span_id)
    return list(rows.select_related("marked_by"))


def marked(flags: int, flag: Flag, verdict: str) -> int:
    """Return the flags of a call after a person's verdict about one of them."""
    return flags & ~flag if verdict == MarkVerdict.WRONG else flags | flag


def flag_of(detector: str) -> Flag:
    """Return the bit that a detector flags calls by, or raise MarkRefused when there is no such detector."""
    flag = Flag.__members__.get(detector.upper()) if detector.islower() else None
    if flag is None or not flag & SHOWN:
        raise MarkRefused("There is no such finding. Load the page again and choose one from the list.")
    return flag


def _verdict(verdict: str) -> MarkVerdict:
    if verdict not in MarkVerdict.values:
        raise MarkRefused("Say whether the finding is right, no problem, or missing.")
    return MarkVerdict(verdict)


def _held(project: Project, trace_id: UUID, span_id: int, start_day: date) -> CallAnalysis | None:
    """Return the row of the call, locked: whoever looks at it again waits for the mark."""
    rows = CallAnalysis.objects.for_project(project).select_for_update().defer("embedding", "text")
    return rows.filter(start_day=start_day, trace_id=trace_id, span_id=span_id).first()


def _said(call: CallAnalysis | None, detector: str) -> Said:
    found: Any = (call.findings or {}).get(detector) if call is not None else None
    if not isinstance(found, dict):
        return Said()
    return Said(found.get("probability"), str(found.get("version", ""))[:40])


def _is_found(project: Project, detector: str, probability: float | None) -> bool:
    choice = settings.of(project.pk).get(detector)
    return choice is not None and choice.is_enabled and probability is not None and probability >= choice.threshold


def _store(call: CallAnalysis, flags: int) -> None:
    CallAnalysis.objects.filter(
        project_id=call.project_id, start_day=call.start_day, trace_id=call.trace_id, span_id=call.span_id
    ).update(flags=int(flags))


def _record(action: str, stored: FlagMark, by: User, **details: Any) -> None:
    subject = f"{stored.trace_id.hex} {stored.detector}"
    audit.record(action=action, subject=subject, by=by, project=stored.project, **details)
