"""Keeps the list of application processes true from their streams: who listens is alive, who hung up is gone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from webapp.live_database import Questions

TOUCH_SECONDS = 60.0
# A process that comes back within this time has not ended.
GONE_SECONDS = 10.0
_TOUCH = """
    UPDATE prompt_process SET seen_at = now() FROM unnest(%s::bigint[], %s::text[]) AS alive(project_id, process_id)
     WHERE prompt_process.project_id = alive.project_id AND prompt_process.process_id = alive.process_id
"""
_REMOVE = """
    DELETE FROM prompt_process USING unnest(%s::bigint[], %s::text[]) AS gone(project_id, process_id)
     WHERE prompt_process.project_id = gone.project_id AND prompt_process.process_id = gone.process_id
"""
Process = tuple[int, str]


class Fleet:
    """Which processes listen here, and which just stopped."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._listening: Counter[Process] = Counter()
        self._left_at: dict[Process, float] = {}
        self._touched_at = time.monotonic()

    def came(self, project_id: int, process_id: str) -> None:
        """Note that a process listens."""
        if process_id:
            self._listening[project_id, process_id] += 1
            self._left_at.pop((project_id, process_id), None)

    def went(self, project_id: int, process_id: str, *, has_left: bool) -> None:
        """Note that a stream ended; `has_left` when the process hung up itself."""
        process = (project_id, process_id)
        if not process_id:
            return
        self._listening[process] -= 1
        if self._listening[process] <= 0:
            del self._listening[process]
            if has_left:
                self._left_at[process] = time.monotonic()

    async def write(self) -> None:
        """Write down what changed since the last time; may raise DatabaseAway."""
        now = time.monotonic()
        gone = [process for process, left_at in self._left_at.items() if now - left_at > GONE_SECONDS]
        if gone:
            await self._write(_REMOVE, gone)
            for process in gone:
                self._left_at.pop(process, None)
        if self._listening and now - self._touched_at > TOUCH_SECONDS:
            self._touched_at = now
            await self._write(_TOUCH, list(self._listening))

    async def _write(self, statement: str, processes: Iterable[Process]) -> None:
        project_ids, process_ids = zip(*processes, strict=True)
        await self._questions.ask(statement, [list(project_ids), list(process_ids)])
