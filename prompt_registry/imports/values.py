"""What readers of foreign files take and return."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_PROMPTS = 5_000
MAX_REMARKS = 12
_ENDINGS = re.compile(r"(?:\.(?:md|markdown|txt|prompt|json|jsonl|ya?ml|csv))+$", re.IGNORECASE)
_NO_NAME = "imported-prompt"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as somebody uploaded it, or a text that was pasted."""

    name: str
    text: str

    @property
    def prompt_name(self) -> str:
        """What a prompt is called when nothing in the file says so."""
        bare = _ENDINGS.sub("", self.name.replace("\\", "/").replace("|", "-")).strip("/ .")
        return bare or _NO_NAME


@dataclass(frozen=True, slots=True)
class FoundPrompt:
    """One version of a prompt in a file: in the shape of the API, with a sentence for all that changed on the way."""

    name: str
    document: Mapping[str, Any]
    note: str = ""
    tags: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that was found in some files, and what could not be read."""

    prompts: list[FoundPrompt] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def __add__(self, other: Reading) -> Reading:
        return Reading(self.prompts + other.prompts, self.remarks + other.remarks)


def as_text(value: object) -> str:
    """Return the text, and nothing for anything that is no text."""
    return value if isinstance(value, str) else ""


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return the mapping, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: object) -> Sequence[Any]:
    """Return the list, and an empty one for anything else."""
    return value if isinstance(value, list | tuple) else ()


def short(text: object, length: int = 60) -> str:
    """Return the beginning of a text, on one line, to be quoted in a sentence."""
    flat = " ".join(str(text)[: 4 * length].split())
    return flat if len(flat) <= length else f"{flat[:length]}…"


def distinct(remarks: Sequence[str]) -> tuple[str, ...]:
    """Return each remark once, and not more of them than anybody reads."""
    once = list(dict.fromkeys(remarks))
    left_over = len(once) - MAX_REMARKS
    return tuple([*once[:MAX_REMARKS], f"{left_over} more remarks of this kind."] if left_over > 0 else once)
