"""How much a process leaves the processor to the others."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_GROUP = Path("/proc/self/autogroup")


def step_back(by: int) -> None:
    """Leave the processor to other processes by so many steps of niceness (1 to 19).

    Linux weighs whole sessions against each other where it groups by session, and a process only within its own
    (sched(7), "The autogroup feature"): the session steps back as well.
    """
    os.nice(by)
    with contextlib.suppress(OSError):
        _GROUP.write_text(str(by), encoding="ascii")
