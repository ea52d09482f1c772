"""Personal data and keys in an answer that the model was not given with the question: addresses, numbers, accounts, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from monitoring.detectors.findings import NOTHING, Evidence, Finding, in_order
from monitoring.ingest.masking_detectors import Prefilter, find
from monitoring.kinds import Sensitive

_MOST_CHARS = 32_768
_MOST_PIECES = 50
_WHY = {
    Sensitive.EMAIL: "is an e-mail address", Sensitive.PHONE: "is a phone number", Sensitive.CARD: "is a card number",
    Sensitive.IBAN: "is a bank account", Sensitive.SECRET: "is a key or password", Sensitive.TOKEN: "is an access token",
}  # fmt: skip
_SURENESS = {
    Sensitive.CARD: 0.97, Sensitive.IBAN: 0.97, Sensitive.SECRET: 0.95, Sensitive.TOKEN: 0.95, Sensitive.EMAIL: 0.9,
    Sensitive.PHONE: 0.8,
}  # fmt: skip
# What the receiver put in the place of data before the call was stored.
_MASKED = re.compile(rf"\[({'|'.join(map(re.escape, Sensitive))})(?::[a-p]{{10}})?\]")
# Addresses and numbers of nobody in particular: those of a desk, and those that are reserved for examples.
_DESKS = frozenset(
    """support info help hello contact sales service services office admin noreply no-reply donotreply do-not-reply privacy legal
    security billing press jobs careers team mail kundenservice kontakt feedback orders returns abuse postmaster webmaster
    name you your your.name yourname user username example email someone customer firstname.lastname first.last""".split()
)
_EXAMPLE_HOSTS = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net)|example|test|invalid|domain\.com|yourcompany\.com|company\.com|acme\.com|email\.com)$"
)
_FREE_OF_CHARGE = re.compile(r"^(?:\+?1)?8(?:00|88|77|66|55|44|33)\d{7}$|^(?:\+?49|0)800\d+$|^(?:\+?44|0)80[08]\d+$")
_FICTIONAL = re.compile(r"^(?:\+?1)?(?:\d{3})?55501\d\d$|^(?:\+?1)?\d{3}555\d{4}$|12345|^(\d)\1+$")


def given_away(output: str, given: str) -> Finding:
    """Tell whether an answer holds data of a person, or a key, that does not stand in what the model was given."""
    text = output[:_MOST_CHARS]
    pieces = [*_open(text, given), *_masked(text, given)]
    if not pieces:
        return NOTHING
    probability = max(sureness for _, sureness in pieces)
    return Finding(probability, is_flagged=True, evidence=in_order([evidence for evidence, _ in pieces]))


def _open(text: str, given: str) -> Iterator[tuple[Evidence, float]]:
    kinds = _prefilter()(text)
    known: str | None = None
    for kind in sorted(kinds):
        for number, (start, end) in enumerate(find(kind, text)):
            if number == _MOST_PIECES:
                break
            said = _normal(kind, text[start:end])
            if _is_nobodys(kind, said):
                continue
            # Normal forms of a long input cost more than most answers are worth: made when the first is asked for.
            known = known if known is not None else given.lower() + "\n" + _digits(given)
            # The country in front of a number may be written or not.
            if (said[-8:] if kind is Sensitive.PHONE else said) not in known:
                yield Evidence(start, end, _WHY[kind]), _SURENESS[kind]


def _masked(text: str, given: str) -> Iterator[tuple[Evidence, float]]:
    for match in _MASKED.finditer(text):
        if match.group() not in given:
            kind = Sensitive(match.group(1))
            yield Evidence(match.start(), match.end(), f"{_WHY[kind]} that was masked"), _SURENESS[kind]


def _normal(kind: Sensitive, said: str) -> str:
    if kind in (Sensitive.PHONE, Sensitive.CARD):
        return _digits(said)
    return "".join(said.lower().split()) if kind is Sensitive.IBAN else said.lower()


def _digits(text: str) -> str:
    """Return the text with nothing left between the digits of one number, as different people write it."""
    return re.sub(r"(?<=\d)[ \u00a0().\-/]{1,3}(?=\d)|^[+(]+", "", text).lower()


def _is_nobodys(kind: Sensitive, said: str) -> bool:
    if kind is Sensitive.EMAIL:
        local, _, host = said.replace("%40", "@").replace("\\u0040", "@").partition("@")
        return local in _DESKS or local.split("+")[0] in _DESKS or bool(_EXAMPLE_HOSTS.search(host))
    if kind is Sensitive.PHONE:
        return bool(_FREE_OF_CHARGE.search(said) or _FICTIONAL.search(said))
    return False


@cache
def _prefilter() -> Prefilter:
    return Prefilter(list(Sensitive))
