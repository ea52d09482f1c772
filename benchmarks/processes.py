"""What processes of this machine cost, read from /proc: only the processes we started and their children."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14
_SAMPLE_SECONDS = 0.5


def with_children(pids: Sequence[int]) -> list[int]:
    """Return the processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found = list(pids)
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the processor time of the processes and their children so far, those that ended included."""
    ticks = 0
    for pid in with_children(pids):
        if fields := _stat(pid):
            ticks += sum(int(fields[n]) for n in (_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM))
    return ticks / _TICKS


def memory_mb(pids: Sequence[int]) -> float:
    """Return the memory that the processes and their children hold; shared pages are divided among those who share."""
    return sum(_proportional_kb(pid) for pid in with_children(pids)) / 1024


class PeakMemory:
    """Watches the memory of processes while a `with` block runs."""

    def __init__(self, pids: Sequence[int]) -> None:
        self.mb = 0.0
        self._pids = list(pids)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_SAMPLE_SECONDS):
            self.mb = max(self.mb, memory_mb(self._pids))


def _stat(pid: int) -> list[str]:
    """Return the fields after the program's name, which stands in brackets and may hold anything."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _proportional_kb(pid: int) -> int:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
