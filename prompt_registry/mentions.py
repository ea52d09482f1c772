"""Finds whom a text names with `@`: pure rules over the text and the people who can be named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be named: by name, by e-mail address, or by what stands before its `@`."""

    id: int
    name: str
    email: str

    @property
    def handles(self) -> tuple[str, str, str]:
        return self.name, self.email, self.email.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of the text, its `@` included, that names somebody."""

    start: int
    end: int
    user_id: int


def find(text: str, people: Sequence[Person]) -> list[Mention]:
    """Return who is named and where; the longest name that fits counts, and nobody whose name two people share."""
    by_handle = _unique_handles(people)
    lengths = sorted({len(handle) for handle in by_handle}, reverse=True)
    # Letters whose small form is longer would shift the places, so only such texts are compared as they are.
    small = text.lower() if len(text.lower()) == len(text) else text
    found: list[Mention] = []
    start = small.find("@")
    while start >= 0:
        mention = _at(small, start, by_handle, lengths)
        if mention is not None:
            found.append(mention)
        start = small.find("@", mention.end if mention else start + 1)
    return found


def handle_of(person: Person, people: Sequence[Person]) -> str:
    """Return what to write after `@` to name exactly this person."""
    by_handle = _unique_handles(people)
    return next((handle for handle in person.handles if by_handle.get(handle.lower()) == person.id), person.email)


def _unique_handles(people: Sequence[Person]) -> dict[str, int]:
    """Return whom each handle names; a name counts before an address, and that before the beginning of one."""
    owners: dict[str, set[int]] = {}
    for rank in range(3):
        found: dict[str, set[int]] = {}
        for person in people:
            if handle := person.handles[rank].lower():
                found.setdefault(handle, set()).add(person.id)
        owners = found | owners
    return {handle: next(iter(ids)) for handle, ids in owners.items() if len(ids) == 1}


def _at(text: str, start: int, by_handle: dict[str, int], lengths: Sequence[int]) -> Mention | None:
    if start and (text[start - 1].isalnum() or text[start - 1] in "._-+"):
        return None  # inside an e-mail address
    for length in lengths:
        end = start + 1 + length
        handle = text[start + 1 : end]
        if handle in by_handle and not _goes_on(text, end):
            return Mention(start, end, by_handle[handle])
    return None


def _goes_on(text: str, end: int) -> bool:
    rest = text[end : end + 2]
    return bool(rest) and (rest[0].isalnum() or rest[0] in "_@" or (rest[0] in ".-+" and rest[1:].isalnum()))
