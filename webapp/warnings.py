"""What everybody, or the owners of the installation, must know on every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitoring import canary
from monitoring.canary import Word
from webapp import disk, formats
from webapp.disk import Tier


@dataclass(frozen=True, slots=True)
class Warning:
    """One sentence above the page."""

    kind: str
    text: str


def for_person(user: Any) -> list[Warning]:
    """Return the warnings that concern this person."""
    found = _about_writing()
    if getattr(user, "is_owner", False):
        found += _about_disk() + _about_canary()
    return found


def _about_writing() -> list[Warning]:
    if disk.guard.tier is not Tier.READ_ONLY:
        return []
    sentence = "The server's disk is full: you can read everything, but nothing can be changed or recorded until space is freed."
    return [Warning("bad", sentence)]


def _about_disk() -> list[Warning]:
    left = f"The server's disk has only {disk.guard.in_words()}."
    if disk.guard.tier is Tier.NO_INGEST:
        return [Warning("bad", f"{left} New calls are refused; applications keep them and try again.")]
    if disk.guard.tier is Tier.LOW:
        return [Warning("warn", f"{left} Below 5 % new calls are refused.")]
    return []


def _about_canary() -> list[Warning]:
    state = canary.state()
    if state.word is not Word.OLD:
        return []
    since = f"for {formats.duration_seconds(state.age_seconds)}" if state.age_seconds is not None else "yet"
    why = f" The last try: {state.last_run.error}" if state.last_run and state.last_run.error else ""
    advice = "" if why else " Check that the worker and beat run: «callboard server-check»."
    return [Warning("warn", f"Callboard's own test call has not gone the whole way {since}.{why}{advice}")]
