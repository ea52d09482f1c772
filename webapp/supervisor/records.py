"""Remembers on disk which processes were started, so that the next start can end what a killed one left behind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from webapp.supervisor import processes
from webapp.supervisor.children import Child

SECONDS_TO_END = 15.0


def write(path: Path, children: Iterable[Child]) -> None:
    """Write down the running children."""
    rows = [
        {"name": child.program.name, "pid": child.pid, "mark": child.mark, "signal": int(child.program.stop_signal)}
        for child in children
    ]
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    draft.replace(path)


def end_leftovers(path: Path) -> list[str]:
    """End the recorded processes that still run and are still the recorded ones; return their names.

    They are stopped last to first, as in an orderly stop: the database ends after those who use it.
    """
    ended = []
    for row in reversed(_read(path)):
        pid, mark = int(row["pid"]), str(row["mark"])
        if not processes.is_the_same(pid, mark):
            continue
        with suppress(ProcessLookupError):
            os.kill(pid, signal.Signals(int(row["signal"])))
        processes.wait_until_gone(pid, mark, seconds=SECONDS_TO_END)
        processes.kill_group(pid)
        ended.append(str(row["name"]))
    path.unlink(missing_ok=True)
    return ended


def _read(path: Path) -> list[dict[str, int | str]]:
    try:
        rows: list[dict[str, int | str]] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return rows
