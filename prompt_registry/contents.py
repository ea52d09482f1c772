"""What a prompt version says: its text or messages, its blanks and its model settings, as plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from prompt_registry import blank_kinds, model_settings, rendering, texts
from prompt_registry.blank_kinds import Kind
from prompt_registry.errors import ContentNotUsable, Problem, RenderingError
from prompt_registry.model_settings import PromptSettings

if TYPE_CHECKING:
    from prompt_registry.models import PromptVersion

TEXT = "text"
CHAT = "chat"
# The role in code and what people call it.
ROLES: dict[str, str] = {
    "system": "Instructions",
    "user": "User says",
    "assistant": "Assistant says",
    "developer": "Developer instructions",
    "tool": "Tool answer",
}
PLACEHOLDER_LABEL = "Inserted conversation"
MAX_MESSAGES = 200
MAX_DESCRIPTION = 500
MAX_SAMPLE = 10_000
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat prompt."""

    role: str
    content: str

    @property
    def label(self) -> str:
        return ROLES.get(self.role, self.role)

    def to_json(self) -> dict[str, str]:
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A place where the application inserts messages, such as the conversation so far."""

    name: str

    @property
    def label(self) -> str:
        return PLACEHOLDER_LABEL

    def to_json(self) -> dict[str, str]:
        return {"type": "placeholder", "name": self.name}


@dataclass(frozen=True, slots=True)
class Variable:
    """A blank: what it means, an example, whether the application must fill it, and with what kind of value."""

    name: str
    description: str = ""
    sample: str = ""
    required: bool = True
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        described = {
            "name": self.name, "description": self.description, "sample": self.sample, "required": self.required,
        }  # fmt: skip
        # Text is not named: the hash of a version from before there were kinds stays what it was.
        kind = {} if self.kind == Kind.TEXT else {"kind": self.kind.value}
        return {**described, **kind, **({"choices": list(self.choices)} if self.choices else {})}


@dataclass(frozen=True, slots=True)
class PromptContent:
    """Everything that changes what the model is asked."""

    type: str
    text: str = ""
    messages: tuple[Message | Placeholder, ...] = ()
    variables: tuple[Variable, ...] = ()
    settings: PromptSettings = field(default_factory=PromptSettings)

    @property
    def texts(self) -> list[str]:
        """The templates, in order."""
        if self.type == TEXT:
            return [self.text]
        return [message.content for message in self.messages if isinstance(message, Message)]

    @property
    def placeholders(self) -> list[str]:
        return [message.name for message in self.messages if isinstance(message, Placeholder)]

    @property
    def samples(self) -> dict[str, str]:
        """The samples that were given, by blank."""
        return {variable.name: variable.sample for variable in self.variables if variable.sample}

    def settled(self) -> PromptContent:
        """Return the content with exactly the blanks that its text has, described where somebody described them."""
        described = {variable.name: variable for variable in self.variables}
        found = rendering.variables_in(self.texts)
        return replace(self, variables=tuple(described.get(name) or Variable(name) for name in found))

    def to_json(self) -> dict[str, Any]:
        """Return the content as JSON values, in the shape of the API."""
        return {
            "type": self.type,
            "text": self.text,
            "messages": [message.to_json() for message in self.messages],
            "variables": [variable.to_json() for variable in self.variables],
            "settings": self.settings.to_json(),
        }

    @property
    def hash(self) -> str:
        """The SHA-256 of the canonical JSON of messages, settings, text and variables: same hash, same prompt."""
        values = {name: value for name, value in self.to_json().items() if name != "type"}
        canonical = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def of_version(version: PromptVersion) -> PromptContent:
    """Return the content of a stored version."""
    content, _ = read({
        "type": version.prompt.type, "text": version.text, "messages": version.messages,
        "variables": version.variables, "settings": version.settings,
    })  # fmt: skip
    return content


def parse(raw: Mapping[str, Any]) -> PromptContent:
    """Return the content that JSON values or a form describe, or raise with everything that is wrong with it."""
    content, problems = read(raw)
    problems += problems_of(content)
    if problems:
        raise ContentNotUsable(problems)
    return content


def read(raw: Mapping[str, Any]) -> tuple[PromptContent, list[Problem]]:
    """Return as much of the content as can be read, and what could not; what a draft holds may be half finished."""
    prompt_type = CHAT if raw.get("type") == CHAT else TEXT
    problems: list[Problem] = []
    settings, wrong = model_settings.read(_mapping(raw.get("settings"), "settings", problems))
    content = PromptContent(
        type=prompt_type,
        text=_text(raw.get("text") or "", "text", problems) if prompt_type == TEXT else "",
        messages=tuple(_messages(raw.get("messages"), problems)) if prompt_type == CHAT else (),
        variables=tuple(_variables(raw.get("variables"), problems)),
        settings=settings,
    )
    return content.settled(), problems + wrong


def read_variables(raw: object) -> tuple[list[Variable], list[Problem]]:
    """Return the blanks that were described, whether the text has them or not."""
    problems: list[Problem] = []
    return _variables(raw, problems), problems


def problems_of(content: PromptContent) -> list[Problem]:
    """Return what keeps the content from being saved."""
    problems = _empty_parts(content) + model_settings.problems_of(content.settings)
    problems += _placeholder_problems(content) + _variable_problems(content)
    try:
        rendering.check_limits(content.texts)
    except RenderingError as error:
        problems.append(Problem("text", str(error)))
    return problems


def _text(value: object, where: str, problems: list[Problem]) -> str:
    if isinstance(value, str):
        return texts.clean(value)
    problems.append(Problem(where, "This must be text."))
    return ""


def _mapping(value: object, where: str, problems: list[Problem]) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    if value is not None:
        problems.append(Problem(where, "This must be an object with names and values."))
    return {}


def _items(value: object, where: str, problems: list[Problem]) -> list[Mapping[str, Any]]:
    if not isinstance(value, list | tuple):
        if value is not None:
            problems.append(Problem(where, "This must be a list."))
        return []
    return [_mapping(item, f"{where}.{number}", problems) for number, item in enumerate(value)]


def _messages(raw: object, problems: list[Problem]) -> list[Message | Placeholder]:
    return [_message(item, number, problems) for number, item in enumerate(_items(raw, "messages", problems))]


def _message(item: Mapping[str, Any], number: int, problems: list[Problem]) -> Message | Placeholder:
    if item.get("type") == "placeholder":
        return Placeholder(_text(item.get("name") or "", f"messages.{number}.name", problems).strip())
    role = item.get("role")
    if role not in ROLES:
        sentence = f"Message {number + 1} has no known role. The roles are {', '.join(ROLES)}."
        problems.append(Problem(f"messages.{number}.role", sentence))
        role = "user"
    return Message(str(role), _text(item.get("content") or "", f"messages.{number}.content", problems))


def _variables(raw: object, problems: list[Problem]) -> list[Variable]:
    variables: dict[str, Variable] = {}
    for number, item in enumerate(_items(raw, "variables", problems)):
        where = f"variables.{number}"
        name = _text(item.get("name") or "", where, problems).strip()
        kind = blank_kinds.read(item.get("kind"))
        variables[name] = Variable(
            name=name,
            description=_text(item.get("description") or "", where, problems).strip(),
            sample=texts.clean(rendering.stringify(item.get("sample"))),
            required=item.get("required") is not False,
            kind=kind,
            choices=_choices(item.get("choices"), f"{where}.choices", problems) if kind == Kind.CHOICE else (),
        )
    return list(variables.values())


def _choices(value: object, where: str, problems: list[Problem]) -> tuple[str, ...]:
    lines = value.splitlines() if isinstance(value, str) else value or ()
    if not isinstance(lines, list | tuple):
        problems.append(Problem(where, "This must be a list."))
        return ()
    found = (texts.clean(rendering.stringify(line)).strip() for line in lines)
    return tuple(dict.fromkeys(choice for choice in found if choice))


def _empty_parts(content: PromptContent) -> list[Problem]:
    if content.type == TEXT:
        return [] if content.text.strip() else [Problem("text", "The prompt is empty. Write what the model should do.")]
    if not content.messages:
        return [Problem("messages", "The prompt has no message. Add one that says what the model should do.")]
    if len(content.messages) > MAX_MESSAGES:
        return [Problem("messages", f"The prompt has more than {MAX_MESSAGES} messages. Remove some.")]
    return [
        Problem(f"messages.{n}.content", f"Message {n + 1} ({message.label}) is empty. Write something or remove it.")
        for n, message in enumerate(content.messages)
        if isinstance(message, Message) and not message.content.strip()
    ]


def _placeholder_problems(content: PromptContent) -> list[Problem]:
    problems = []
    taken = {variable.name for variable in content.variables}
    for number, message in enumerate(content.messages):
        if isinstance(message, Placeholder):
            if why := _name_problem(message.name, taken):
                problems.append(Problem(f"messages.{number}.name", f"Message {number + 1} ({message.label}): {why}"))
            taken.add(message.name)
    return problems


def _name_problem(name: str, taken: set[str]) -> str:
    if len(name) > MAX_NAME or not rendering.VARIABLE.fullmatch(f"{{{{{name}}}}}"):
        return "give it a name such as history: letters, digits and underscores, without spaces."
    return f"the name «{name}» is used twice. Choose another one." if name in taken else ""


def _variable_problems(content: PromptContent) -> list[Problem]:
    problems = []
    for number, variable in enumerate(content.variables):
        where = f"variables.{number}"
        if len(variable.name) > MAX_NAME:
            problems.append(Problem(where, f"The blank «{variable.name[:40]}…» needs a shorter name."))
        if len(variable.description) > MAX_DESCRIPTION:
            problems.append(Problem(where, f"The meaning of «{variable.name}» is over {MAX_DESCRIPTION} characters."))
        if len(variable.sample) > MAX_SAMPLE:
            problems.append(Problem(where, f"The sample of «{variable.name}» has more than {MAX_SAMPLE:,} characters."))
        problems += [Problem(where, sentence) for sentence in _kind_problems(variable)]
    return problems


def _kind_problems(variable: Variable) -> list[str]:
    if why := blank_kinds.problem_of_choices(variable.kind, variable.choices):
        return [f"The blank «{variable.name}» is one of a list: {why}"]
    why = blank_kinds.problem_of_sample(variable.kind, variable.choices, variable.sample)
    return [f"The sample of «{variable.name}» {why}"] if why else []
