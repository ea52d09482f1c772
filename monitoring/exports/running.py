"""Writes exports: a stretch of traces in one transaction, with the place to go on from; a kill loses nothing and doubles nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone

from monitoring import stored_filters, walks
from monitoring.exports import parts
from monitoring.exports.models import OPEN, Export, ExportedText, ExportPart, ExportState
from monitoring.exports.packing import pack, packing_of
from monitoring.exports.parts import PartWriter
from monitoring.models import Trace

KIND = "export.run"
KEPT_DAYS = 7


class Maker(Protocol):
    """What makes lines of traces; made once for a turn of a worker."""

    @property
    def traces_at_once(self) -> int:
        """How many traces are looked at in one go, and written in one transaction."""
        ...

    @property
    def files(self) -> Sequence[str]:
        """The files it makes, in the order in which they are shown."""
        ...

    def head(self, file: str) -> bytes:
        """Return what stands at the beginning of a file."""
        ...

    def lines(self, traces: Sequence[Trace], counts: dict[str, int]) -> Iterator[tuple[str, Any]]:
        """Yield the file and the line of everything that is to be written of these traces, and count what is not."""
        ...


def run(*, export_id: int, make: Callable[[Export], Maker], keep: Callable[[], bool], tries: int = 1) -> bool:
    """Go on with an export until it is over or `keep` answers that the turn is; return whether there is more to do.

    What took longer than a turn is tried again in smaller stretches: each try halves them.
    """
    export = Export.objects.select_related("project").filter(pk=export_id, state__in=OPEN).first()
    if export is None:
        return False
    maker = make(export)
    while keep():
        if not step(export_id=export_id, maker=maker, halvings=tries - 1):
            return False
    return True


@transaction.atomic
def step(*, export_id: int, maker: Maker, halvings: int = 0) -> bool:
    """Write one stretch; return whether there is more to do."""
    rows = Export.objects.select_for_update(of=("self",)).select_related("project")
    export = rows.filter(pk=export_id, state__in=OPEN).first()
    if export is None:
        return False
    wanted = stored_filters.from_json(export.wanted)
    limit = max(1, int(export.option("stretch") or maker.traces_at_once) >> halvings)
    some = walks.stretch(project=export.project, wanted=wanted, place=export.place, limit=limit)
    writer, counts = PartWriter(export), dict(export.counts)
    for file, line in maker.lines(some.traces, counts):
        writer.add(file, line)
    writer.close()
    export.place, export.counts, export.state = some.place, counts, ExportState.RUNNING
    export.trace_count += len(some.traces)
    export.row_count += writer.row_count
    export.byte_count += writer.byte_count
    export.save(update_fields=["place", "counts", "state", "trace_count", "row_count", "byte_count"])
    if some.is_last:
        _finish(export, maker)
    return not some.is_last


def _finish(export: Export, maker: Maker) -> None:
    files = [_whole(export, maker, file) for file in maker.files]
    now = timezone.now()
    Export.objects.filter(pk=export.pk).update(
        state=ExportState.DONE, files=files, finished_at=now, expires_at=now + timedelta(days=KEPT_DAYS)
    )
    ExportedText.objects.filter(export=export).delete()


def _whole(export: Export, maker: Maker, file: str) -> Mapping[str, Any]:
    """Return what is known of a whole file, after putting its head before the first part."""
    head = maker.head(file)
    first = ExportPart.objects.filter(export=export, file=file, number=1).first()
    if first is None:
        data = packing_of(export.kind, head=head).packed()
        ExportPart.objects.create(
            project_id=export.project_id, export=export, file=file, number=1, row_count=0, data=data
        )
    elif head:
        first.data = pack(head) + bytes(first.data)
        first.save(update_fields=["data"])
    return parts.described(export, file)


def fail(*, export_id: int, problem: str) -> None:
    """Give an export up, with the reason; what was written of it is deleted."""
    with transaction.atomic():
        ended = Export.objects.filter(pk=export_id, state__in=OPEN).update(
            state=ExportState.FAILED, problem=problem, finished_at=timezone.now()
        )
        if ended:
            _drop(export_id)


def delete_expired() -> int:
    """Delete the files whose time is over; return how many exports that were. What was exported stays in the list."""
    over = list(Export.objects.filter(expires_at__lte=timezone.now(), parts__isnull=False).distinct()[:100])
    for export in over:
        _drop(export.pk)
    return len(over)


def _drop(export_id: int) -> None:
    ExportPart.objects.filter(export_id=export_id).delete()
    ExportedText.objects.filter(export_id=export_id).delete()
