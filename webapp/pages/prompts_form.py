"""The editor's form: how a prompt becomes fields, and fields become a prompt again, finished or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import orjson
from django.http import QueryDict

from prompt_registry import (
    blank_kinds,
    contents,
    context_checks,
    estimates,
    json_flaws,
    marks,
    model_settings,
    rendering,
)
from prompt_registry.blank_kinds import Kind
from prompt_registry.callers import Traffic
from prompt_registry.contents import CHAT, PLACEHOLDER_LABEL, ROLES, Placeholder, PromptContent, Variable
from prompt_registry.context_checks import Room
from prompt_registry.errors import Problem, RenderingError
from prompt_registry.estimates import Estimate, Expected
from prompt_registry.findings import Check
from prompt_registry.marks import Mark
from prompt_registry.rendering import Piece
from prompt_registry.snippets import Composed
from webapp.pages import prompts_margin
from webapp.pages.prompts_examples import MOST_CHARACTERS, Example
from webapp.pages.prompts_margin import Margin, Note

PLACEHOLDER = "placeholder"
MAX_CARDS = 200
MOST_NOTES = 12
TONES = 4
_MAX_NUMBER = 2**31 - 1
# Settings that most people change; the others wait behind «More settings».
_MAIN = ("model", "temperature", "max_tokens")
_CODE = ("tools", "response_schema", "custom")


@dataclass(frozen=True, slots=True)
class Card:
    """One message of the editor: who speaks and what."""

    role: str
    content: str
    problem: str = ""
    # The comments on it, and which message of the version it began as.
    notes: Sequence[Note] = ()
    origin: int | None = None

    @property
    def label(self) -> str:
        return PLACEHOLDER_LABEL if self.role == PLACEHOLDER else ROLES.get(self.role, self.role)


@dataclass(frozen=True, slots=True)
class Blank:
    """One blank with its colour and who fills it; one that is no longer in the text is kept for when it comes back."""

    variable: Variable
    tone: int
    is_used: bool = True
    is_known: bool = True
    senders: tuple[str, ...] = ()

    @property
    def choices(self) -> str:
        """The list to choose from as people type it."""
        return "\n".join(self.variable.choices)


@dataclass(frozen=True, slots=True)
class SettingField:
    """One model setting as a field, with what was typed into it."""

    name: str
    label: str
    help: str
    value: str
    problem: str = ""

    @property
    def is_long(self) -> bool:
        return self.name in ("stop", *_CODE)

    @property
    def is_code(self) -> bool:
        return self.name in _CODE


@dataclass(frozen=True, slots=True)
class Preview:
    """One message of the preview, its blanks filled; the end of an endless one is left out."""

    role: str
    label: str
    pieces: list[tuple[Piece, int]]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the editor knows beside the text: the blanks that applications fill, a real call, and what answers take."""

    known: frozenset[str] | None = None
    senders: Mapping[str, list[str]] = field(default_factory=dict)
    example: Example = field(default_factory=Example)
    expected: Expected = field(default_factory=Expected)
    # What was saved last, and how long the longest question of real calls was.
    saved: PromptContent | None = None
    longest_input_tokens: int | None = None
    margin: Margin = field(default_factory=Margin)


