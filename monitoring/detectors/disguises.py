"""Texts that hide what they say: encoded, turned, spelt with look-alikes; each reading comes with where it stood."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_MOST_READINGS = 8
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,8000}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[ :]?){12,2000}")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,4000}")
_SPACED = re.compile(r"(?:\b[A-Za-z0-9@$!](?:[ .*_\-|/]{1,2}|  )){7,400}[A-Za-z0-9@$!]\b")
_LEET = str.maketrans("013457@$!", "oieastasi")
# Letters of other scripts that look like ours; what NFKC does not already fold.
_LOOKALIKES = str.maketrans(
    "аеіорсухѕԁԛԝһјАВЕІКМНОРСТХЅЈαορνικτυβεηχΑΒΕΖΗΙΚΜΝΟΡΤΥΧɡɑıℓ",
    "aeiopcyxsdqwhjABEIKMHOPCTXSJaopviktuBenxABEZHIKMNOPTYXgail",
)
_ENGLISH = re.compile(
    r"\b(?:the|and|all|you|your|are|ignore|instructions?|previous|system|prompt|to|of|is|in|me|print|say|rules)\b"
)
_LETTERS = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a disguised part says, and where the disguise stands in the text."""

    text: str
    start: int
    end: int
    why: str


def readings(text: str) -> list[Reading]:
    """Return what is hidden in a text, without the text itself."""
    found = [
        *_encoded(text, _BASE64, _from_base64, "is written in Base64"),
        *_encoded(text, _HEX, _from_hex, "is written in hexadecimal"),
    ]
    found += [
        Reading(
            "".join(chr(ord(letter) - 0xE0000) for letter in match.group()),
            *match.span(),
            "is written in invisible tags",
        )
        for match in _TAGS.finditer(text)
    ]
    found += [
        Reading(
            re.sub(r"[^A-Za-z0-9@$!]", "", match.group()).translate(_LEET), *match.span(), "is spelt letter by letter"
        )
        for match in _SPACED.finditer(text)
    ]
    for reading in (_without_invisible(text), _without_lookalikes(text), _turned(text), _leet(text), _backwards(text)):
        if reading:
            found.append(reading)
    return found[:_MOST_READINGS]


def _encoded(text: str, shape: re.Pattern[str], decode: Callable[[str], bytes], why: str) -> list[Reading]:
    found: list[Reading] = []
    for match in shape.finditer(text):
        if len(found) == _MOST_READINGS:
            break
        try:
            said = decode(match.group()).decode("utf-8")
        except (ValueError, binascii.Error):
            continue
        if len(said) >= 8 and sum(letter.isprintable() or letter.isspace() for letter in said) == len(said):
            found.append(Reading(said, *match.span(), why))
    return found


def _from_base64(text: str) -> bytes:
    text = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _from_hex(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", " "))


def _without_invisible(text: str) -> Reading | None:
    hidden = [match.start() for match in _INVISIBLE.finditer(text)]
    if len(hidden) < 3:
        return None
    return Reading(_INVISIBLE.sub("", text), hidden[0], hidden[-1] + 1, "is broken up by invisible characters")


def _without_lookalikes(text: str) -> Reading | None:
    if text.isascii():
        return None
    same = unicodedata.normalize("NFKC", text).translate(_LOOKALIKES)
    # A Russian or Greek text has few Latin letters of its own; a disguised English one has many.
    if same == text or len(_LETTERS.findall(same)) < 0.6 * sum(map(str.isalpha, same)):
        return None
    changed = [place for place, letter in enumerate(text) if not letter.isascii() and letter.isalpha()]
    return (
        Reading(same, changed[0], changed[-1] + 1, "is spelt with letters that only look the same") if changed else None
    )


def _turned(text: str) -> Reading | None:
    turned = codecs.encode(text, "rot13")
    return _if_clearer(text, turned.lower(), "is written in ROT13")


def _leet(text: str) -> Reading | None:
    if sum(text.count(sign) for sign in "013457@$") < 3:
        return None
    return _if_clearer(text, text.lower().translate(_LEET), "is spelt with digits for letters")


def _backwards(text: str) -> Reading | None:
    return _if_clearer(text, text[::-1].lower(), "is written backwards")


def _if_clearer(text: str, other: str, why: str) -> Reading | None:
    before, after = len(_ENGLISH.findall(text.lower())), len(_ENGLISH.findall(other))
    return Reading(other, 0, len(text), why) if after >= 2 and after > before + 1 else None
