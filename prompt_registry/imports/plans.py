"""Decides what each prompt in a file becomes: a new prompt, a new version, nothing because it is there, or nothing at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from projects.models import Project
from prompt_registry import contents, names, texts, versions
from prompt_registry.contents import PromptContent
from prompt_registry.errors import ContentNotUsable, NameNotUsable
from prompt_registry.imports.values import FoundPrompt
from prompt_registry.models import Prompt, PromptVersion


class Becomes(StrEnum):
    """What an entry of a file becomes."""

    NEW_PROMPT = "new prompt"
    NEW_VERSION = "new version"
    SAME = "same already"
    NOTHING = "cannot be taken"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a file, and what importing it does."""

    number: int
    name: str
    becomes: Becomes
    reason: str = ""
    content: PromptContent | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    prompt: Prompt | None = None

    @property
    def key(self) -> str:
        """What a form sends to choose this line: another content at the same place is another line."""
        return f"{self.number}-{self.content.hash[:16] if self.content else ''}"

    @property
    def can_be_taken(self) -> bool:
        return self.becomes in (Becomes.NEW_PROMPT, Becomes.NEW_VERSION)


@dataclass(slots=True)
class _Known:
    """What a project has under a name: the prompt, its versions by hash, and what its blanks mean."""

    prompt: Prompt | None = None
    type: str = ""
    numbers: dict[str, int] = field(default_factory=dict)
    variables: list[dict[str, Any]] = field(default_factory=list)


def plan(*, project: Project, found: Sequence[FoundPrompt], fallback_note: str = "") -> list[Line]:
    """Return a line for each entry, in order; entries of the same name become versions of one prompt."""
    known = _known(project, {_tidy(one.name) for one in found})
    return [_line(number, one, known, fallback_note) for number, one in enumerate(found, 1)]


def _line(number: int, one: FoundPrompt, known: dict[str, _Known], fallback_note: str) -> Line:
    name = _tidy(one.name)
    here = known[name]
    line = Line(number, name or "(no name)", Becomes.NOTHING, prompt=here.prompt, remarks=one.remarks)
    try:
        names.clean(name)
        content = contents.parse({**one.document, "variables": one.document.get("variables") or here.variables})
        key = content.hash
    except (NameNotUsable, ContentNotUsable) as error:
        return replace(line, reason=str(error))
    except ValueError:
        return replace(line, reason="A number in its settings is too large.")
    line = replace(line, content=content)
    if why := _obstacle(here, content):
        return replace(line, reason=why)
    if key in here.numbers:
        number_here = here.numbers[key]
        reason = f"v{number_here} says the same." if number_here else "It stands further up in this file as well."
        return replace(line, becomes=Becomes.SAME, reason=reason)
    is_new = not here.type
    here.numbers[key], here.type = 0, content.type
    note = texts.clean(one.note).strip()[: versions.MAX_NOTE] or fallback_note
    becomes = Becomes.NEW_PROMPT if is_new else Becomes.NEW_VERSION
    return replace(line, becomes=becomes, note=note, tags=one.tags if is_new else ())


def _obstacle(here: _Known, content: PromptContent) -> str:
    prompt = here.prompt
    if prompt is not None and (prompt.archived_at or prompt.deleted_at):
        return "It is in the archive. Bring it back from there, then import again."
    if here.type and here.type != content.type:
        kinds = {"text": "a text", "chat": "a chat"}
        return (
            f"It is {kinds[here.type]} here and {kinds[content.type]} in the file. A prompt stays what it was made as."
        )
    return ""


def _known(project: Project, wanted: set[str]) -> dict[str, _Known]:
    found: dict[str, _Known] = defaultdict(_Known)
    by_key: dict[int, _Known] = {}
    for prompt in Prompt.objects.for_project(project).filter(name__in=wanted):
        by_key[prompt.pk] = found[prompt.name] = _Known(prompt=prompt, type=prompt.type)
    stored = PromptVersion.objects.filter(prompt__in=by_key).order_by("number")
    for prompt_id, number, content_hash in stored.values_list("prompt_id", "number", "content_hash"):
        by_key[prompt_id].numbers[content_hash] = number
    newest = stored.order_by("prompt_id", "-number").distinct("prompt_id")
    for prompt_id, variables in newest.values_list("prompt_id", "variables"):
        by_key[prompt_id].variables = variables
    return found


def _tidy(name: str) -> str:
    """Return the name as it would be stored; whether it can be used is another question."""
    try:
        return names.clean(name)
    except NameNotUsable:
        return texts.clean(name).strip()[:300]
