"""Reads and writes the tags that stand for a snippet: `@@@prompt:name=refund-rules|label=production@@@`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prompt_registry.models import LATEST, PRODUCTION
from prompt_registry.names import MAX_LENGTH

# Langfuse's word is read as well, so that prompts can be copied from there as they are.
TAG = re.compile(r"@@@(?:prompt|langfusePrompt):((?:[^@\n]|@(?!@@)){1,400})@@@")
_LABEL = re.compile(r"(?=.*[a-z])[a-z0-9_.-]{1,36}")
_KEYS = frozenset({"name", "version", "label"})
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """Which version of which prompt a tag means: the one with this number, or else the one that the label points to."""

    name: str
    label: str = PRODUCTION
    version: int = 0

    @property
    def where(self) -> str:
        """The place in words, as people read it behind «Snippet x is not …»."""
        if self.version:
            return f"version {self.version}"
        return "the newest version" if self.label == LATEST else self.label


def parse(inner: str) -> Reference | None:
    """Return what the inside of a tag refers to, or None when it is no such tag and stays as it is."""
    fields = dict(part.partition("=")[::2] for part in inner.split("|"))
    name, version, label = (fields.get(key, "").strip() for key in ("name", "version", "label"))
    if not 0 < len(name) <= MAX_LENGTH or fields.keys() - _KEYS or bool(version) == bool(label):
        return None
    if label:
        return Reference(name, label=label) if _LABEL.fullmatch(label) else None
    is_number = version.isascii() and version.isdecimal() and len(version) <= _MAX_DIGITS and int(version) > 0
    return Reference(name, label="", version=int(version)) if is_number else None


def tag_of(reference: Reference) -> str:
    """Return the tag that stands for a snippet in a text."""
    where = f"version={reference.version}" if reference.version else f"label={reference.label}"
    return f"@@@prompt:name={reference.name}|{where}@@@"


def found_in(texts: Iterable[str]) -> list[Reference]:
    """Return what the tags of the texts refer to, each once, in order of appearance."""
    inside = (match[1] for text in texts if "@@@" in text for match in TAG.finditer(text))
    return list(dict.fromkeys(reference for inner in inside if (reference := parse(inner))))


def unreadable_in(texts: Iterable[str]) -> list[str]:
    """Return the tags that name no snippet, each once: they would go to the model as they are."""
    matches = (match for text in texts if "@@@" in text for match in TAG.finditer(text))
    return list(dict.fromkeys(match[0] for match in matches if parse(match[1]) is None))
