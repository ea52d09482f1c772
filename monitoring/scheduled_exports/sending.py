"""Packs lines into objects and sends each as soon as it is full: no more than one is in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from monitoring.exports.packing import Packing, packing_of
from monitoring.scheduled_exports.models import ExportRun
from monitoring.scheduled_exports.stores import Store

MOST_BYTES = 16 * 1024 * 1024


class PartSender:
    """Gives the objects of one stretch the numbers behind those that are there, however often the stretch is written."""

    def __init__(self, *, run: ExportRun, store: Store, head: bytes, hold: Callable[[], object]) -> None:
        self._run = run
        self._store = store
        self._head = head
        self._hold = hold
        self._open: Packing | None = None
        self.parts: list[dict[str, Any]] = []

    def add(self, line: Any) -> None:
        if self._open is None:
            self._open = packing_of(self._run.scheduled_export.kind, head=self._head, most_bytes=MOST_BYTES)
        self._open.add(line)
        if self._open.is_full:
            self.send()

    def send(self) -> None:
        """Send what is open."""
        if self._open is None:
            return
        data, row_count, number = self._open.packed(), self._open.row_count, len(self._run.parts) + len(self.parts) + 1
        self._open = None
        # Another worker may have taken over: learned before anything is sent.
        self._hold()
        ExportRun.objects.filter(pk=self._run.pk, highest_number__lt=number).update(highest_number=number)
        name = self._run.part_name(number)
        self._store.put(name, data)
        digest = hashlib.sha256(data).hexdigest()
        self.parts.append({"name": name.rpartition("/")[2], "rows": row_count, "bytes": len(data), "sha256": digest})
