"""Looks over suggested edits before a call is paid for them: what a model writes about a prompt is not to be trusted.

It may have been talked into something by an example, and it may know the examples by heart instead of mending the cause.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from evals.errors import EvalsError
from evals.judges import fences
from evals.proposals import edits
from evals.proposals.edits import Candidate, Edit
from prompt_registry import contents, rendering, texts
from prompt_registry.contents import PromptContent
from prompt_registry.references import TAG

MOST_EDITS = 3
# So much longer a prompt may get; a short one by so many characters.
GROWTH, ALWAYS_ALLOWED = 0.15, 300
# So much of it may go, or be replaced.
REMOVED, ALWAYS_REMOVED = 0.5, 200
# So many words in a row that also stand in an example were copied from it.
RUN = 5
# A sentence that holds nearly all telling words of an example stands for that example.
_TELLING, _FEWEST_TELLING, _SHORTEST_WORD = 0.75, 5, 4
_LONGEST_NUMBER = 4

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ADDRESS = re.compile(
    r"\b(?:https?|ftp)://|\bwww\.|\b[\w-]+\.(?:com|org|net|io|dev|app|ai|info|biz|xyz)\b|[\w.+-]+@[\w-]+\.\w",
    re.IGNORECASE,
)
_TOOL = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b|\b[A-Za-z_][\w.]*\(\)|\b[a-z]+[A-Z]\w*\b")
_OVERRIDE = re.compile(
    r"\b(?:ignore|forget|disregard|override)\b[^.\n]{0,30}\b(?:previous|prior|above|earlier|former|all other)\b|\bsystem prompt\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[^\W\d_,;:] )[A-ZÄÖÜ][^\W\d_]{2,}")


def _unmasked(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The examples that a suggestion was made from, and what masks personal data."""

    examples: Sequence[str] = ()
    mask: Callable[[str], str] = field(default=_unmasked)


def problems_of(base: PromptContent, candidate: Candidate, around: Surroundings) -> list[str]:
    """Return why a suggestion is not even tried, in sentences; empty when it may be."""
    if not candidate.edits:
        return ["It changes nothing."]
    if len(candidate.edits) > MOST_EDITS:
        return [f"It makes more than {MOST_EDITS} edits."]
    try:
        changed = edits.apply(base, candidate.edits)
    except EvalsError as error:
        return [str(error)]
    if changed.texts == base.texts:
        return ["It changes nothing."]
    wrong = [_blanks(base, changed), _size(base, changed, candidate)]
    added = [edit.replacement for edit in candidate.edits]
    known = "\n".join(base.texts)
    wrong += [_forbidden(text, known, around) for text in added]
    wrong += [_copied(text, known, around.examples) for text in added]
    wrong += [problem.sentence for problem in contents.problems_of(changed)]
    return list(dict.fromkeys(sentence for sentence in wrong if sentence))


def added_characters(base: PromptContent, candidate: Candidate) -> int:
    """Return how much longer a prompt gets."""
    return sum(map(len, edits.apply(base, candidate.edits).texts)) - sum(map(len, base.texts))


def _blanks(base: PromptContent, changed: PromptContent) -> str:
    for pattern in (rendering.VARIABLE, TAG):
        before, after = (Counter(pattern.findall("\n".join(one.texts))) for one in (base, changed))
        if before != after:
            return "It adds, renames or removes a blank or a snippet."
    return ""


def _size(base: PromptContent, changed: PromptContent, candidate: Candidate) -> str:
    before, after = (sum(map(len, one.texts)) for one in (base, changed))
    if after > max(before * (1 + GROWTH), before + ALWAYS_ALLOWED):
        return "It makes the prompt more than 15 % longer."
    if sum(map(_gone, candidate.edits)) > max(before * REMOVED, ALWAYS_REMOVED):
        return "It rewrites more than half of the prompt."
    return ""


def _gone(edit: Edit) -> int:
    """Return how much of a passage goes; what stands around it again in its replacement stays."""
    kept = _alike(edit.find, edit.replacement)
    rest, come = edit.find[kept:], edit.replacement[kept:]
    return len(rest) - _alike(rest[::-1], come[::-1])


def _alike(one: str, other: str) -> int:
    """Return with how many of the same signs two texts begin."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (sign, its) in enumerate(pairs) if sign != its), min(len(one), len(other)))


def _forbidden(added: str, known: str, around: Surroundings) -> str:
    if any(found.casefold() not in known.casefold() for found in _found(_ADDRESS, added)):
        return "It adds an address of a web page or of a mailbox."
    if any(found not in known for found in _found(_TOOL, added)):
        return "It names a tool or a field that the prompt does not name."
    if _OVERRIDE.search(added) and not _OVERRIDE.search(known):
        return "It speaks of setting other instructions aside."
    if texts.clean(added) != added or fences.defused(added) != added:
        return "It holds hidden signs, or marks that models take for the end of a text."
    if around.mask(added) != around.mask(known) and around.mask(added) != added:
        return "It holds what looks like personal data or a secret."
    return ""


def _found(pattern: re.Pattern[str], text: str) -> Iterable[str]:
    return (match[0] for match in pattern.finditer(text))


def _copied(added: str, known: str, examples: Sequence[str]) -> str:
    """Return what was taken from an example and does not stand in the prompt already."""
    runs, told = _runs(added) - _runs(known), [_telling(sentence) for sentence in _SENTENCE.split(added)]
    numbers = {word for word in _WORD.findall(added) if word.isdigit() and len(word) >= _LONGEST_NUMBER}
    names, said = set(_NAME.findall(added)), set(_WORD.findall(known))
    for example in examples:
        if runs & _runs(example) or _stands_for(told, example, known):
            return "It copies an example instead of saying what to do about all such questions."
        words = set(_WORD.findall(example))
        if (numbers | names) & words - said:
            return "It holds a number or a name from an example."
    return ""


def _runs(text: str) -> set[tuple[str, ...]]:
    words = [word.casefold() for word in _WORD.findall(text)]
    return {tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}


def _telling(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text) if len(word) >= _SHORTEST_WORD}


def _stands_for(told: Sequence[set[str]], example: str, known: str) -> bool:
    telling = _telling(example)
    if len(telling) < _FEWEST_TELLING:
        return False
    new = telling - _telling(known)
    return any(len(sentence & telling) >= _TELLING * len(telling) and sentence & new for sentence in told)
