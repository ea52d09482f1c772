"""A prompt as the application holds it: one immutable version that can be filled in."""

import copy
import logging
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Final, Generic, Literal, Self, TypeVar, cast

from callboard import rendering
from callboard.contexts import AMBIENT, PromptLink, Scope, entered_span
from callboard.errors import MissingVariables, PromptError
from callboard.kinds import RUNS_ON_PROMPT
from callboard.notices import notice

PromptType = Literal["text", "chat"]
Source = Literal["memory", "disk", "server", "fallback", "missing"]
# Any: every provider's library has its own type for a message.
Messages = list[Any]
CompiledT = TypeVar("CompiledT", covariant=True)
_MAX_VARIABLE_CHARACTERS: Final = 8_000
_REMEMBERED: Final = 8


@dataclass(frozen=True, slots=True)
class Compilation:
    """One filling-in of a prompt: the values used, as text, and the variables without one."""

    prompt: "Prompt[Any]"
    values: Mapping[str, Any]
    missing: tuple[str, ...]


# Per thread and task, so that a prompt shared by many requests never lends one the variables of another.
_recent: ContextVar[tuple[Compilation, ...]] = ContextVar("callboard_recent_compilations", default=())


@dataclass(frozen=True, slots=True, eq=False)
class Prompt(Generic[CompiledT]):
    """One version of a prompt, or the fallback given for it, or (source `missing`) the reason why there is none."""

    name: str
    type: PromptType
    source: Source
    version: int | None = None
    label: str | None = None
    labels: tuple[str, ...] = ()
    content_hash: str | None = None
    note: str = ""
    # Set when Callboard says that the prompt was deleted; the last known copy is served for a while.
    deleted: bool = False
    error: PromptError | None = None
    rollout_id: str | None = None
    arm: str | None = None
    # The place of the unit in the rollout, which says nothing about who it is.
    rollout_bucket: int | None = None
    strict: bool = False
    template_text: str | None = None
    template_messages: tuple[Mapping[str, Any], ...] = ()
    template_settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str | None:
        """The text with its variables still in it; None for a chat prompt."""
        return self.template_text

    @property
    def messages(self) -> Messages:
        """The messages with their variables still in them; empty for a text prompt."""
        return copy.deepcopy(list(self.template_messages))

    @property
    def settings(self) -> dict[str, Any]:
        """The model settings that were published with this version."""
        return copy.deepcopy(dict(self.template_settings))

    @property
    def config(self) -> dict[str, Any]:
        """The model settings, by the name other SDKs use."""
        return self.settings

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables and placeholders in the prompt."""
        if self.type == "text":
            return rendering.variables_in([self.template_text or ""])
        return rendering.variables_of(self.template_messages)

    @property
    def is_fallback(self) -> bool:
        """Whether this is the fallback that the application gave."""
        return self.source == "fallback"

    @property
    def missing(self) -> tuple[str, ...]:
        """The variables that had no value when this thread or task last compiled the prompt."""
        compilation = self._last_compilation()
        return compilation.missing if compilation is not None else ()

    def compile(self, /, **values: Any) -> CompiledT:
        """Return the text, or the list of messages, with the variables filled in.

        A variable without a value stays as it is and is listed in `missing`. Raises only when the prompt was fetched
        with `strict=True`.
        """
        if self.error is not None:
            return cast("CompiledT", self._compile_nothing())
        try:
            compiled, missing = self._render(values)
        except Exception as error:
            if self.strict:
                raise
            notice(f"compile {self.name}", "callboard: prompt %s was left as it is: %s", self.name, error, error=True)
            compiled, missing = self._as_published(), self.variables
        if missing and self.strict:
            raise MissingVariables(f"Prompt {self.name} has no value for: {', '.join(missing)}.")
        _recent.set((Compilation(self, values, missing), *_recent.get()[: _REMEMBERED - 1]))
        return cast("CompiledT", compiled)

    def used(self) -> "UsedPrompt":
        """Return a `with` block whose model calls are linked to this version."""
        return UsedPrompt(self)

    def link(self) -> PromptLink:
        """Return what a call made with this prompt records about it."""
        compilation = self._last_compilation()
        variables: dict[str, str] = {}
        if compilation is not None:
            variables = {name: _as_text(value) for name, value in compilation.values.items()}
        return PromptLink(
            name=self.name,
            version=self.version,
            content_hash=self.content_hash,
            source=self.source,
            label=self.label,
            variables=variables,
            rollout_id=self.rollout_id,
            arm=self.arm,
            rollout_bucket=self.rollout_bucket,
        )

    def changed(self, **changes: Any) -> Self:
        """Return a copy with other facts."""
        return replace(self, **changes)

    def _render(self, values: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        if self.type == "text":
            text = rendering.render_text(self.template_text or "", values)
            return text.text, text.missing
        chat = rendering.render_messages(self.template_messages, values)
        return chat.messages, chat.missing

    def _as_published(self) -> Any:
        if self.type == "text":
            return self.template_text or ""
        return [message for message in self.messages if not rendering.is_placeholder(message)]

    def _compile_nothing(self) -> Any:
        if self.strict:
            raise type(self.error)(str(self.error)) if self.error is not None else PromptError
        message = "callboard: prompt %s is empty: %s Give get() a fallback to go on in such a case."
        notice(f"empty {self.name}", message, self.name, self.error, level=logging.ERROR)
        return "" if self.type == "text" else []

    def _last_compilation(self) -> Compilation | None:
        return next((found for found in _recent.get() if found.prompt is self), None)


class UsedPrompt:
    """A `with` block whose model calls are linked to a prompt version."""

    __slots__ = ("_prompt", "_scope")

    def __init__(self, prompt: Prompt[Any]) -> None:
        self._prompt = prompt
        self._scope: Scope[Any] | None = None

    def __enter__(self) -> Prompt[Any]:
        link = self._prompt.link()
        active = entered_span()
        if active is not None and active.prompt is None and active.kind in RUNS_ON_PROMPT:
            active.prompt = link
        self._scope = Scope(AMBIENT, replace(AMBIENT.get(), prompt=link))
        self._scope.__enter__()
        return self._prompt

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._scope is not None:
            self._scope.__exit__(kind, error, trace)


def from_payload(payload: Mapping[str, Any], *, label: str | None, source: Source) -> Prompt[Any]:
    """Return the prompt in a server answer or stored copy; raises ValueError when it is not one."""
    try:
        kind: PromptType = "chat" if payload["type"] == "chat" else "text"
        text = payload.get("text") if kind == "text" else None
        messages: Sequence[Mapping[str, Any]] = payload.get("messages") or () if kind == "chat" else ()
        if kind == "text" and not isinstance(text, str):
            raise ValueError("the text is missing")
        return Prompt(
            name=str(payload["name"]),
            type=kind,
            source=source,
            version=int(payload["version"]),
            label=label,
            labels=tuple(str(name) for name in payload.get("labels") or ()),
            content_hash=payload.get("content_hash"),
            note=str(payload.get("note") or ""),
            template_text=text,
            template_messages=tuple(dict(message) for message in messages),
            template_settings=dict(payload.get("settings") or {}),
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a prompt: {error!r}") from error


def from_fallback(name: str, fallback: str | Sequence[Mapping[str, Any]], *, strict: bool) -> Prompt[Any]:
    """Return the prompt that the application brought itself."""
    if isinstance(fallback, str):
        return Prompt(name=name, type="text", source="fallback", template_text=fallback, strict=strict)
    messages = tuple(dict(message) for message in fallback)
    return Prompt(name=name, type="chat", source="fallback", template_messages=messages, strict=strict)


def absent(name: str, error: PromptError, *, type: PromptType | None, strict: bool) -> Prompt[Any]:
    """Return the prompt that stands for `there is none`, with the reason in `error`."""
    return Prompt(name=name, type=type or "text", source="missing", error=error, strict=strict)


def _as_text(value: Any) -> str:
    try:
        return rendering.stringify(value)[:_MAX_VARIABLE_CHARACTERS]
    except Exception:  # a value of the host that has no text form
        return ""
