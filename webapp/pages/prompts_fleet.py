"""The line that says how many running processes use what was published, and which ones do not yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from prompt_registry import fleet
from prompt_registry.fleet import Fleet, Process
from prompt_registry.models import PRODUCTION, Label, Prompt

SOON_SECONDS, LATER_SECONDS = 2, 20
MAX_LISTED = 4
# Until then a process is not late: the news is on its way.
_ON_ITS_WAY = timedelta(seconds=10)
_RECENT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Line:
    """One place where a version is live, with the processes that use it."""

    live: Label
    fleet: Fleet
    age: timedelta

    @property
    def is_production(self) -> bool:
        return self.live.name == PRODUCTION

    @property
    def late(self) -> Sequence[Process]:
        """The processes that should use the version by now and do not, those that are behind longest first."""
        return self.fleet.behind[:MAX_LISTED] if self.age > _ON_ITS_WAY else ()

    @property
    def unlisted(self) -> int:
        return len(self.fleet.behind) - len(self.late) if self.late else 0

    @property
    def is_moving(self) -> bool:
        """Whether the numbers may change within seconds."""
        return bool(self.fleet.behind) or self.age < _RECENT


def lines_of(prompt: Prompt, labels: Iterable[Label]) -> list[Line]:
    """Return a line for every place where a version is live; outside production only where somebody uses it."""
    now = timezone.now()
    lines = [
        Line(label, fleet.of(prompt=prompt, label=label.name, number=label.version.number), now - label.updated_at)
        for label in labels
    ]
    return [line for line in lines if line.is_production or line.fleet.count]


def seconds_until_next(lines: Iterable[Line]) -> int:
    """Return after how long the page should look again."""
    return SOON_SECONDS if any(line.is_moving for line in lines) else LATER_SECONDS
