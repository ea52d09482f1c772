"""What the simulated model answers when it is asked to judge texts.

It knows such a question by the form it asks for, reads the texts between their fences and judges by `criteria`. The random
words of the fences are left out of account: the same texts get the same verdict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prompt_registry.providers.simulated import criteria
from prompt_registry.providers.simulated.reading import Message

_WORD = re.compile(r"random word of this question is ([0-9a-f]{16})\b")
_CRITERION = re.compile(r"^(criterion_\d+): (.+)$", re.MULTILINE)
# Like many judges it likes the first of two answers a little better; asking in both orders shows that.
_LIKES_FIRST = 0.04
_CLEARLY = 0.06
_PLAN = "judge_verdict"


@dataclass(frozen=True, slots=True)
class Task:
    """A question to a judge: what is to be judged how, and the texts by their names."""

    words: str
    texts: dict[str, str]

    @property
    def answer(self) -> str:
        return self.texts.get("NEW ANSWER") or self.texts.get("ANSWER", "")


def asks_for_verdict(schema: Mapping[str, Any] | None) -> bool:
    """Tell whether the form is that of a judge's answer."""
    properties = _properties(schema)
    return _PLAN in properties or any(_PLAN in _properties(one) for one in properties.values())


def verdict(*, messages: Sequence[Message], schema: Mapping[str, Any]) -> str:
    """Return the judge's answer as JSON that fits the schema."""
    task = _task(messages)
    properties = _properties(schema)
    if _PLAN in properties:
        return json.dumps(_said(_one(task, _choices(properties)), task.words, task), ensure_ascii=False)
    lines = dict(_CRITERION.findall(task.words))
    found = {name: _criterion(lines.get(name, ""), task) for name in properties}
    return json.dumps(found, ensure_ascii=False)


def _task(messages: Sequence[Message]) -> Task:
    text = next((message.content for message in reversed(messages) if message.role == "user"), "")
    word = _WORD.search(text)
    if word is None:
        return Task(text, {"ANSWER": text})
    fenced = re.compile(rf"<<<BEGIN ([A-Z ]+) {word[1]}>>>\n(.*?)\n<<<END \1 {word[1]}>>>", re.DOTALL)
    return Task(text[: word.start()], dict(fenced.findall(text)))


def _one(task: Task, choices: Sequence[str]) -> str:
    if "first" in choices:
        return _better(task)
    if "fully" in choices:
        return criteria.incorporated(task.texts.get("FEEDBACK", ""), task.texts.get("OLD ANSWER", ""), task.answer)
    if "correct" in choices:
        return criteria.agreement(task.answer, task.texts.get("REFERENCE", ""))
    wanted = task.words.rpartition("The criterion:")[2]
    return "yes" if criteria.is_met(wanted, task.answer, task.texts) else "no"


def _better(task: Task) -> str:
    first, second = (criteria.merit(task.texts.get(name, ""), task.texts) for name in ("FIRST ANSWER", "SECOND ANSWER"))
    ahead = first + _LIKES_FIRST - second
    return "same" if abs(ahead) < _CLEARLY else "first" if ahead > 0 else "second"


def _criterion(line: str, task: Task) -> dict[str, str]:
    return _said("yes" if criteria.is_met(line, task.answer, task.texts) else "no", line, task)


def _said(word: str, about: str, task: Task) -> dict[str, str]:
    answer = task.answer or task.texts.get("FIRST ANSWER", "")
    about = task.texts.get("FEEDBACK") or task.texts.get("REFERENCE") or about
    return {
        "judge_reason": f"Simulated verdict «{word}», by the words of the text alone.",
        "judge_quote": criteria.telling_sentence(answer, about),
        "judge_verdict": word,
    }


def _choices(properties: Mapping[str, Any]) -> Sequence[str]:
    found = properties[_PLAN]
    choices = found.get("enum") if isinstance(found, Mapping) else None
    return [str(one) for one in choices] if isinstance(choices, list) else []


def _properties(schema: Any) -> Mapping[str, Any]:
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else {}
