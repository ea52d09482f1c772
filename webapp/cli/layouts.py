"""Where everything lies in a data directory."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from webapp.supervisor.errors import DataDirectoryNotUsable

ROOT = Path(__file__).resolve().parent.parent.parent
MEGABYTE = 1024 * 1024
LEAST_FREE = 256 * MEGABYTE
RESERVE = 1024 * MEGABYTE
RESERVE_FROM_FREE = 20 * RESERVE


@dataclass(frozen=True)
class Layout:
    """A data directory and the places inside it."""

    directory: Path

    @property
    def secrets(self) -> Path:
        return self.directory / "secrets"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def run(self) -> Path:
        return self.directory / "run"

    @property
    def lock(self) -> Path:
        return self.run / "callboard.lock"

    @property
    def record(self) -> Path:
        return self.run / "processes.json"

    @property
    def connection(self) -> Path:
        return self.run / "connection.json"

    @property
    def reserve(self) -> Path:
        return self.directory / "reserve"

    def log(self, name: str) -> Path:
        """Return the log file of one process."""
        return self.logs / f"{name}.log"


def locate(wanted: str | None) -> Layout:
    """Return the named data directory, else that of CALLBOARD_DATA_DIR, else `.callboard` in the checkout."""
    return Layout(Path(wanted or os.environ.get("CALLBOARD_DATA_DIR") or ROOT / ".callboard").expanduser().absolute())


def make(layout: Layout) -> None:
    """Make the directories on first use, and refuse a disk on which the database would stop at once."""
    layout.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(layout.directory).free
    if free < LEAST_FREE:
        raise DataDirectoryNotUsable(
            f"Only {free // MEGABYTE} MB are free on the disk of {layout.directory}, and Callboard needs "
            f"{LEAST_FREE // MEGABYTE} MB to start. Free some space, or choose another place with --data-dir."
        )
    for directory in (layout.secrets, layout.logs, layout.run):
        directory.mkdir(exist_ok=True, mode=0o700)


def keep_reserve(layout: Layout) -> None:
    """Set a gigabyte aside: deleting the file lets the database start again after the disk ran full."""
    if layout.reserve.exists() or shutil.disk_usage(layout.directory).free < RESERVE_FROM_FREE:
        return
    with layout.reserve.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, RESERVE)
