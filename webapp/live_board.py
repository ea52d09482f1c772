"""Hands changes of prompts to everybody who listens, through bounded mailboxes; a slow reader gets the latest only."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from typing import Any

MAILBOX_SIZE = 32
_REMEMBERED_CHANGES = 64
_REMEMBERED_PROJECTS = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """What changed: a prompt under some labels; without a name anything may have changed."""

    number: int
    name: str = ""
    labels: tuple[str, ...] = ()
    token: str = ""


class Mailbox:
    """What one stream has not sent yet; None in it ends the stream."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue(maxsize=MAILBOX_SIZE)
        self._is_closed = False

    def put(self, change: Change) -> None:
        """Add a change; when the reader is slow, one «anything may have changed» takes the place of all before."""
        if self._is_closed:
            return
        if self._queue.full():
            self._empty()
            change = Change(number=change.number)
        self._queue.put_nowait(change)

    def close(self) -> None:
        """Let the stream end, whatever it has not sent."""
        self._is_closed = True
        self._empty()
        self._queue.put_nowait(None)

    async def get(self, *, seconds: float) -> Change | None:
        """Return the next change, or None for the end; raise TimeoutError when there is neither."""
        async with asyncio.timeout(seconds):
            return await self._queue.get()

    def _empty(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()


@dataclass(slots=True)
class _Project:
    """The open mailboxes of a project, and its latest changes for those who come back."""

    mailboxes: set[Mailbox] = field(default_factory=set)
    recent: deque[Change] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_CHANGES))


class Board:
    """Where changes are posted."""

    def __init__(self) -> None:
        # Changes are numbered from the start of this process; the mark tells one process's numbers from another's.
        self.mark = secrets.token_hex(4)
        self._number = 0
        # Those who have seen less than this must look at everything.
        self._complete_since = 0
        self._projects: OrderedDict[int, _Project] = OrderedDict()

    def post(self, payload: str) -> None:
        """Hand out a notification of the database; one that cannot be read means that anything may have changed."""
        try:
            facts = json.loads(payload)
            project_id, change = int(facts["project"]), _change(facts)
        except (ValueError, KeyError, TypeError):
            self.post_gap()
            return
        self._number += 1
        change = replace(change, number=self._number)
        project = self._project(project_id)
        project.recent.append(change)
        for mailbox in project.mailboxes:
            mailbox.put(change)

    def post_gap(self) -> None:
        """Tell everybody that changes may have been missed."""
        self._number += 1
        self._complete_since = self._number
        for project in self._projects.values():
            project.recent.clear()
            for mailbox in project.mailboxes:
                mailbox.put(Change(number=self._number))

    def open(self, project_id: int, *, last_seen: str) -> Mailbox:
        """Return a mailbox with everything since `last_seen`, the id of the last event that the reader has."""
        mailbox, project = Mailbox(), self._project(project_id)
        for change in self._missed(project, last_seen):
            mailbox.put(change)
        project.mailboxes.add(mailbox)
        return mailbox

    def close(self, project_id: int, mailbox: Mailbox) -> None:
        """Forget a mailbox."""
        self._project(project_id).mailboxes.discard(mailbox)

    def id_of(self, change: Change) -> str:
        """Return the id under which a reader that comes back names the change."""
        return f"{self.mark}-{change.number}"

    def _missed(self, project: _Project, last_seen: str) -> list[Change]:
        mark, _, digits = last_seen.partition("-")
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else -1
        is_remembered = len(project.recent) < _REMEMBERED_CHANGES or project.recent[0].number <= number
        if mark == self.mark and self._complete_since <= number <= self._number and is_remembered:
            return [change for change in project.recent if change.number > number]
        return [Change(number=self._number)]

    def _project(self, project_id: int) -> _Project:
        project = self._projects.setdefault(project_id, _Project())
        self._projects.move_to_end(project_id)
        if len(self._projects) > _REMEMBERED_PROJECTS:
            self._forget_one(keep=project_id)
        return project

    def _forget_one(self, *, keep: int) -> None:
        unheard = (key for key, project in self._projects.items() if not project.mailboxes and key != keep)
        if (key := next(unheard, None)) is not None:
            del self._projects[key]
            # Whoever comes back to it must look at everything.
            self._number += 1
            self._complete_since = self._number


def _change(facts: dict[str, Any]) -> Change:
    labels = tuple(str(label) for label in facts.get("labels") or ())
    return Change(number=0, name=str(facts["name"]), labels=labels, token=str(facts["change"]))
