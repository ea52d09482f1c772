"""Masks one text: finds what is sensitive and puts something else in its place, inside JSON too."""

from __future__ import annotations

import hmac
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from monitoring.ingest import masking_detectors as detectors
from monitoring.ingest.masking_numbers import is_card
from monitoring.ingest.masking_rules import Rule
from monitoring.kinds import IdMode, MaskMode, Sensitive

WITHHELD = "[withheld]"
_MAX_NESTED = 8
# a@b.co
_SHORTEST = 6
_HASH_LETTERS = 10
# Letters alone, so that a hash never looks like a number or a key.
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_ALL: frozenset[Sensitive] = frozenset(Sensitive)
# A string with the colon that makes it a key, or a whole number long enough to be a card.
_JSON_PIECE = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|(?<![0-9.eE+-])([0-9]{13,19})(?![0-9.eE])', re.DOTALL)


class FieldWithheld(Exception):
    """The text holds something that lets the whole field be withheld."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a project wants to be done to its calls before they are stored."""

    modes: Mapping[Sensitive, MaskMode] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    ids: IdMode = IdMode.KEEP
    is_metrics_only: bool = False

    @property
    def active(self) -> dict[Sensitive, MaskMode]:
        return {kind: mode for kind, mode in self.modes.items() if mode is not MaskMode.OFF}

    @property
    def changes_nothing(self) -> bool:
        return not (self.active or self.rules or self.is_metrics_only or self.ids is not IdMode.KEEP)


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    label: str
    mode: MaskMode


@dataclass(frozen=True, slots=True)
class _Look:
    """What is worth looking for in a text."""

    kinds: Collection[Sensitive]
    rules: Collection[Rule]


