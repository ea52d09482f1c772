"""Prompts inside prompts: `@@@langfusePrompt:name=X|version=3@@@` stands for the text of another prompt."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prompt_registry.models import PRODUCTION
from prompt_registry.rendering import MAX_OUTPUT_BYTES, utf8_length

Item = dict[str, Any]
Fetch = Callable[["Reference"], Item | None]

_TAG = re.compile(r"@@@langfusePrompt:([^@\n]{1,400})@@@")
_MAX_NESTING = 5


class NotComposable(Exception):
    """A prompt inside this prompt cannot be filled in."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Which prompt a tag means."""

    name: str
    version: int | None = None
    label: str = PRODUCTION


class Composer:
    """Fills in one answer, and remembers what stands in what."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._texts: dict[Reference, str] = {}
        self._items: dict[Reference, Item] = {}
        self._bytes = 0
        self.dependencies: dict[str, list[Item]] = {}

    def filled(self, text: str, *, inside: tuple[Item, ...]) -> str:
        """Return the text with every tag replaced; raises NotComposable when that is impossible."""
        return _TAG.sub(lambda match: self._counted(match, self._replacement(match, inside)), text)

    def _replacement(self, match: re.Match[str], inside: tuple[Item, ...]) -> str:
        reference = parse(match[1])
        if reference is None:
            return match[0]
        if len(inside) > _MAX_NESTING:
            raise NotComposable(f"Prompts stand inside each other more than {_MAX_NESTING} levels deep.")
        item = self._item(reference)
        if any(_key(outer) == _key(item) for outer in inside):
            raise NotComposable(f"The prompt «{item['name']}» stands inside itself.")
        self._note(inside[-1], item)
        # The same prompt may stand at several depths, so what it holds is checked on each way but counted as text.
        if reference not in self._texts or "@@@langfusePrompt:" in item["text"]:
            self._texts[reference] = self.filled(item["text"], inside=(*inside, item))
        return self._texts[reference]

    def _item(self, reference: Reference) -> Item:
        if reference not in self._items:
            item = self._fetch(reference)
            which = f"version {reference.version}" if reference.version else f"label «{reference.label}»"
            if item is None:
                raise NotComposable(f"It contains the prompt «{reference.name}», which has no {which}.")
            if item["type"] != "text":
                raise NotComposable(f"It contains the prompt «{reference.name}», which is a chat; only texts can be.")
            self._items[reference] = item
        return self._items[reference]

    def _note(self, outer: Item, item: Item) -> None:
        found = self.dependencies.setdefault(id_of(outer), [])
        if all(_key(known) != _key(item) for known in found):
            found.append({"id": id_of(item), "name": item["name"], "version": item["version"]})

    def _counted(self, match: re.Match[str], text: str) -> str:
        # The tag counts as well: thousands of tags for a prompt of one letter are work too.
        self._bytes += len(match[0]) + utf8_length(text)
        if self._bytes > MAX_OUTPUT_BYTES:
            raise NotComposable("With the prompts it contains it is larger than 4 MiB.")
        return text


def parse(inner: str) -> Reference | None:
    """Return what a tag refers to, or None when it is no such tag and stays as it is."""
    fields = dict(part.partition("=")[::2] for part in inner.split("|"))
    name, version, label = (fields.get(key, "").strip() for key in ("name", "version", "label"))
    if not name or set(fields) - {"name", "version", "label"} or bool(version) == bool(label):
        return None
    if version:
        return Reference(name, version=int(version), label="") if version.isdecimal() and len(version) < 10 else None
    return Reference(name, label=label)


def id_of(item: Item) -> str:
    """Return the id under which Langfuse's clients see a prompt version."""
    return f"{item['name']}:{item['version']}"


def _key(item: Item) -> tuple[str, int]:
    return item["name"], item["version"]
