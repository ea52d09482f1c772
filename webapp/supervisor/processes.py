"""Looks at processes of the operating system: which one is alive, and whether it still is the one we started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path


def started_at(pid: int) -> str:
    """Return a mark of a process that no later process with its number shares, "" when it is gone."""
    if sys.platform.startswith("linux"):
        return _started_at_on_linux(pid)
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def _started_at_on_linux(pid: int) -> str:
    # The name of the program stands in brackets and may hold anything; the fields start after the last bracket.
    fields = _read_proc(f"{pid}/stat").rpartition(")")[2].split()
    if not fields or fields[0] == "Z":
        return ""
    return f"{_read_proc('sys/kernel/random/boot_id').strip()}/{fields[19]}"


def _read_proc(name: str) -> str:
    try:
        return Path("/proc", name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def is_the_same(pid: int, mark: str) -> bool:
    """Tell whether the process with this number is alive and is the one that the mark was taken of."""
    return bool(mark) and started_at(pid) == mark


def command_line(pid: int) -> str:
    """Return the command line of a process, "" when it is gone."""
    if sys.platform.startswith("linux"):
        return _read_proc(f"{pid}/cmdline").replace("\0", " ").strip()
    answer = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def wait_until_gone(pid: int, mark: str, *, seconds: float) -> bool:
    """Wait for a process that is not our child to end; tell whether it did."""
    deadline = time.monotonic() + seconds
    while is_the_same(pid, mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def kill_group(pid: int) -> None:
    """Kill what is left of the process group that this process led."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
