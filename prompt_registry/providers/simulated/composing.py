"""Puts an answer together: what is known first, then what the prompt asks for, planted faults among it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prompt_registry.providers.simulated import phrases
from prompt_registry.providers.simulated.dice import Dice
from prompt_registry.providers.simulated.instructions import Instructions
from prompt_registry.providers.simulated.inventions import invented_sentence, with_a_wrong_number
from prompt_registry.providers.simulated.knowledge import for_the_customer, sentences_of
from prompt_registry.providers.simulated.reading import Reading

_DAYS = re.compile(r"(\d+) (?:calendar |working |business )?days", re.IGNORECASE)
_ORDER_NUMBER = re.compile(r"#?\b\d{4,}\b")


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that decides what an answer says."""

    reading: Reading
    instructions: Instructions
    topic: str
    language: str
    facts: Sequence[str]
    makes_up: bool
    rambles: bool
    dice: Dice

    @property
    def given(self) -> str:
        """Return every text that facts may be taken from."""
        return f"{self.reading.instructions}\n{self.reading.context}\n{self.reading.question}"


def refusal(*, language: str, max_sentences: int | None, dice: Dice) -> str:
    """Return a sentence or two that decline."""
    return " ".join(sentences_of(dice.pick("refusal", phrases.REFUSALS[language]))[:max_sentences])


def answer_text(wanted: Wanted) -> str:
    """Return the answer to a question."""
    core = _core(wanted)
    opening = (
        [wanted.dice.pick("opening", phrases.OPENINGS[wanted.language])] if wanted.instructions.is_friendly else []
    )
    return " ".join(_within_limit([*opening, *core, *_extras(wanted)], core, wanted))


def _core(wanted: Wanted) -> list[str]:
    if wanted.language != "en":
        core = _core_abroad(wanted)
    elif wanted.facts:
        core = [for_the_customer(fact) for fact in wanted.facts]
    elif wanted.instructions.says_unknown and not wanted.makes_up:
        core = [wanted.dice.pick("unknown", phrases.UNKNOWN["en"])]
    else:
        core = list(phrases.GENERAL[wanted.topic])
    return _with_invention(core, wanted) if wanted.makes_up else core


def _core_abroad(wanted: Wanted) -> list[str]:
    general = phrases.GENERAL_ABROAD[wanted.language]
    if not wanted.facts and wanted.instructions.says_unknown and wanted.topic not in general:
        return [wanted.dice.pick("unknown", phrases.UNKNOWN[wanted.language])]
    days = _DAYS.search(" ".join(wanted.facts))
    within = [phrases.WITHIN_DAYS[wanted.language].replace("{days}", days.group(1))] if days else []
    return [general.get(wanted.topic, general["other"]), *within]


def _with_invention(core: list[str], wanted: Wanted) -> list[str]:
    if wanted.dice.roll("wrong number") < 0.4:
        wrong = with_a_wrong_number(sentence=core[0], dice=wanted.dice, given=wanted.given)
        if wrong is not None:
            return [wrong, *core[1:]]
    # Right after the first sentence, so that a limit on sentences does not hide it.
    return [core[0], _invented(wanted), *core[1:]]


def _invented(wanted: Wanted) -> str:
    return invented_sentence(language=wanted.language, dice=wanted.dice, given=wanted.given)


def _extras(wanted: Wanted) -> list[str]:
    instructions, language, dice = wanted.instructions, wanted.language, wanted.dice
    extras = []
    if instructions.asks_order_number and not _ORDER_NUMBER.search(wanted.reading.question):
        extras.append(phrases.ASK_ORDER[language])
    if instructions.cites_source and wanted.facts and wanted.reading.context:
        extras.append(f"(Source: {_title_of(wanted.facts[0], wanted.reading.context)})")
    return [*extras, *_padding(wanted), dice.pick("closing", phrases.CLOSINGS[language])]


def _padding(wanted: Wanted) -> list[str]:
    if wanted.instructions.limits_length or wanted.language != "en":
        return []
    count = wanted.dice.number("rambling", 8, 12) if wanted.rambles else wanted.dice.number("padding", 1, 3)
    return wanted.dice.shuffled("padding", phrases.PADDING)[:count]


def _title_of(fact: str, context: str) -> str:
    page = next((line for line in context.splitlines() if fact in line), "")
    title, colon, _ = page.partition(": ")
    return title if colon and len(title) <= 60 else "help pages"


def _within_limit(sentences: list[str], core: list[str], wanted: Wanted) -> list[str]:
    limit = wanted.instructions.max_sentences or (3 if wanted.instructions.is_brief else None)
    if limit is None or len(sentences) <= limit:
        return sentences
    ranked = sorted(range(len(sentences)), key=lambda index: (sentences[index] not in core, index))
    return [sentences[index] for index in sorted(ranked[:limit])]


def summary_text(wanted: Wanted) -> str:
    """Return a summary of the source text of a request."""
    if wanted.instructions.summary_lines:
        lines = [_summary_line(name, wanted) for name in wanted.instructions.summary_lines]
        if wanted.makes_up:
            lines.append(_invented(wanted))
        return "\n".join(lines)
    said = sentences_of(wanted.reading.source)[:2] or ["The ticket is empty."]
    sentences = [f"The customer {phrases.REQUESTS[wanted.topic]}.", *said]
    if wanted.makes_up:
        sentences.insert(1, _invented(wanted))
    if wanted.rambles:
        sentences += wanted.dice.shuffled("padding", phrases.PADDING)[:8]
    return " ".join(_within_limit(sentences, sentences[:2], wanted))


def _summary_line(name: str, wanted: Wanted) -> str:
    if name == "order":
        number = _ORDER_NUMBER.search(wanted.reading.source)
        return f"Order number: {number.group().lstrip('#') if number else 'not given'}"
    if name == "request":
        return f"Request: the customer {phrases.REQUESTS[wanted.topic]}"
    lower = wanted.reading.source.lower()
    return "Mood: " + next((mood for mood, words in phrases.MOODS if any(word in lower for word in words)), "neutral")
