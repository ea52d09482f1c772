"""Looks a version over before it goes live: what stops it, what needs a tick, what is good to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from prompt_registry import oddities
from prompt_registry.changes import name_oddity
from prompt_registry.contents import TEXT, Message, PromptContent, problems_of

STOPS = "stops"
TICK = "tick"
INFORMS = "informs"
_INSTRUCTION_ROLES = frozenset({"system", "developer"})
_MUCH_LONGER = 1.3
_REPEATED_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Check:
    """One finding in one sentence with a way out, and how serious it is."""

    level: str
    sentence: str


def run(*, before: PromptContent | None, after: PromptContent) -> list[Check]:
    """Return the findings, the serious ones first; `before` is what is live now."""
    found = [*_content_checks(after), *_oddity_checks(after)]
    if before is not None:
        found += _comparison_checks(before, after)
    found += _notes(after)
    return sorted(found, key=lambda check: (STOPS, TICK, INFORMS).index(check.level))


def _content_checks(content: PromptContent) -> Iterator[Check]:
    yield from (Check(STOPS, problem.sentence) for problem in problems_of(content))


def _oddity_checks(content: PromptContent) -> Iterator[Check]:
    for is_instruction, text in _texts(content):
        for oddity in oddities.find(text):
            misleads = is_instruction and oddity.kind != oddities.INVISIBLE
            where = "The instructions contain" if is_instruction else "The text contains"
            yield Check(STOPS if misleads else TICK, f"{where} {name_oddity(oddity)}. Type it again or remove it.")


def _comparison_checks(before: PromptContent, after: PromptContent) -> Iterator[Check]:
    old, new = ({variable.name for variable in content.variables} for content in (before, after))
    for name in sorted(new - old):
        yield Check(
            TICK,
            f"The blank «{name}» is new: make sure that every application sends it first. "
            f"Until then the model reads the words {{{{{name}}}}}.",
        )
    for name in sorted(old - new):
        yield Check(INFORMS, f"The blank «{name}» is gone; what applications send for it is ignored.")
    if before.settings.model != after.settings.model:
        yield Check(
            TICK, f"The model changes: {_model(before)} → {_model(after)}. Answers, speed and price will differ."
        )
    longer = _length(after) / max(1, _length(before))
    if longer >= _MUCH_LONGER and _length(after) > 200:
        yield Check(TICK, f"The text is {longer - 1:.0%} longer, so every call costs more.")


def _notes(content: PromptContent) -> Iterator[Check]:
    if missing := [variable.name for variable in content.variables if not variable.sample]:
        names = ", ".join(f"«{name}»" for name in missing[:5])
        yield Check(INFORMS, f"Without a sample, previews cannot fill {names}. Add one in the editor.")
    paragraphs = Counter(part.strip() for text in content.texts for part in text.split("\n"))
    if any(count > 1 and len(part) >= _REPEATED_CHARACTERS for part, count in paragraphs.items()):
        yield Check(INFORMS, "A paragraph stands in the text twice.")


def _texts(content: PromptContent) -> Iterator[tuple[bool, str]]:
    if content.type == TEXT:
        yield True, content.text
    for message in content.messages:
        if isinstance(message, Message):
            yield message.role in _INSTRUCTION_ROLES, message.content


def _model(content: PromptContent) -> str:
    return content.settings.model or "chosen by the application"


def _length(content: PromptContent) -> int:
    return sum(map(len, content.texts))
