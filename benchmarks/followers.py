"""Application processes that follow a publish: each is a real process with a client of its own.

Reads its orders from the first argument, forks, prints `ready` when every process has the prompt and listens for
changes, and prints as JSON when each one served another version, on the clock that all processes of a machine share.
"""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType

from callboard import Callboard

from benchmarks.stage import StageFailed
from webapp.cli.layouts import ROOT
from webapp.embedded.accounts import as_identity

LOOK_EVERY_SECONDS = 0.02
HAS_PROMPT, HAS_NEWS = 1.0, 2.0
# What is said and when; so short that pieces of two processes never mix in a pipe.
_REPORT = struct.Struct("dd")


@dataclass(frozen=True)
class Orders:
    """Which prompt to follow, in how many processes, and for how long at most."""

    url: str
    key: str
    prompt: str
    processes: int = 200
    seconds: float = 60.0
    is_pushed: bool = True


class Followers:
    """A crowd of processes that is ready; it ends with the `with` block at the latest."""

    def __init__(self, orders: Orders) -> None:
        argv = [sys.executable, "-m", "benchmarks.followers", json.dumps(asdict(orders))]
        self._process = subprocess.Popen(as_identity(argv, None), cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Followers:
        if self._process.stdout is None or self._process.stdout.readline().strip() != "ready":
            self.__exit__(None, None, None)
            raise StageFailed("The processes that follow a publish did not get ready.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def switched_at(self) -> list[float]:
        """Wait for all, and return when each served the new version; those that never did are missing."""
        output = self._process.stdout.read() if self._process.stdout is not None else ""
        try:
            return [float(moment) for moment in json.loads(output)]
        except ValueError as error:
            raise StageFailed("The processes that follow a publish ended without a result.") from error


def main(orders: Orders) -> None:
    """Fork the processes, and print what they report."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        reading, writing = os.pipe()
        for _ in range(orders.processes):
            if os.fork() == 0:
                os.close(reading)
                _be_one(orders, writing, directory)
        os.close(writing)
        moments = _collect(orders, reading)
        for _ in range(orders.processes):
            os.wait()
    _say(json.dumps(moments))


def _collect(orders: Orders, reading: int) -> list[float]:
    ready, until = 0, time.monotonic() + orders.seconds
    moments: list[float] = []
    for what, moment in _reports(reading, until):
        if what == HAS_PROMPT:
            ready += 1
            if ready == orders.processes:
                _say("ready")
        else:
            moments.append(moment)
        if len(moments) == orders.processes:
            break
    return moments


def _reports(reading: int, until: float) -> Iterator[tuple[float, float]]:
    while (left := until - time.monotonic()) > 0:
        if not select.select([reading], [], [], left)[0]:
            return
        received = os.read(reading, _REPORT.size * 64)
        if not received:
            return
        yield from _REPORT.iter_unpack(received)


def _be_one(orders: Orders, writing: int, directory: str) -> None:
    """Be an application process: use the prompt all the time, and say when it changed; never returns."""
    parent = os.getppid()
    with suppress(BaseException):
        directory = os.path.join(directory, str(os.getpid()))
        client = Callboard(url=orders.url, api_key=orders.key, prompt_dir=directory, prompt_push=orders.is_pushed)
        began = client.prompts.get(orders.prompt)
        until = time.monotonic() + orders.seconds
        while orders.is_pushed and not client.stats().get("prompt_changes_announced") and time.monotonic() < until:
            began = client.prompts.get(orders.prompt)
            time.sleep(LOOK_EVERY_SECONDS)
        began = client.prompts.get(orders.prompt)
        if began.version is not None:
            os.write(writing, _REPORT.pack(HAS_PROMPT, time.monotonic()))
        while client.prompts.get(orders.prompt).version == began.version and time.monotonic() < until:
            time.sleep(LOOK_EVERY_SECONDS)
            if os.getppid() != parent:
                os._exit(0)
        if client.prompts.get(orders.prompt).version != began.version:
            os.write(writing, _REPORT.pack(HAS_NEWS, time.monotonic()))
    os._exit(0)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Orders(**json.loads(sys.argv[1])))
