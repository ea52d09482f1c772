"""One child process: what to run, how to start it and how to stop it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from webapp.supervisor import launch, processes
from webapp.supervisor.logs import open_log


@dataclass(frozen=True)
class Identity:
    """The account a child runs as when Callboard itself runs as root and the program refuses root.

    In a namespace the child is still the same account to the rest of the machine, only under another number.
    """

    uid: int
    gid: int
    in_namespace: bool


@dataclass(frozen=True)
class Program:
    """What to run, and how it wants to be asked to stop."""

    name: str
    argv: tuple[str, ...]
    directory: Path
    log: Path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    identity: Identity | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 30.0
    is_server: bool = False  # others depend on it, so it stops after them


class Child:
    """A running program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        orders = {
            "parent": os.getpid(),
            "death_signal": int(program.stop_signal),
            "identity": asdict(program.identity) if program.identity else None,
        }
        with open_log(program.log) as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", launch.__file__, json.dumps(orders), *program.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=program.directory,
                env=dict(program.environ),
            )
        self.mark = processes.started_at(self.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code (negative: the signal that ended it), None while it runs."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Send the program its stop signal."""
        with suppress(ProcessLookupError):
            self._process.send_signal(self.program.stop_signal)

    def wait_or_end(self) -> bool:
        """Wait for the child, end it when that takes too long; tell whether it ended in its own time."""
        try:
            self._process.wait(self.program.stop_seconds)
            in_time = True
        except subprocess.TimeoutExpired:
            in_time = False
        self.end()
        return in_time

    def end(self) -> None:
        """End the child and what is left of its own children, now."""
        self._process.kill()
        processes.kill_group(self.pid)
        self._process.wait()
