"""A process that steps back leaves the processor to others, alone and with its session."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_AUTOGROUP = Path("/proc/self/autogroup")


def _niceness_after(steps: int) -> list[str]:
    code = (
        "import os; from pathlib import Path; from webapp import niceness; "
        f"niceness.step_back({steps}); group = Path('/proc/self/autogroup'); "
        "print(os.nice(0), group.read_text() if group.exists() else '')"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True).stdout.split()


def test_a_process_that_steps_back_is_nicer():
    assert int(_niceness_after(3)[0]) >= 3


def test_its_session_steps_back_where_linux_weighs_sessions():
    said = _niceness_after(3)

    assert said[-1] == ("3" if _AUTOGROUP.exists() else said[0])
