"""How the simulated model judges texts: by their words, the same each time, roughly as a hurried reader would."""

from __future__ import annotations

import re

from prompt_registry.providers.simulated.knowledge import sentences_of, stems
from prompt_registry.providers.simulated.topics import language_of, topic_of

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_REFUSES = re.compile(
    r"\b(?:can(?:not|'t|’t)|not able to|unable to|not allowed to|could not find|rather not guess)\b|leider nichts"
    r"|kann ich ihnen nicht|no puedo|no he encontrado|ne peux pas|pas trouvé",
    re.IGNORECASE,
)
_FRIENDLY = re.compile(
    r"\b(?:thank|thanks|sorry|happy to|glad|welcome|please|danke|gerne|bitte|gracias|por favor|merci|plaisir)", re.IGNORECASE
)  # fmt: skip
_NOT = re.compile(r"\b(?:not|no|never|without|nothing|avoids?|doesn't|does not)\b", re.IGNORECASE)
_WORD_LIMIT = re.compile(r"(\d{1,4}) words")
_SENTENCE_LIMIT = re.compile(r"(\d{1,2}|one|two|three|four|five) sentences?")
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_SHORT_WORDS = 80
# What a criterion says about the answer as such, instead of what should stand in it.
_FRAME = re.compile(
    r"\b(?:it|the answer|answers?|says?|names?|mentions?|tells?|states?|gives?|contains?|somebody|reader)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[«“\"„]([^»”\"“]{2,80})[»”\"“]")
_ABOUT = (
    ("refusal", re.compile(r"refus|declin|reject", re.IGNORECASE)),
    ("length", re.compile(r"\bshort|brief|concise|to the point|\d+ words|sentences?\b", re.IGNORECASE)),
    ("friendly", re.compile(r"friendly|polite|courteous|kind|warm|tone|greet|apolog", re.IGNORECASE)),
    ("grounded", re.compile(r"invent|made up|make up|grounded|context|support(?:ed|s)|hallucinat|facts?\b", re.IGNORECASE)),
    ("language", re.compile(r"language", re.IGNORECASE)),
    ("answers", re.compile(r"answers? the|addresses|on topic|relevan|the question", re.IGNORECASE)),
    ("expected", re.compile(r"expected|reference|correct|right answer", re.IGNORECASE)),
)  # fmt: skip


def refuses(answer: str) -> bool:
    """Tell whether the answer declines."""
    return bool(_REFUSES.search(answer))


def overlap(answer: str, wanted: str) -> float:
    """Return which share of the telling words of `wanted` the answer has too."""
    words = stems(wanted)
    return len(words & stems(answer)) / len(words) if words else 1.0


def agreement(answer: str, reference: str) -> str:
    """Return how well the answer says what the reference says: correct, partly or wrong."""
    missing = set(_NUMBER.findall(reference)) - set(_NUMBER.findall(answer))
    shared = overlap(answer, reference)
    if answer.strip() == reference.strip() or (shared >= 0.5 and not missing):
        return "correct"
    if refuses(answer) and not refuses(reference):
        return "wrong"
    return "partly" if shared >= 0.25 else "wrong"


def is_met(criterion: str, answer: str, given: dict[str, str]) -> bool:
    """Tell whether the answer meets a criterion, as far as words tell."""
    about = next((name for name, pattern in _ABOUT if pattern.search(criterion)), "")
    source = f"{given.get('INPUT', '')}\n{given.get('CONTEXT', '')}\n{given.get('REFERENCE', '')}"
    match about:
        case "refusal":
            return not refuses(answer) if _NOT.search(criterion) else refuses(answer)
        case "length":
            return _is_short(criterion, answer)
        case "friendly":
            return bool(_FRIENDLY.search(answer))
        case "grounded":
            return set(_NUMBER.findall(answer)) <= set(_NUMBER.findall(source)) and overlap(source, answer) >= 0.2
        case "language":
            return language_of(answer) == language_of(given.get("INPUT", answer))
        case "answers":
            return not refuses(answer) and _is_about(answer, given.get("INPUT", ""))
        case "expected":
            return agreement(answer, given.get("REFERENCE", "")) == "correct"
    return _says(criterion, answer)


def incorporated(feedback: str, old: str, new: str) -> str:
    """Return whether the new answer does what the feedback on the old one asked for: fully, partly or no."""
    if re.search(r"\b(?:short|brief|too long|long-winded|less text)", feedback, re.IGNORECASE):
        return "fully" if len(new) <= 0.75 * len(old) else "partly" if len(new) < 0.95 * len(old) else "no"
    if re.search(r"\b(?:friend|polite|rude|cold|tone)", feedback, re.IGNORECASE):
        return "fully" if _FRIENDLY.search(new) else "no"
    wanted = stems(feedback)
    done = len(wanted & stems(new)) / len(wanted) if wanted else 0.0
    return "fully" if done >= 0.5 else "partly" if done >= 0.25 else "no"


def merit(answer: str, given: dict[str, str]) -> float:
    """Return how good an answer looks beside another one."""
    wanted = given.get("REFERENCE") or f"{given.get('CONTEXT', '')}\n{given.get('INPUT', '')}"
    length = len(answer.split())
    return (
        overlap(answer, wanted)
        - 0.4 * refuses(answer)
        - 0.001 * max(0, length - _SHORT_WORDS)
        + 0.002 * min(length, 30)
    )


def telling_sentence(answer: str, about: str) -> str:
    """Return the sentence of the answer that speaks most to something, to be quoted."""
    wanted = stems(about)
    found = sentences_of(answer)
    return max(found, key=lambda one: len(wanted & stems(one)))[:200] if found else ""


def _is_short(criterion: str, answer: str) -> bool:
    if limit := _WORD_LIMIT.search(criterion):
        return len(answer.split()) <= int(limit[1])
    if limit := _SENTENCE_LIMIT.search(criterion.lower()):
        return len(sentences_of(answer)) <= (_COUNTS.get(limit[1]) or int(limit[1]))
    return len(answer.split()) <= _SHORT_WORDS


def _is_about(answer: str, asked: str) -> bool:
    topic = topic_of(asked)
    return topic == topic_of(answer) if topic != "other" else overlap(answer, asked) >= 0.2


def _says(criterion: str, answer: str) -> bool:
    is_there = overlap(answer, _FRAME.sub(" ", criterion)) >= 0.25
    if quoted := _QUOTED.findall(criterion):
        is_there = any(text.lower() in answer.lower() for text in quoted)
    return not is_there if _NOT.search(criterion) else is_there
