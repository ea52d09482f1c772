"""Where the evidence of findings stands in the texts of a page; places that do not fit are left out, never trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """What made a detector speak: the words themselves, where they stand in the text of a part, and why."""

    part: str
    start: int
    end: int
    why: str
    # The whole text that the places count in, as the detector read it.
    text: str

    @property
    def quote(self) -> str:
        """The words, or nothing when the place does not fit the text."""
        return self.text[self.start : self.end] if 0 <= self.start < self.end <= len(self.text) else ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a text; with a reason when a detector pointed at it."""

    text: str
    why: str = ""


def stretches(shown: str, evidence: Iterable[Evidence]) -> list[Stretch]:
    """Return the text cut where evidence begins and ends; nothing when no evidence stands in it."""
    places = sorted(place for one in evidence if (place := _place(shown, one)))
    found: list[Stretch] = []
    at = 0
    for start, end, why in places:
        if end <= at:
            continue
        start = max(start, at)
        if start > at:
            found.append(Stretch(shown[at:start]))
        found.append(Stretch(shown[start:end], why))
        at = end
    if not found:
        return []
    return [*found, Stretch(shown[at:])] if at < len(shown) else found


def _place(shown: str, one: Evidence) -> tuple[int, int, str] | None:
    """Return where the words stand in what is shown: by the text around them, else wherever they first occur."""
    quote = one.quote
    if not quote or not shown:
        return None
    if (offset := _offset(shown, one.text)) is not None:
        start, end = max(0, one.start + offset), min(len(shown), one.end + offset)
        return (start, end, one.why) if start < end else None
    at = shown.find(quote)
    return (at, at + len(quote), one.why) if at >= 0 else None


def _offset(shown: str, text: str) -> int | None:
    """Return by how much places in the whole text move to be places in what is shown, when one holds the other."""
    inside = shown.find(text)
    if inside >= 0:
        return inside
    around = text.find(shown)
    return -around if around >= 0 else None


def of_part(evidence: Sequence[Evidence], *parts: str) -> list[Evidence]:
    """Return the evidence that stands in one of the parts."""
    return [one for one in evidence if one.part in parts]