class TextMasker:
    """Masks texts by a policy; holds no state, so threads share it."""

    def __init__(self, policy: Policy, *, key: bytes) -> None:
        self._modes = policy.active
        self._rules = tuple(rule for rule in policy.rules if rule.mode is not MaskMode.OFF)
        self._key = key
        self._looks_around = any(rule.looks_around for rule in self._rules)
        self._prefilter = detectors.Prefilter(self._modes)
        labels = "|".join(map(re.escape, [*Sensitive, *(rule.name for rule in self._rules)]))
        self._replaced = re.compile(rf"\[(?:{labels})(?::[a-p]{{{_HASH_LETTERS}}})?\]")

    @property
    def changes_nothing(self) -> bool:
        return not (self._modes or self._rules)

    def may_hold(self, texts: str) -> bool:
        """Tell in one look whether any of several texts, joined into one, may hold something to mask."""
        return bool(self._prefilter(texts)) or bool(self._rules and ("\\" in texts or self._may_match(texts)))

    def mask(self, text: str, *, name: str = "") -> str:
        """Return the text with what is sensitive replaced; `name` is what the text is the value of.

        Raises FieldWithheld when something in it lets the whole field be withheld.
        """
        if len(text) < _SHORTEST and not self._rules:
            return text
        kinds = self._prefilter(f"{name}={text}" if name else text)
        rules = self._rules if self._rules and self._may_match(_content(text)) else ()
        return self._masked(text, _Look(kinds, rules), name, 0) if kinds or rules else text

    def value(self, value: Any, *, name: str = "") -> Any:
        """Return an attribute value with all texts in it masked; keys stay as they are."""
        if isinstance(value, str):
            return self.mask(value, name=name)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return self._number(value)
        if isinstance(value, list):
            return [self.value(item, name=name) for item in value]
        if isinstance(value, dict):
            return {key: self.value(item, name=str(key)) for key, item in value.items()}
        return value

    def pieces(self, masked: str) -> list[tuple[str, bool]]:
        """Return a masked text in pieces, each with whether it stands for something that was replaced."""
        pieces, done = [], 0
        for match in self._replaced.finditer(masked):
            pieces += [(masked[done : match.start()], False), (match.group(), True)]
            done = match.end()
        return [piece for piece in [*pieces, (masked[done:], False)] if piece[0]]

    def hashed(self, text: str) -> str:
        """Return the short keyed hash of a text: equal texts of one project have equal hashes."""
        digest = hmac.new(self._key, text.encode("utf-8", "replace"), sha256).hexdigest()
        return digest[:_HASH_LETTERS].translate(_LETTERS)

    def _number(self, number: int) -> Any:
        mode = self._modes.get(Sensitive.CARD)
        if mode is None or number < 10**12 or not is_card(digits := str(number)):
            return number
        return self._replacement(_Found(0, len(digits), Sensitive.CARD, mode), digits)

    def _may_match(self, texts: str) -> bool:
        return self._looks_around or any(rule.matches(texts) for rule in self._rules)

    def _masked(self, text: str, look: _Look, name: str, depth: int) -> str:
        if depth < _MAX_NESTED and _looks_like_json(text) and _is_json(text):
            return self._masked_json(text, look, name, depth)
        return self._replace(text, self._find(text, look, name))

    def _masked_json(self, text: str, look: _Look, name: str, depth: int) -> str:
        """Mask the strings and long numbers of a JSON text one by one; every other character stays as it was sent."""
        key = name

        def masked_piece(piece: re.Match[str]) -> str:
            nonlocal key
            literal, colon, digits = piece.groups()
            if digits:
                masked = self._number(int(digits))
                return digits if isinstance(masked, int) else orjson.dumps(masked).decode()
            content = orjson.loads(literal) if "\\" in literal else literal[1:-1]
            if colon:
                key = content
                return piece.group()
            if len(content) < _SHORTEST and not look.rules:
                return literal
            masked = self._masked(content, look, key, depth + 1)
            return literal if masked == content else orjson.dumps(masked).decode()

        return _JSON_PIECE.sub(masked_piece, text)

    def _find(self, text: str, look: _Look, name: str) -> list[_Found]:
        named = detectors.kind_of_name(name) if name else None
        if named in self._modes and named in look.kinds and detectors.is_what_its_name_says(named, text, name=name):
            return [_Found(0, len(text), named, self._modes[named])]
        found = [
            _Found(start, end, kind, self._modes[kind])
            for kind in look.kinds
            for start, end in detectors.find(kind, text)
        ]
        for rule in look.rules:
            found += [_Found(start, end, rule.name, rule.mode) for start, end in rule.find(text)]
        return found

    def _replace(self, text: str, found: list[_Found]) -> str:
        if not found:
            return text
        pieces, done = [], 0
        for item in self._apart(text, found):
            pieces += [text[done : item.start], self._replacement(item, text[item.start : item.end])]
            done = item.end
        return "".join([*pieces, text[done:]])

    def _apart(self, text: str, found: Iterable[_Found]) -> list[_Found]:
        """Return what was found in order; what overlaps is one, and what was replaced before is left alone."""
        before = [match.span() for match in self._replaced.finditer(text)]
        starts = [start for start, _ in before]
        apart: list[_Found] = []
        for item in sorted(found, key=lambda item: (item.start, -item.end, item.label)):
            nearest = bisect_right(starts, item.start) - 1
            if nearest >= 0 and item.end <= before[nearest][1]:
                continue
            if apart and item.start < apart[-1].end:
                last = apart[-1]
                mode = last.mode if _STRICTNESS(last.mode) >= _STRICTNESS(item.mode) else item.mode
                apart[-1] = _Found(last.start, max(last.end, item.end), last.label, mode)
            else:
                apart.append(item)
        return apart

    def _replacement(self, item: _Found, found: str) -> str:
        if item.mode is MaskMode.DROP:
            raise FieldWithheld
        if item.mode is MaskMode.HASH:
            return f"[{item.label}:{self.hashed(_normal(item.label, found))}]"
        return f"[{item.label}]"


_STRICTNESS: Callable[[MaskMode], int] = [MaskMode.OFF, MaskMode.HASH, MaskMode.MASK, MaskMode.DROP].index


def _normal(label: str, found: str) -> str:
    """Return what different spellings of one value share."""
    if label == Sensitive.EMAIL:
        return found.lower().replace("%40", "@").replace("\\u0040", "@")
    if label in (Sensitive.PHONE, Sensitive.CARD, Sensitive.IBAN):
        return "".join([sign for sign in found.upper() if sign.isalnum()])
    return found


def _content(text: str) -> str:
    """Return what rules are tried on first: of JSON with escapes in it, its texts as they read."""
    if "\\" not in text or not _looks_like_json(text):
        return text
    try:
        return "\n".join(_texts_of(orjson.loads(text)))
    except orjson.JSONDecodeError:
        return text


def _texts_of(document: Any) -> Iterator[str]:
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            # Tool calls and the like carry JSON inside JSON.
            yield value if "\\" not in value else _content(value)
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            pending += value.values()


def _looks_like_json(text: str) -> bool:
    return text[:64].lstrip()[:1] in ("{", "[", '"')


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
