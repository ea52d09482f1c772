"""Looks a version over before it goes live: what stops it, what needs a tick, what is good to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prompt_registry import blank_checks, callers, context_checks, oddities, price_changes
from prompt_registry.callers import Traffic
from prompt_registry.changes import name_oddity
from prompt_registry.contents import TEXT, Message, PromptContent, problems_of
from prompt_registry.findings import INFORMS, STOPS, TICK, Check

__all__ = ["INFORMS", "STOPS", "TICK", "Check", "run"]

_INSTRUCTION_ROLES = frozenset({"system", "developer"})
_MUCH_MORE = 0.3
_REPEATED_CHARACTERS = 80


def run(*, before: PromptContent | None, after: PromptContent, traffic: Traffic = callers.NONE) -> list[Check]:
    """Return the findings, the serious ones first; `before` is what is live now, `traffic` who calls it."""
    found = [*_content_checks(after), *_oddity_checks(after), *blank_checks.run(before, after, traffic)]
    found += context_checks.run(before, after, traffic)
    if before is not None:
        found += _comparison_checks(before, after, traffic)
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


def _comparison_checks(before: PromptContent, after: PromptContent, traffic: Traffic) -> Iterator[Check]:
    if before.settings.model != after.settings.model:
        yield Check(
            TICK, f"The model changes: {_model(before)} → {_model(after)}. Answers, speed and price will differ."
        )
    price = price_changes.estimate(before=before, after=after, traffic=traffic)
    if price.growth is not None and price.growth > _MUCH_MORE:
        yield Check(TICK, _dearer(price.growth))
        return
    longer = _length(after) / max(1, _length(before)) - 1
    if longer > _MUCH_MORE and _length(after) > 200:
        yield Check(TICK, f"The text is {longer:.0%} longer, so every call costs more.")


def _dearer(growth: float) -> str:
    if growth < 1:
        return f"Every call costs about {growth:.0%} more than now."
    return f"Every call costs about {growth + 1:.2g} times as much as now."


def _notes(content: PromptContent) -> Iterator[Check]:
    if missing := [variable.name for variable in content.variables if not variable.sample]:
        names = ", ".join(f"«{name}»" for name in missing[:5])
        yield Check(INFORMS, f"Without a sample, previews cannot fill {names}. Add one in the editor.")
    if price_changes.is_unknown(content):
        yield Check(INFORMS, f"The price of the model «{content.settings.model}» is not known here.")
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
