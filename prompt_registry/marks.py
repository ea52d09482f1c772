"""What a writer should look at twice while writing, with the place in the text it is about."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Set
from dataclasses import dataclass
from enum import StrEnum

from prompt_registry import oddities, rendering, tokens
from prompt_registry.blank_kinds import Kind
from prompt_registry.changes import name_oddity
from prompt_registry.contents import TEXT, Message, PromptContent, Variable

MOST_MARKS = 200
LONG_TOKENS = 8_000

# What looks like a blank and is none, because of a space, an accent or a letter of another script in its name.
_NEARLY = re.compile(r"\{\{([^{}\n]{1,60})\}\}")
_IN_PLACE_OF = "Only letters a to z, digits, «_», «-» and «.» make a blank; this stays in the text as it is."
_INSTRUCTIONS = frozenset({"system", "developer"})
# Names that people give to what users write; a long sample says the same.
_WRITTEN_BY_USERS = re.compile(
    r"(^|[_.-])(question|message|messages|input|query|text|comment|comments|review|email|mail|feedback|request|content|body|"
    r"document|documents|transcript|ticket|prompt)s?($|[_.-])|^user_(?!id$|name$|type$|role$|language$)"
)
_LONG_SAMPLE = 200
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_OPENING = re.compile(r"(<[A-Za-z][\w -]{0,40}>|`{3}[a-z]*|\"{3}|'{3}|-{3,}|={3,}|#{3,}|<{3,})\s*$")
_CLOSING = re.compile(r"\s*(</[A-Za-z]|`{3}|\"{3}|'{3}|-{3,}|={3,}|#{3,}|>{3,})")


class Level(StrEnum):
    """How much a mark matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Mark:
    """One sentence about a stretch of a message; `message` counts from 0, and -1 means the prompt as a whole."""

    level: Level
    sentence: str
    message: int = -1
    start: int = 0
    end: int = 0

    def to_json(self) -> dict[str, str | int]:
        return {
            "level": self.level.value, "sentence": self.sentence, "message": self.message, "start": self.start, "end": self.end,
        }  # fmt: skip


def find(content: PromptContent, *, known: Set[str] | None, unused: list[str] | None = None) -> list[Mark]:
    """Return the marks, at most 200, in the order of the text; places count UTF-16 units, as browsers do.

    `known` are the blanks that applications fill already, None while no application can; `unused` are described
    blanks that are no longer in the text.
    """
    found: list[Mark] = [*_whole(content, unused or [])]
    for number, (is_instruction, text) in enumerate(_texts(content)):
        places = sorted(_in_text(content, text, is_instruction, known))[: MOST_MARKS - len(found)]
        # Characters beyond the first plane, such as emoji, take two units.
        double = [match.start() for match in _BEYOND.finditer(text)]
        found += [
            Mark(level, sentence, number, start + bisect_left(double, start), end + bisect_left(double, end))
            for start, end, level, sentence in places
        ]
    return found


_Place = tuple[int, int, Level, str]


def _in_text(content: PromptContent, text: str, is_instruction: bool, known: Set[str] | None) -> Iterator[_Place]:
    yield from _odd_places(text, is_instruction)
    yield from (
        (match.start(), match.end(), Level.INFO, _IN_PLACE_OF)
        for match in _NEARLY.finditer(text)
        if not rendering.VARIABLE.fullmatch(match[0])
    )
    described = {variable.name: variable for variable in content.variables}
    for match in rendering.VARIABLE.finditer(text):
        variable = described.get(match[1], Variable(match[1]))
        if known is not None and variable.name not in known:
            yield match.start(), match.end(), Level.WARNING, _new(variable)
        if is_instruction and _is_risky(variable, text, match):
            yield match.start(), match.end(), Level.WARNING, _risk(content)


def _odd_places(text: str, is_instruction: bool) -> Iterator[_Place]:
    for start, oddity in oddities.places(text):
        misleads = is_instruction and oddity.kind != oddities.INVISIBLE
        sentence = f"Here is {name_oddity(oddity)}. Type it again or remove it."
        yield start, start + len(oddity.text), Level.ERROR if misleads else Level.WARNING, sentence


def _new(variable: Variable) -> str:
    if not variable.required:
        return f"The blank «{variable.name}» is new: it stays empty until applications send it."
    return f"The blank «{variable.name}» is new: until applications send it, the model reads the words {{{{{variable.name}}}}}."


def _is_risky(variable: Variable, text: str, match: re.Match[str]) -> bool:
    """Tell whether words of a user stand among instructions with nothing that sets them apart."""
    if variable.kind not in (Kind.TEXT, Kind.JSON):
        return False
    is_written = _WRITTEN_BY_USERS.search(variable.name.lower()) or len(variable.sample) > _LONG_SAMPLE
    before, after = text[max(0, match.start() - 60) : match.start()], text[match.end() : match.end() + 60]
    return bool(is_written) and not (_OPENING.search(before) and _CLOSING.match(after))


def _risk(content: PromptContent) -> str:
    way = "between marks such as <text> and </text>"
    if content.type != TEXT:
        way = f"into a «User says» message, or {way}"
    return f"What users write stands among the instructions, so they can add instructions of their own. Put it {way}."


def _whole(content: PromptContent, unused: list[str]) -> Iterator[Mark]:
    if unused:
        names = ", ".join(f"«{name}»" for name in unused[:5])
        yield Mark(Level.INFO, f"No longer in the text, so what is sent for it is ignored: {names}.")
    amount = tokens.about(content.texts)
    if amount > LONG_TOKENS:
        yield Mark(
            Level.WARNING,
            f"This is very long: about {amount:,} tokens in every call. Models may miss the middle of it.",
        )


def _texts(content: PromptContent) -> Iterator[tuple[bool, str]]:
    if content.type == TEXT:
        yield True, content.text
        return
    for message in content.messages:
        if isinstance(message, Message):
            yield message.role in _INSTRUCTIONS, message.content
        else:
            yield False, ""