@dataclass(frozen=True)
class Editor:
    """Everything the editor shows of a prompt that is being written."""

    raw: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()
    # The same with its snippets filled in, where it has any.
    composed: Composed | None = None
    around: Surroundings = field(default_factory=Surroundings)

    @cached_property
    def content(self) -> PromptContent:
        return contents.read(self.raw)[0]

    @property
    def whole(self) -> PromptContent:
        """The content as the model reads it, the texts of snippets included."""
        return self.composed.content if self.composed else self.content

    @property
    def is_chat(self) -> bool:
        return self.raw.get("type") == CHAT

    @property
    def cards(self) -> list[Card]:
        """The messages, in order; a text prompt has one card without a role."""
        fields = [f"messages.{number}" for number in range(len(texts_of(self.raw)))] if self.is_chat else ["text"]
        margin = self.around.margin
        return [
            Card(*card, self._problem(field), margin.by_message.get(number, ()), margin.origins.get(number))
            for number, (card, field) in enumerate(zip(_cards(self.raw), fields, strict=True))
        ]

    @property
    def blanks(self) -> list[Blank]:
        """The blanks of the text, then those that were described but are no longer in it."""
        known, senders = self.around.known or frozenset(), self.around.senders
        used = [
            replace(blank, is_known=blank.variable.name in known, senders=tuple(senders.get(blank.variable.name, ())))
            for blank in blanks_of(self.content, tones(self.whole))
        ]
        return used + [Blank(variable, 0, is_used=False) for variable in self._unused()]

    @property
    def kinds(self) -> list[tuple[Kind, str]]:
        """What can stand in a blank, under the names people read."""
        return list(blank_kinds.LABELS.items())

    @property
    def main_settings(self) -> list[SettingField]:
        return [field for field in self._settings() if field.name in _MAIN]

    @property
    def more_settings(self) -> list[SettingField]:
        return [field for field in self._settings() if field.name not in (*_MAIN, *_CODE)]

    @property
    def code_settings(self) -> list[SettingField]:
        return [field for field in self._settings() if field.name in _CODE]

    @property
    def has_more_settings(self) -> bool:
        """Whether something behind «More settings» is set, so that it must not stay hidden."""
        return any(field.value or field.problem for field in [*self.more_settings, *self.code_settings])

    @property
    def preview(self) -> list[Preview]:
        """The messages as the model would read them in the real call, or with the samples; nothing when too large."""
        return preview_of(self.whole, self._values())

    @property
    def unfilled(self) -> list[str]:
        """The blanks that the real call, or else the samples, leave empty."""
        return [variable.name for variable in self.whole.variables if variable.name not in self._values()]

    @property
    def estimate(self) -> Estimate:
        """About how long the prompt is and what answers to it cost."""
        return estimates.estimate(self.whole, values=self._values(), expected=self.around.expected)

    @cached_property
    def room(self) -> Room:
        """How much of what the model reads and writes at once the longest call takes."""
        traffic = Traffic(model=self.around.expected.model, longest_input_tokens=self.around.longest_input_tokens)
        return context_checks.room(before=self.around.saved, after=self.whole, traffic=traffic)

    @property
    def length_check(self) -> Check | None:
        """What is to be said about calls that are too long for the model."""
        return context_checks.check_of(self.room)

    @cached_property
    def marks(self) -> list[Mark]:
        """What a writer should look at twice, and where it stands."""
        unused = [variable.name for variable in self._unused()]
        return marks.find(self.content, known=self.around.known, unused=unused)

    @property
    def notes(self) -> list[Mark]:
        """The marks to read in a list, each sentence about a message once."""
        return list({(mark.message, mark.sentence): mark for mark in self.marks}.values())[:MOST_NOTES]

    @property
    def marks_as_json(self) -> list[dict[str, str | int]]:
        """The marks that belong to a stretch of the text."""
        commented = prompts_margin.marks_of(self.around.margin, texts_of(self.raw))
        return [mark.to_json() for mark in [*self.marks, *commented] if mark.message >= 0]

    @property
    def hindrances(self) -> list[str]:
        """What keeps the prompt from being saved, in sentences."""
        content, problems = contents.read(self.raw)
        gaps = self.composed.problems if self.composed else ()
        return [*(self._sentence(problem) for problem in [*problems, *contents.problems_of(content)]), *gaps]

    def _values(self) -> Mapping[str, str]:
        return self.around.example.values if self.around.example.call else self.whole.samples

    def _unused(self) -> list[Variable]:
        names = {variable.name for variable in self.content.variables}
        described, _ = contents.read_variables(self.raw.get("variables"))
        return [variable for variable in described if variable.name not in names]

    def _settings(self) -> list[SettingField]:
        settings = self.raw.get("settings") or {}
        return [
            SettingField(name, label, text, _shown(settings.get(name)), self._problem(f"settings.{name}"))
            for name, label, text in model_settings.FIELDS
        ]

    def _problem(self, field: str) -> str:
        return " ".join(self._sentence(p) for p in self.problems if p.field == field or p.field.startswith(f"{field}."))

    def _sentence(self, problem: Problem) -> str:
        """Return what is wrong, for JSON with the line it stands on."""
        if not problem.path:
            return problem.sentence
        text = _shown((self.raw.get("settings") or {}).get(problem.field.removeprefix("settings.")))
        line = json_flaws.line_of(text, problem.path)
        return f"{problem.sentence.rstrip('.')} (line {line})." if line else problem.sentence


def texts_of(raw: Mapping[str, Any]) -> list[str]:
    """Return the texts of the messages, in order; a text prompt has one."""
    return [text for _, text in _cards(raw)]


def raw_of(prompt_type: str, post: QueryDict) -> dict[str, Any]:
    """Return what was typed, in the shape of the API; nothing is checked and nothing is dropped."""
    required = set(post.getlist("blank-required"))
    names = post.getlist("blank-name")
    columns = (_column(post, f"blank-{name}", names) for name in ("description", "sample", "kind", "choices"))
    texts = post.getlist("content")
    return {
        "type": prompt_type,
        "text": texts[0] if prompt_type != CHAT and texts else "",
        "messages": _messages(post) if prompt_type == CHAT else [],
        "variables": [
            {
                "name": name,
                "description": description,
                "sample": sample,
                "required": name in required,
                **({"kind": kind, "choices": choices.split("\n")} if kind not in ("", Kind.TEXT) else {}),
            }
            for name, description, sample, kind, choices in zip(names, *columns, strict=True)
        ],
        "settings": {
            name: value for name in model_settings.NAMES if (value := post.get(f"setting-{name}", "").strip())
        },
    }


