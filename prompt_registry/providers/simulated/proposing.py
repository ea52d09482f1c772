"""What the simulated model answers when it is asked to improve a prompt: one change that helps, and some that do not.

It knows such a question by the form it asks for, and what would help by the words of the problem. Like a real model it also suggests
what only looks helpful, what does harm elsewhere, and examples to learn by heart; in an order of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from prompt_registry.providers.simulated.dice import Dice
from prompt_registry.providers.simulated.reading import Message

_FORM = "prompt_changes"
_WORD = re.compile(r"random word of this question is ([0-9a-f]{16})\b")
# By the words of a problem, the change that mends its cause (see `odds`).
CURES: Mapping[str, tuple[str, str]] = {
    "refus|declin|dodge|help": (
        "Help instead of declining",
        "Help with questions on orders and money instead of declining them, and say what happens next.",
    ),
    "support|invent|made up|ground": (
        "Stay with what is known", "Only use what you were given, and do not invent anything.",
    ),
    "long|wind|words|short": ("Keep it short", "Answer in at most three sentences."),
    "language": ("Keep to the language", "Answer in the language of the customer."),
}  # fmt: skip
_USELESS = ("Sound kinder", "Be friendly and warm in every answer.")
_HARMFUL = ("Be careful", "If you are unsure, decline politely.")


def asks_for_changes(schema: Mapping[str, Any] | None) -> bool:
    """Tell whether the form is that of suggestions for a prompt."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return isinstance(properties, Mapping) and _FORM in properties


def changes(*, messages: Sequence[Message]) -> str:
    """Return the suggestions as JSON that fits the form."""
    text = next((message.content for message in reversed(messages) if message.role == "user"), "")
    shown = _shown(text)
    cure = next(
        (cure for words, cure in CURES.items() if re.search(words, shown.get("PROBLEM", ""), re.IGNORECASE)), None
    )
    lesson = ("Learn an example", f"Learn by heart: {_question(shown.get('BAD 1', ''))}")
    wanted = [one for one in (cure, _USELESS, _HARMFUL, lesson) if one]
    # The random words between which the texts stand are left out of account, so that the same texts get the same answer.
    dice = Dice("\x1f".join(f"{name}\x1e{said}" for name, said in shown.items()))
    return json.dumps({_FORM: [_change(one, shown) for one in dice.shuffled("order", wanted)]}, ensure_ascii=False)


def _shown(text: str) -> dict[str, str]:
    word = _WORD.search(text)
    if word is None:
        return {}
    fenced = re.compile(rf"<<<BEGIN ([A-Z]+(?: \d+)?) {word[1]}>>>\n(.*?)\n<<<END \1 {word[1]}>>>", re.DOTALL)
    return dict(fenced.findall(text))


def _question(example: str) -> str:
    return example.partition("\n")[0].removeprefix("asked: ")[:300]


def _change(wanted: tuple[str, str], shown: Mapping[str, str]) -> dict[str, Any]:
    title, sentence = wanted
    place, text = next(((name, said) for name, said in shown.items() if name.startswith("MESSAGE ")), ("MESSAGE 1", ""))
    number = int(place.removeprefix("MESSAGE "))
    find, replacement = _first_line(text, sentence)
    edit = {
        "edit_message": number,
        "find": find,
        "replacement": replacement,
        "reason": f"Simulated: «{title.lower()}» may mend this.",
    }
    return {"title": title, "side_effect": "Answers may sound different.", "edits": [edit]}


def _first_line(text: str, sentence: str) -> tuple[str, str]:
    """Return the edit that puts a sentence behind the first line, where instructions stand, or before it, where blanks do."""
    line = text.partition("\n")[0].strip()
    if not line or text.count(line) != 1:
        return "", sentence
    return line, f"{sentence}\n{line}" if "{{" in line else f"{line}\n{sentence}"
