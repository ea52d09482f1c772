"""Which process of which application serves which version: noted from what was answered, read for the prompt's page."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

import orjson
from django.db import connection, transaction
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Now
from django.utils import timezone

from prompt_registry.models import Prompt, PromptProcess

# An application asks once a minute for the prompts it uses, and one that listens is touched once a minute.
ALIVE = timedelta(minutes=3)
FORGET = timedelta(minutes=10)
WRITE_EVERY_SECONDS = 60.0
MAX_SHOWN = 2_000
# Process ids are made up by clients: nobody may fill the table with them.
MAX_PROCESSES = 5_000
_MAX_PROMPTS = 200
_WRITE = """
    INSERT INTO prompt_process (project_id, process_id, host, sdk, serves, seen_at)
    VALUES (%s, %s, %s, %s, %s::jsonb, now())
    ON CONFLICT (project_id, process_id) DO UPDATE
       SET host = excluded.host, sdk = excluded.sdk, seen_at = excluded.seen_at,
           serves = prompt_process.serves || excluded.serves
"""


@dataclass(frozen=True, slots=True)
class Reporter:
    """The process that asked."""

    project_id: int
    process_id: str
    host: str
    sdk: str


@dataclass(frozen=True, slots=True)
class Served:
    """A version that was handed to a process, and the one that the process says it served until then."""

    name: str
    label: str
    version: int
    told: int | None = None


@dataclass(slots=True)
class _Known:
    """What this web process knows about a process."""

    serves: dict[str, tuple[int, float]] = field(default_factory=dict)
    # The version last handed out, which the process may not have gone on with.
    handed: dict[str, int] = field(default_factory=dict)
    written_at: float = float("-inf")
    heard_at: float = 0.0


class Notes:
    """Decides when a report is worth a write: at once when a version changed, else once a minute per process."""

    def __init__(self) -> None:
        self._projects: dict[int, OrderedDict[str, _Known]] = {}
        self._lock = Lock()

    def add(self, reporter: Reporter, served: Served, *, now: float, unix: float) -> dict[str, tuple[int, float]]:
        """Return what to write down about the process now: nothing most of the time."""
        with self._lock:
            known = self._of(reporter, now)
            if known is None:
                return {}
            key = _key(served.name, served.label)
            before = known.serves.get(key)
            version = _really_served(served, handed=known.handed.get(key))
            known.handed[key] = served.version
            if before is not None and before[0] == version and now - known.written_at < WRITE_EVERY_SECONDS:
                return {}
            if before is None or before[0] != version:
                known.serves[key] = (version, unix)
            if now - known.written_at < WRITE_EVERY_SECONDS:
                return {key: known.serves[key]}
            known.written_at = now
            return dict(known.serves)

    def forget(self) -> None:
        """Know nothing any more."""
        with self._lock:
            self._projects.clear()

    def _of(self, reporter: Reporter, now: float) -> _Known | None:
        """Return what is known of the process, or None when its project has too many already."""
        processes = self._projects.setdefault(reporter.project_id, OrderedDict())
        known = processes.get(reporter.process_id)
        if known is None:
            while processes and next(iter(processes.values())).heard_at < now - ALIVE.total_seconds():
                processes.popitem(last=False)
            if len(processes) >= MAX_PROCESSES:
                return None
            known = processes[reporter.process_id] = _Known()
        processes.move_to_end(reporter.process_id)
        known.heard_at = now
        if len(known.serves) > _MAX_PROMPTS:
            known.serves.clear()
            known.handed.clear()
        return known


_notes = Notes()
_tidy_again_at = 0.0


def note(reporter: Reporter, served: Served) -> None:
    """Note that a process was handed a version; costs a write only when that is news, or once a minute."""
    news = _notes.add(reporter, served, now=time.monotonic(), unix=time.time())
    if news:
        _write(reporter, news)
        _tidy()


def forget() -> None:
    """Empty this process's memory of other processes."""
    _notes.forget()


def _really_served(served: Served, *, handed: int | None) -> int:
    """Return the version in use: what is handed out now, unless the process had it before and went on with another."""
    is_unused = handed == served.version and served.told not in (None, served.version)
    return served.told if is_unused and served.told is not None else served.version


def _write(reporter: Reporter, serves: dict[str, tuple[int, float]]) -> None:
    document = orjson.dumps(serves).decode()
    with transaction.atomic(), connection.cursor() as cursor:
        # A report lost in a crash is made again within a minute; it is not worth waiting for the disk.
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(_WRITE, (reporter.project_id, reporter.process_id, reporter.host, reporter.sdk, document))


def _tidy() -> None:
    global _tidy_again_at
    if time.monotonic() < _tidy_again_at:
        return
    _tidy_again_at = time.monotonic() + WRITE_EVERY_SECONDS
    PromptProcess.objects.filter(seen_at__lt=Now() - FORGET).delete()


@dataclass(frozen=True, slots=True)
class Process:
    """A process that serves a prompt: which version, since when, and when it was last heard of."""

    host: str
    process_id: str
    sdk: str
    version: int
    since: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Fleet:
    """All processes that serve what a label points to."""

    label: str
    number: int
    current: Sequence[Process]
    behind: Sequence[Process]

    @property
    def count(self) -> int:
        return len(self.current) + len(self.behind)

    @property
    def is_complete(self) -> bool:
        """Whether every process uses the version."""
        return bool(self.current) and not self.behind

    @property
    def last_switch_at(self) -> datetime | None:
        """When the last process began to use the version."""
        return max((process.since for process in self.current), default=None)


def of(*, prompt: Prompt, label: str, number: int) -> Fleet:
    """Return the processes that were heard of lately, split into those that use version `number` and the others."""
    key = _key(prompt.name, label)
    rows = (
        PromptProcess.objects.filter(
            project_id=prompt.project_id, seen_at__gt=timezone.now() - ALIVE, serves__has_key=key
        )
        # Only the part about this prompt: a process may serve many.
        .annotate(use=KeyTransform(key, "serves"))
        .order_by("host", "process_id")
        .values_list("host", "process_id", "sdk", "use", "seen_at")[:MAX_SHOWN]
    )
    found = [
        Process(host, process_id, sdk, int(use[0]), datetime.fromtimestamp(float(use[1]), UTC), seen_at)
        for host, process_id, sdk, use, seen_at in rows
    ]
    return Fleet(
        label=label,
        number=number,
        current=[process for process in found if process.version == number],
        behind=sorted((process for process in found if process.version != number), key=lambda process: process.since),
    )


def _key(name: str, label: str) -> str:
    # A label has no @, so two different pairs never make the same key.
    return f"{label}@{name}"
