"""The built-in detectors: which kinds of sensitive data a text may hold, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache

import re2

from monitoring.ingest.masking_numbers import find_cards, find_ibans, find_phones, is_phone_alone
from monitoring.ingest.masking_secrets import find_secrets, find_tokens, is_secret, is_secret_name
from monitoring.kinds import Sensitive

Span = tuple[int, int]

_FINDERS: dict[Sensitive, Callable[[str], Iterable[Span]]] = {
    Sensitive.SECRET: find_secrets,
    Sensitive.TOKEN: find_tokens,
    Sensitive.CARD: find_cards,
    Sensitive.IBAN: find_ibans,
    Sensitive.PHONE: find_phones,
}
# What a text must hold to be worth a closer look. One automaton asks for all of them in one pass.
_DASH = r"\-\x{2010}\x{2011}\x{2013}"
_SPACE = r" \x{a0}\x{2007}\x{202f}"
_SIGNS = {
    Sensitive.EMAIL: r"@|%40|\\u0040",
    Sensitive.PHONE: rf"[0-9](?:[{_SPACE}().{_DASH}/]{{0,3}}[0-9]){{6}}",
    Sensitive.CARD: rf"[0-9](?:[{_SPACE}{_DASH}]?[0-9]){{12}}",
    Sensitive.IBAN: rf"[A-Za-z]{{2}}[0-9]{{2}}(?:[{_SPACE}{_DASH}]?[A-Za-z0-9]){{11}}",
    Sensitive.TOKEN: r"e[yw][A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.",
    Sensitive.SECRET: (
        r"sk-|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|xapp-|cb_|AIza|hf_|npm_|pypi-|[prs]k_(?:live|test)_|whsec_"
        r"|SG\.|PRIVATE KEY|(?i:key|secret|token|passw|passphrase|pwd|kennwort|credential|authorization)[^\n]{0,8}[=:]"
        r"|(?i:bearer|basic)\s"
    ),
}  # fmt: skip
# In JSON any of these characters may be written as an escape.
_ESCAPED = r"\\u00[0-7]|\\u00[aA]0|\\u20|\\u202"
_PHONE_NAME = re.compile("phone|mobile|telefon|telephone|handy|fax|(?:^|[^a-z])tel$", re.IGNORECASE)
# The automaton answers «nothing» when it has no room for its states; these patterns need a hundredth of this.
_ROOM = 64 << 20


class Prefilter:
    """Says in one pass which of some kinds a text may hold; it never misses one and is sometimes wrong the other way."""

    def __init__(self, kinds: Collection[Sensitive]) -> None:
        self._kinds = tuple(kinds)
        self._all = frozenset(kinds)
        options = re2.Options()
        options.max_mem, options.log_errors, options.never_capture = _ROOM, False, True
        self._set = re2.Set.SearchSet(options)
        for kind in self._kinds:
            self._set.Add(_SIGNS[kind])
        self._set.Add(_ESCAPED)
        self._set.Compile()

    def __call__(self, text: str) -> frozenset[Sensitive]:
        """Return the kinds that the text may hold, as it stands or once JSON escapes in it are read."""
        found = self._set.Match(text.encode("utf-8", "replace"))
        if not found:
            return _NOTHING
        if len(self._kinds) in found:
            return self._all
        return frozenset([self._kinds[number] for number in found])


_NOTHING: frozenset[Sensitive] = frozenset()


def find(kind: Sensitive, text: str) -> Iterable[Span]:
    """Return where data of this kind stands in the text."""
    return find_emails(text) if kind is Sensitive.EMAIL else _FINDERS[kind](text)


@lru_cache(maxsize=4096)
def kind_of_name(name: str) -> Sensitive | None:
    """Return what a value must be by its name alone: a credential, a phone number, or nothing in particular."""
    if is_secret_name(name):
        return Sensitive.SECRET
    return Sensitive.PHONE if _PHONE_NAME.search(name) else None


def is_what_its_name_says(kind: Sensitive, value: str, *, name: str) -> bool:
    """Tell whether a whole value is of the kind that its name announces."""
    if kind is Sensitive.SECRET:
        return not any(map(str.isspace, value)) and is_secret(value, name=name)
    return is_phone_alone(value)


# E-mail addresses

_AT = re.compile(r"@|%40|\\u0040")
_LOCAL_BACKWARDS = re.compile(r"[\w.%+\-~]{1,128}")
_HOST = re.compile(r"[\w.\-]{1,255}")
_NAMED_HOST = re.compile(r"\w\.[^\W\d_]{2,}")


def find_emails(text: str) -> Iterator[Span]:
    """Yield where e-mail addresses stand; looks around every @, so that long texts without one cost nothing."""
    done = 0
    for at in _AT.finditer(text):
        before = text[max(done, at.start() - 128) : at.start()][::-1]
        local = _LOCAL_BACKWARDS.match(before)
        host = _HOST.match(text, at.end())
        if local and host and any(map(str.isalnum, local.group())) and _NAMED_HOST.search(host.group()):
            done = at.end() + len(host.group().rstrip(".-"))
            yield at.start() - local.end(), done
