"""What a trial asks, as plain values: its inputs, its variants, and the messages that one of each makes."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from prompt_registry import contents, rendering, texts
from prompt_registry.contents import CHAT, ROLES, PromptContent
from prompt_registry.errors import PromptRegistryError
from prompt_registry.providers.values import ModelSettings

SAMPLE = "sample"
CALL = "call"
ITEM = "item"
DRAFT = "draft"
VERSION = "version"
MAX_ROWS = 50
MAX_COLUMNS = 6
MAX_CELLS = 120
LETTERS = string.ascii_uppercase


class BlanksMissing(PromptRegistryError):
    """Some blanks have no value."""

    def __init__(self, names: tuple[str, ...]) -> None:
        which = ", ".join(f"«{name}»" for name in names[:8])
        noun, verb = ("Blank", "has") if len(names) == 1 else ("Blanks", "have")
        super().__init__(f"{noun} {which} {verb} no value in this input. Fill it in, or remove it from the prompt.")
        self.names = names


@dataclass(frozen=True, slots=True)
class TrialInput:
    """One row: the values of the blanks, where they come from, and what the application got for them, or should get."""

    values: Mapping[str, str]
    source: str = SAMPLE
    trace_id: str = ""
    answer: str = ""
    is_disliked: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "values": dict(self.values), "source": self.source, "trace_id": self.trace_id, "answer": self.answer,
            "is_disliked": self.is_disliked,
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> TrialInput:
        return cls(**raw)

    @property
    def is_item(self) -> bool:
        """Whether this is an item of a dataset: its answer is what is expected."""
        return self.source == ITEM

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Return the values to read: a recorded conversation as its messages, and nothing for an empty one."""
        found = []
        for name, value in self.values.items():
            messages = conversation_in(value)
            if messages is None:
                found.append((name, value))
            elif messages:
                found.append((name, "\n".join(f"{ROLES[one['role']]}: {one['content']}" for one in messages)))
        return found

    def cleaned(self) -> TrialInput:
        """Return the input as the database can keep it."""
        values = {texts.clean(name): texts.clean(value) for name, value in self.values.items()}
        return replace(self, values=values, answer=texts.clean(self.answer))


@dataclass(frozen=True, slots=True)
class Variant:
    """One column: a text of the prompt, and who is asked with it."""

    kind: str
    number: int
    is_live: bool
    content: Mapping[str, Any]
    connection_id: int
    connection_name: str
    model: str
    is_simulated: bool

    @property
    def title(self) -> str:
        if self.kind == DRAFT:
            return "My draft"
        return f"v{self.number} live" if self.is_live else f"v{self.number}"

    @property
    def prompt_content(self) -> PromptContent:
        return contents.read(self.content)[0]

    @property
    def settings(self) -> ModelSettings:
        """The settings of the text, with the model that is really asked."""
        return replace(ModelSettings.from_mapping(self.prompt_content.settings.to_json()), model=self.model)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Variant:
        return cls(**raw)


def letter(column: int) -> str:
    """Return what a column is called: A, B, C …"""
    return LETTERS[column % len(LETTERS)]


def missing_of(content: PromptContent, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the blanks that must be filled and are not."""
    return tuple(one.name for one in content.variables if one.required and one.name not in values)


def conversation_in(value: str) -> list[dict[str, str]] | None:
    """Return the messages that a recorded value holds as JSON, or None when it is no conversation."""
    if not value.startswith("["):
        return None
    try:
        items = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(item, dict) and item.get("role") in ROLES for item in items):
        return None
    return [{"role": item["role"], "content": rendering.stringify(item.get("content"))} for item in items]


def messages_of(content: PromptContent, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what the model is asked; BlanksMissing instead of a question with holes in it."""
    if missing := missing_of(content, values):
        raise BlanksMissing(missing)
    whole: dict[str, Any] = {variable.name: "" for variable in content.variables} | dict(values)
    if content.type == CHAT:
        whole |= {name: conversation_in(values.get(name, "")) or [] for name in content.placeholders}
        return rendering.render_messages([message.to_json() for message in content.messages], whole).messages
    return [{"role": "user", "content": rendering.render_text(content.text, whole).text}]
