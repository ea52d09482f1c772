"""Small edits of a prompt, as a model suggests them: each replaces one passage of one message, or adds to its end."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evals.errors import EvalsError
from prompt_registry.contents import TEXT, Message, PromptContent


class EditNotUsable(EvalsError):
    """The edit does not fit the text of the prompt."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands in the text, what shall stand there instead, and why; without a passage it is added to the end."""

    place: int
    find: str
    replacement: str
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Edits that belong together, what they are about, and what they may do besides."""

    title: str
    edits: tuple[Edit, ...]
    side_effect: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"title": self.title, "side_effect": self.side_effect, "edits": [edit.to_json() for edit in self.edits]}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Candidate:
        return cls(raw["title"], tuple(Edit(**edit) for edit in raw["edits"]), raw["side_effect"])


def parts_of(content: PromptContent) -> dict[int, str]:
    """Return the texts that can be edited, by their place; the place of a text prompt is 0."""
    if content.type == TEXT:
        return {0: content.text}
    return {place: one.content for place, one in enumerate(content.messages) if isinstance(one, Message)}


def apply(content: PromptContent, edits: Iterable[Edit]) -> PromptContent:
    """Return the prompt with these edits, or raise EditNotUsable; every passage is looked for in the text as it was."""
    parts, by_place = parts_of(content), dict[int, list[Edit]]()
    for edit in edits:
        if edit.place not in parts:
            raise EditNotUsable("It changes a part that the prompt does not have.")
        by_place.setdefault(edit.place, []).append(edit)
    changed = {place: _changed(parts[place], found) for place, found in by_place.items()}
    if content.type == TEXT:
        return replace(content, text=changed.get(0, content.text)).settled()
    messages = tuple(
        replace(one, content=changed[place]) if isinstance(one, Message) and place in changed else one
        for place, one in enumerate(content.messages)
    )
    return replace(content, messages=messages).settled()


def _changed(text: str, edits: Sequence[Edit]) -> str:
    spots = sorted(((*_spot(text, edit), order, edit) for order, edit in enumerate(edits)), key=lambda spot: spot[:3])
    for (_, end, *_), (start, *_) in itertools.pairwise(spots):
        if start < end:
            raise EditNotUsable("Two of its edits change the same words.")
    for start, end, _, edit in reversed(spots):
        text = text[:start] + (edit.replacement if edit.find else _added(text[:start], edit)) + text[end:]
    return text


def _spot(text: str, edit: Edit) -> tuple[int, int]:
    if not edit.find:
        return len(text), len(text)
    if text.count(edit.find) != 1:
        often = "more than once" if edit.find in text else "nowhere"
        raise EditNotUsable(f"The words that it changes stand {often} in the prompt.")
    start = text.index(edit.find)
    return start, start + len(edit.find)


def _added(before: str, edit: Edit) -> str:
    return edit.replacement if not before or before.endswith("\n") else f"\n{edit.replacement}"
