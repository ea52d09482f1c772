"""The prompt a call was made with: its version in the registry and the values that the application filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.models import Span
from monitoring.trace_messages import loaded
from prompt_registry import contents, rendering
from prompt_registry.contents import Placeholder
from prompt_registry.errors import RenderingError
from prompt_registry.models import PromptVersion

VARIABLE_PREFIX = "gen_ai.prompt.variable."
# OpenInference and OpenLLMetry send all of them as one object.
_VARIABLE_OBJECTS = ("llm.prompt_template.variables", "traceloop.prompt.template_variables")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a filled prompt: plain text, or the value of the blank `name`; equal names share a number."""

    text: str
    name: str = ""
    number: int = 0
    is_missing: bool = False

    @property
    def colour(self) -> int:
        """One of four colours, the same for every place of a blank."""
        return (self.number - 1) % 4 + 1


@dataclass(frozen=True, slots=True)
class FilledMessage:
    """One message of the version with its blanks filled in; `inserted` names messages the application put there."""

    role: str
    stretches: list[Stretch]
    inserted: str = ""


@dataclass(frozen=True, slots=True)
class SentPrompt:
    """What was asked of the model, as far as it came from the registry."""

    name: str
    number: int
    variables: dict[str, str]
    version: PromptVersion | None
    messages: list[FilledMessage]


def of_call(span: Span) -> SentPrompt | None:
    """Return the prompt that a call names, or None when it names none; the version may be unknown to the registry."""
    if not span.prompt_name:
        return None
    variables = variables_of(span)
    versions = PromptVersion.objects.filter(
        project_id=span.project_id, prompt__name=span.prompt_name, number=span.prompt_version
    )
    version = versions.select_related("prompt").first()
    messages = _filled(version, variables) if version else []
    return SentPrompt(span.prompt_name, span.prompt_version, variables, version, messages)


def variables_of(span: Span) -> dict[str, str]:
    """Return the values that the application filled into the prompt's blanks."""
    attributes = span.attribute_values()
    told = {
        key.removeprefix(VARIABLE_PREFIX): value for key, value in attributes.items() if key.startswith(VARIABLE_PREFIX)
    }
    for name in _VARIABLE_OBJECTS:
        value = attributes.get(name)
        inside = loaded(value) if isinstance(value, str) else value
        if not told and isinstance(inside, dict):
            told = inside
    return {str(name): rendering.stringify(value) for name, value in told.items()}


def _filled(version: PromptVersion, values: Mapping[str, str]) -> list[FilledMessage]:
    content = contents.of_version(version)
    names = rendering.variables_in(content.texts)
    numbers = {name: index for index, name in enumerate(names, start=1)}
    if not content.messages:
        return [FilledMessage("user", _stretches(content.text, values, numbers))]
    return [
        FilledMessage("", [], inserted=message.name)
        if isinstance(message, Placeholder)
        else FilledMessage(message.role, _stretches(message.content, values, numbers))
        for message in content.messages
    ]


def _stretches(template: str, values: Mapping[str, str], numbers: Mapping[str, int]) -> list[Stretch]:
    try:
        pieces = rendering.pieces_of(template, values)
    except RenderingError:
        return [Stretch(template)]
    return [Stretch(piece.text, piece.name, numbers.get(piece.name, 0), piece.is_missing) for piece in pieces]