def preview_of(content: PromptContent, values: Mapping[str, str] | None = None) -> list[Preview]:
    """Return the messages of a prompt, filled with the values or else its samples, and every blank in its colour."""
    values = content.samples if values is None else values
    try:
        return [_previewed(message, values, tones(content)) for message in _entries(content)]
    except RenderingError:
        return []


def tones(content: PromptContent) -> dict[str, int]:
    """Return the colour number of every blank; four colours take turns."""
    return {variable.name: index % TONES + 1 for index, variable in enumerate(content.variables)}


def blanks_of(content: PromptContent, tone_of: Mapping[str, int] | None = None) -> list[Blank]:
    """Return the blanks of the text with their colours; a snippet's blanks may shift them."""
    tone_of = tone_of or tones(content)
    return [Blank(variable, tone_of.get(variable.name, 0)) for variable in content.variables]


def settings_in_words(content: PromptContent) -> list[tuple[str, str]]:
    """Return the settings that are set, under the names people read."""
    values = content.settings.to_json()
    return [(label, _shown(values[name])) for name, label, _ in model_settings.FIELDS if name in values]


def move(raw: Mapping[str, Any], action: str, place: int) -> dict[str, Any]:
    """Return the prompt with a message added, removed or moved, for browsers that run no script."""
    messages = list(raw.get("messages") or [])
    if action == "add" and len(messages) < MAX_CARDS:
        messages.append({"role": "user", "content": ""})
    if 0 <= place < len(messages):
        other = place + {"up": -1, "down": 1}.get(action, 0)
        if action == "remove":
            messages.pop(place)
        elif 0 <= other < len(messages):
            messages[place], messages[other] = messages[other], messages[place]
    return {**raw, "messages": messages}


def number_in(values: QueryDict, name: str) -> int:
    """Return a number of the form, 0 when it is missing or odd."""
    text = values.get(name, "") or ""
    return min(int(text), _MAX_NUMBER) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def starter(prompt_type: str) -> dict[str, Any]:
    """Return what a new prompt begins with: one instruction line, a blank and its sample."""
    variables = [
        {"name": "language", "description": "The language to answer in", "sample": "English", "required": True},
        {"name": "question", "description": "What the user wrote", "sample": "Where is my order?", "required": True},
    ]
    instructions = "You help the customers of our shop. Answer in {{language}}, in at most four sentences."
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": "{{question}}"}]
    is_chat = prompt_type == CHAT
    text = "" if is_chat else f"{instructions}\n\nThe customer wrote: {{{{question}}}}"
    return {
        "type": prompt_type, "text": text, "messages": messages if is_chat else [], "variables": variables, "settings": {},
    }  # fmt: skip


def _messages(post: QueryDict) -> list[dict[str, str]]:
    roles = post.getlist("role")
    texts = _column(post, "content", roles)
    return [
        {"type": PLACEHOLDER, "name": text} if role == PLACEHOLDER else {"role": role, "content": text}
        for role, text in zip(roles, texts, strict=True)
    ]


def _column(post: QueryDict, name: str, rows: list[str]) -> list[str]:
    values = post.getlist(name)[: len(rows)]
    return values + [""] * (len(rows) - len(values))


def _cards(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    if raw.get("type") != CHAT:
        return [("", str(raw.get("text") or ""))]
    return [_card(item) for item in raw.get("messages") or []]


def _card(item: Mapping[str, Any]) -> tuple[str, str]:
    if item.get("type") == PLACEHOLDER:
        return PLACEHOLDER, str(item.get("name") or "")
    return str(item.get("role") or "user"), str(item.get("content") or "")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    if isinstance(value, dict | list | tuple):
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _entries(content: PromptContent) -> list[tuple[str, str, str]]:
    if content.type != CHAT:
        return [("text", "", content.text)]
    return [
        (PLACEHOLDER, message.label, message.name) if isinstance(message, Placeholder)
        else (message.role, message.label, message.content)
        for message in content.messages
    ]  # fmt: skip


def _previewed(entry: tuple[str, str, str], values: Mapping[str, str], tone_of: Mapping[str, int]) -> Preview:
    role, label, text = entry
    if role == PLACEHOLDER:
        return Preview(role, label, [(Piece(text), 0)])
    pieces: list[tuple[Piece, int]] = []
    room = MOST_CHARACTERS
    for piece in rendering.pieces_of(text, values):
        if room <= 0:
            return Preview(role, label, pieces, is_cut=True)
        pieces.append((replace(piece, text=piece.text[:room]), tone_of.get(piece.name, 0)))
        room -= len(piece.text)
    return Preview(role, label, pieces, is_cut=room < 0)
