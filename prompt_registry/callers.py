"""Who calls a prompt: asked of the layer above before every publish, so that no road can forget to look."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from projects.models import Project
from prompt_registry.models import Prompt

WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Caller:
    """One application that called the prompt in the last 24 hours; `variables` is None when it does not say."""

    service: str
    call_count: int
    variables: frozenset[str] | None = None
    environments: tuple[str, ...] = ()

    def lacks(self, blank: str) -> bool:
        """Tell whether the application is known not to fill this blank."""
        return self.variables is not None and blank not in self.variables


@dataclass(frozen=True, slots=True)
class Traffic:
    """The calls of some versions of a prompt in the last 24 hours; the means are None without calls."""

    callers: tuple[Caller, ...] = ()
    call_count: int = 0
    input_tokens: float | None = None
    output_tokens: float | None = None
    cost_usd: float | None = None
    model: str = ""
    # Of the longest question that was asked; None when no call says.
    longest_input_tokens: int | None = None


NONE = Traffic()
# Takes the project, the prompt's name and the numbers of the versions that matter.
Finder = Callable[[Project, str, Collection[int]], Traffic]


def _nobody(project: Project, prompt_name: str, versions: Collection[int]) -> Traffic:
    """In a process that records no calls."""
    return NONE


_finder: Finder = _nobody


def connect(finder: Finder) -> None:
    """Say how callers are found; the layer that knows the calls does that when the process starts."""
    global _finder
    _finder = finder


def of(*, prompt: Prompt, label: str) -> Traffic:
    """Return who called the versions that were live behind the label in the last 24 hours."""
    numbers = _live_lately(prompt, label)
    return _finder(prompt.project, prompt.name, numbers) if numbers else NONE


def _live_lately(prompt: Prompt, label: str) -> set[int]:
    """Return the versions that a process may still serve: a call carries the number of the one it was made with."""
    moves = prompt.label_moves.filter(label=label)
    since = timezone.now() - WINDOW
    recent = moves.filter(moved_at__gte=since).values_list("from_version__number", "to_version__number")
    current = prompt.labels.filter(name=label).values_list("version__number", flat=True)
    return {number for pair in recent for number in pair if number} | set(current)
