"""Finds characters that people cannot see or cannot tell apart, and gives them names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

INVISIBLE = "invisible"
DIRECTION = "direction"
LOOK_ALIKE = "look-alike"

# These turn the reading direction around, so that text reads differently from what the model gets.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKS = frozenset("\u200e\u200f\u061c")
_JOINERS = frozenset("\u200c\u200d")
# Letters of other scripts that look like a Latin letter.
_TWINS = dict(
    zip(
        "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅαινορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijshdqwABEKMHOPCTYXIJSaivoptuxABEZHIKMNOPTYX",
        strict=True,
    )
)
_LETTERS = re.compile(r"[^\W\d_]+")
# Letters, digits, spaces and what is on every keyboard need no second look; four letters are nothing but a gap.
_SUSPECTS = re.compile("[^\\w \n\t!-~]|[\u115f\u1160\u3164\uffa0]")


@dataclass(frozen=True, slots=True)
class Oddity:
    """One odd character or word, its name, and how often it occurs."""

    kind: str
    text: str
    name: str
    count: int = 1


def find(text: str) -> list[Oddity]:
    """Return the odd characters and words of a text, each once, in order of appearance."""
    if text.isascii() and not _has_controls(text):
        return []
    found: dict[str, Oddity] = {}
    for _, oddity in places(text):
        _count(found, oddity)
    return list(found.values())


def places(text: str) -> Iterator[tuple[int, Oddity]]:
    """Yield every odd character, then every odd word, with the place where it begins."""
    if text.isascii() and not _has_controls(text):
        return
    for suspect in _SUSPECTS.finditer(text):
        if kind := _kind(text, suspect.start()):
            yield suspect.start(), Oddity(kind, suspect[0], _name(suspect[0]))
    for word in _LETTERS.finditer(text):
        if twins := _twins(word[0]):
            yield word.start(), Oddity(LOOK_ALIKE, word[0], f"{_name(twins[0])} instead of «{_TWINS[twins[0]]}»")


def reveal(text: str) -> str:
    """Return the text with every invisible or direction-turning character spelled out."""
    if text.isascii() and not _has_controls(text):
        return text
    return "".join(f"[{_name(character)}]" if _kind(text, i) else character for i, character in enumerate(text))


def _kind(text: str, index: int) -> str:
    character = text[index]
    if character in _TURNING:
        return DIRECTION
    if character in _MARKS:
        return "" if _is_right_to_left(text, index) else DIRECTION
    if character in _JOINERS or (unicodedata.category(character) == "Mn" and _is_variation(character)):
        return "" if index and _takes_joiners(text[index - 1]) else INVISIBLE
    return INVISIBLE if _is_invisible(character) else ""


def _is_invisible(character: str) -> bool:
    if character in "\n\t" or (character.isascii() and character.isprintable()):
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn"} or character in "\u115f\u1160\u3164\uffa0\u2800"


def _is_variation(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _takes_joiners(before: str) -> bool:
    """Emoji, and scripts such as Persian or Hindi, are written with joiners; after a Latin letter they only hide."""
    return (not before.isascii() and unicodedata.category(before) in {"Lo", "Mn", "Mc", "So", "Sk", "Sm", "Po"}) or (
        before in "#*0123456789"
    )


def _is_right_to_left(text: str, index: int) -> bool:
    near = text[max(0, index - 40) : index + 40]
    return any(unicodedata.bidirectional(character) in {"R", "AL"} for character in near if character not in _MARKS)


def _twins(word: str) -> list[str]:
    """Return the letters of a mixed word that only look Latin, when nothing else is foreign in it."""
    if word.isascii():
        return []
    foreign = [letter for letter in word if not letter.isascii() and not _is_latin(letter)]
    if not foreign or len(foreign) == len(word) or any(letter not in _TWINS for letter in foreign):
        return []
    return foreign


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def _has_controls(text: str) -> bool:
    return not text.isprintable() and any(_is_invisible(character) for character in text)


def _name(character: str) -> str:
    name = unicodedata.name(character, "").lower()
    return f"{name} U+{ord(character):04X}" if name else f"U+{ord(character):04X}"


def _count(found: dict[str, Oddity], oddity: Oddity) -> None:
    earlier = found.get(oddity.text)
    found[oddity.text] = Oddity(oddity.kind, oddity.text, oddity.name, earlier.count + 1 if earlier else 1)
