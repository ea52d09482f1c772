"""Finds API keys, passwords and signed tokens in a text; time grows with the length of the text alone."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator

import orjson

Span = tuple[int, int]

# Shapes that name their issuer.
_ISSUED = re.compile(
    r"""
    (?:AKIA|ASIA)[A-Z0-9]{16}
  | gh[pousr]_[A-Za-z0-9]{20,255} | github_pat_[A-Za-z0-9_]{20,255} | glpat-[A-Za-z0-9_-]{16,255}
  | xox[a-z]-[A-Za-z0-9-]{10,255} | xapp-[A-Za-z0-9-]{10,255}
  | cb_[A-Za-z0-9]{6,20}_[A-Za-z0-9_-]{20,255}
  | AIza[A-Za-z0-9_-]{30,255} | hf_[A-Za-z0-9]{20,255} | npm_[A-Za-z0-9]{30,255} | pypi-[A-Za-z0-9_-]{30,1024}
  | [prs]k_(?:live|test)_[A-Za-z0-9]{10,255} | whsec_[A-Za-z0-9+/=]{16,255} | SG\.[\w-]{16,64}\.[\w-]{16,128}
  | -----BEGIN\ [A-Z0-9 ]{0,40}PRIVATE\ KEY-----.*?(?:-----END\ [A-Z0-9 ]{0,40}PRIVATE\ KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
# «sk-» is also the end of words such as «task-» and «risk-», so what follows must look made by a machine.
_SK = re.compile(r"sk-([A-Za-z0-9_-]{16,255})")
_SIGNED = re.compile(r"\b(?:bearer|basic)\s{1,4}([A-Za-z0-9._~+/-]{16,2048}={0,2})", re.IGNORECASE)
_NAME = r"(?:key|secret|token|passw(?:or)?d|passphrase|passwort|kennwort|pwd|credentials?|authorization)"
_NAMED = re.compile(
    rf"({_NAME})[\"']{{0,2}}\s{{0,4}}(?:[:=]|=>)\s{{0,4}}[\"']?([^\s\"',;&<>()\[\]{{}}]{{6,1024}})", re.IGNORECASE
)
_SECRET_NAME = re.compile(rf"(?:^|.*[^A-Za-z]|.*[a-z](?=[A-Z])|.*api_?){_NAME}$", re.IGNORECASE)
_PASSWORD_NAME = re.compile("pass|pwd|kennwort", re.IGNORECASE)
_RUN = re.compile("[A-Za-z0-9]{16,}")


def find_secrets(text: str) -> Iterator[Span]:
    """Yield where API keys, private keys, passwords and other credentials stand."""
    for match in _ISSUED.finditer(text):
        yield match.span()
    for match in _SK.finditer(text):
        if _is_made_by_a_machine(match.group(1)):
            yield match.span()
    for match in _SIGNED.finditer(text):
        if is_random(match.group(1)):
            yield match.span(1)
    for match in _NAMED.finditer(text):
        if is_secret(match.group(2), name=match.group(1)):
            yield match.span(2)


def is_secret_name(name: str) -> bool:
    """Tell whether something of this name holds a credential: api_key, accessToken, db.password."""
    return bool(_SECRET_NAME.match(name))


def is_secret(value: str, *, name: str) -> bool:
    """Tell whether the value of something with such a name is a credential and not a word about one."""
    if _PASSWORD_NAME.search(name):
        return len(value) >= 6 and not value.isalpha()
    return is_random(value)


def is_random(value: str) -> bool:
    """Tell whether a value looks drawn by chance: long, of letters and digits, with few repeats."""
    digits, lower, upper = (sum(map(test, value)) for test in (str.isdigit, str.islower, str.isupper))
    if digits < 2 or lower + upper < 2:
        return False
    if lower and upper and len(value) >= 10:
        return True
    return len(value) >= 16 and _entropy(value) >= 3.0


def _entropy(value: str) -> float:
    counts = Counter(value[:256])
    total = sum(counts.values())
    return -sum(count / total * math.log2(count / total) for count in counts.values())


def _is_made_by_a_machine(value: str) -> bool:
    run = _RUN.search(value)
    has_digits = sum(map(str.isdigit, value)) >= 3
    if run and (len(run.group()) >= 20 or any(map(str.isdigit, run.group()))):
        return True
    return has_digits and any(map(str.islower, value)) and any(map(str.isupper, value))


# Signed tokens (JWT)

_DOTTED = re.compile(r"[A-Za-z0-9_.-]{20,}")
_JSON_STARTS = re.compile("e(?=[yw])")
_MOST_STARTS = 8


def find_tokens(text: str) -> Iterator[Span]:
    """Yield where signed tokens stand: three parts joined by dots, of which the first is a JSON object in base64url."""
    if "ey" not in text and "ew" not in text:
        return
    for run in _DOTTED.finditer(text):
        parts = run.group().split(".")
        place, number = run.start(), 0
        while number + 2 < len(parts):
            start = _header_start(parts[number])
            if start is None or not parts[number + 1]:
                place += len(parts[number]) + 1
                number += 1
                continue
            last = number + (5 if _is_encrypted(parts, number) else 3)
            end = place + sum(map(len, parts[number:last])) + (last - number - 1)
            yield place + start, end
            place, number = end + 1, last


def _header_start(part: str) -> int | None:
    for count, start in enumerate(_JSON_STARTS.finditer(part)):
        if count == _MOST_STARTS:
            break
        if _is_json_object(part[start.start() : start.start() + 8192]):
            return start.start()
    return None


def _is_encrypted(parts: list[str], number: int) -> bool:
    return len(parts) - number >= 5 and bool(parts[number + 3]) and bool(parts[number + 4])


def _is_json_object(part: str) -> bool:
    try:
        return isinstance(orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))), dict)
    except (ValueError, binascii.Error):
        return False
