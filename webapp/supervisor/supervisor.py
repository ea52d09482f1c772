"""Starts children, restarts the ones that crash, and stops all of them in order."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from webapp.supervisor import records
from webapp.supervisor.children import Child, Program
from webapp.supervisor.logs import keep_small

RESTART_DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STEADY_SECONDS = 60.0  # a child that ran this long is trusted again
LOOK_EVERY = 0.25
CHECK_LOGS_EVERY = 60.0


@dataclass
class Post:
    """A place in the cast: the program, the child that plays it now, and how often it crashed lately."""

    program: Program
    child: Child
    started: float
    crashes: int = 0
    restart_at: float | None = None


class Supervisor:
    """Keeps a set of programs running until it is told to stop."""

    def __init__(self, *, record: Path, say: Callable[[str], None]) -> None:
        self._record = record
        self._say = say
        self._posts: list[Post] = []

    def start(self, program: Program) -> Child:
        """Start a program and keep it running from now on."""
        child = Child(program)
        self._posts.append(Post(program=program, child=child, started=time.monotonic()))
        self._write_record()
        return child

    def watch(self) -> None:
        """Restart whatever crashes, until a stop is requested."""
        next_log_check = 0.0
        while True:
            for post in self._posts:
                self._look_after(post)
            if time.monotonic() >= next_log_check:
                next_log_check = time.monotonic() + CHECK_LOGS_EVERY
                for post in self._posts:
                    keep_small(post.program.log)
            time.sleep(LOOK_EVERY)

    def stop(self) -> None:
        """Stop the children and wait for them: first those who use the servers, then the servers."""
        for is_server in (False, True):
            posts = [post for post in self._posts if post.program.is_server is is_server]
            for post in posts:
                post.child.ask_to_stop()
            for post in posts:
                if not post.child.wait_or_end():
                    self._say(
                        f"{post.program.name} did not stop within {post.program.stop_seconds:.0f} s and was ended."
                    )
        self._posts.clear()
        self._record.unlink(missing_ok=True)

    def end(self) -> None:
        """End all children at once; what was committed stays committed."""
        for post in self._posts:
            post.child.end()

    def _look_after(self, post: Post) -> None:
        now = time.monotonic()
        if post.restart_at is None and post.child.exit_code is not None:
            self._plan_restart(post, now)
        if post.restart_at is not None and now >= post.restart_at:
            post.child = Child(post.program)
            post.started, post.restart_at = now, None
            self._write_record()

    def _plan_restart(self, post: Post, now: float) -> None:
        post.child.end()
        if now - post.started > STEADY_SECONDS:
            post.crashes = 0
        delay = RESTART_DELAYS[min(post.crashes, len(RESTART_DELAYS) - 1)]
        post.crashes += 1
        post.restart_at = now + delay
        ending = describe_ending(post.child.exit_code or 0)
        self._say(f"{post.program.name} {ending} and is started again in {delay:g} s. Its log: {post.program.log}")

    def _write_record(self) -> None:
        records.write(self._record, [post.child for post in self._posts])


def describe_ending(exit_code: int) -> str:
    """Say in words how a process ended."""
    if exit_code >= 0:
        return f"ended by itself with code {exit_code}"
    return f"was ended by signal {-exit_code} ({signal.Signals(-exit_code).name})"
