"""Finds what may be blanks in a prompt that was written for something else, and turns the chosen ones into blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

MAX_CANDIDATES = 200
_CONTEXT = 40

_PYTHON_STRING = re.compile(
    r"""\s*(?P<raw>[rR]?)[fF](?P<raw_too>[rR]?)(?P<quote>\"{3}|'{3}|"|')(?P<text>.*)(?P=quote)\s*""", re.DOTALL
)
_ESCAPED = re.compile(r"\\([nt\\'\"\n])")
_MEANT = {"n": "\n", "t": "\t", "\n": ""}
_IN_PYTHON_STRING = re.compile(
    r"(?P<doubled>\{\{|\}\})|\{(?P<braces>[^{}\n]{1,120})\}|<(?P<angle>[A-Za-z_][\w -]{0,60})>"
)
_ELSEWHERE = re.compile(
    r"(?P<blank>\{\{\s*[A-Za-z_][A-Za-z0-9_.-]*\s*\}\})"
    r"|(?P<doubled>\{\{|\}\})"
    r"|\$\{(?P<dollar>[^{}\n]{1,120})\}"
    r"|%\((?P<percent>[A-Za-z_]\w*)\)[sdrf]"
    r"|\{(?P<braces>[^{}\n]{1,120})\}"
    r"|<(?P<angle>[A-Za-z_][\w -]{0,60})>"
)
# What may stand in braces outside Python: a name, parts of a thing, a format; sentences and JSON are left alone.
_VALUE = re.compile(r"\s*[A-Za-z_][\w.-]*(\[[^\[\]{}]{0,40}\])*\s*(![rsa])?(:[^{}]{0,20})?\s*")
_FORMAT = re.compile(r"(![rsa])?(:[^:\[\]\"']*)?$")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_MARKUP = frozenset(
    "a b body br code div em example examples h1 h2 h3 head hr html i img input li ol p pre script span strong style table td th title "
    "tr u ul".split()
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something in a pasted text that may be a blank: as it is written there, and the name it would get."""

    written: str
    name: str
    before: str
    after: str
    count: int = 1
    is_likely: bool = True


@dataclass(frozen=True, slots=True)
class Pasted:
    """A pasted text without its Python quotes, and what may be blanks in it."""

    text: str
    is_python: bool
    candidates: list[Candidate]

    @property
    def doubles_braces(self) -> bool:
        """Tell whether `{{` stands for a single brace in the text, as in Python's format strings."""
        if self.is_python:
            return True
        has_plain = any(one.written.startswith("{") for one in self.candidates)
        return has_plain and any(match["doubled"] for match in _ELSEWHERE.finditer(self.text))


def look(text: str) -> Pasted:
    """Return the text and what may be blanks in it, each once, in order of appearance."""
    quoted = _PYTHON_STRING.fullmatch(text)
    is_python = quoted is not None
    text = _content(quoted) if quoted else text
    found: dict[str, Candidate] = {}
    for candidate in _candidates(text, is_python):
        known = found.get(candidate.written)
        if known is not None:
            found[candidate.written] = replace(known, count=known.count + 1)
        elif len(found) < MAX_CANDIDATES:
            found[candidate.written] = candidate
    return Pasted(text, is_python, list(found.values()))


def convert(pasted: Pasted, names: Mapping[str, str], *, halves_braces: bool) -> str:
    """Return the text with the chosen candidates as blanks; everything else stays, apart from doubled braces."""

    def put(match: re.Match[str]) -> str:
        if match[0] in names:
            return f"{{{{{names[match[0]]}}}}}"
        return match[0][0] if match["doubled"] and halves_braces else match[0]

    return _pattern(pasted.is_python).sub(put, pasted.text)


def name_for(written: str) -> str:
    """Return a usable name for what stands in the braces: its own when it is one, otherwise close to it."""
    bare = _FORMAT.sub("", written.strip().rstrip("="), count=1).strip()
    if _NAME.fullmatch(bare):
        return bare
    name = re.sub(r"[^A-Za-z0-9_]+", "_", bare).strip("_")[:60] or "blank"
    return name if _NAME.fullmatch(name) else f"blank_{name}"


def _content(quoted: re.Match[str]) -> str:
    """Return what a Python string says."""
    if quoted["raw"] or quoted["raw_too"]:
        return quoted["text"]
    return _ESCAPED.sub(lambda match: _MEANT.get(match[1], match[1]), quoted["text"])


def _pattern(is_python: bool) -> re.Pattern[str]:
    return _IN_PYTHON_STRING if is_python else _ELSEWHERE


def _candidates(text: str, is_python: bool) -> Iterator[Candidate]:
    for match in _pattern(is_python).finditer(text):
        if inside := _inside(match, is_python):
            before, after = text[max(0, match.start() - _CONTEXT) : match.start()], text[match.end() :][:_CONTEXT]
            yield Candidate(match[0], name_for(inside), before, after, is_likely=_is_likely(match, text))


def _inside(match: re.Match[str], is_python: bool) -> str:
    groups = match.groupdict()
    inside = next((groups[name] for name in ("dollar", "percent", "braces", "angle") if groups.get(name)), "")
    if groups.get("braces") and not is_python and not _VALUE.fullmatch(inside):
        return ""
    return inside if any(letter.isalpha() for letter in inside) else ""


def _is_likely(match: re.Match[str], text: str) -> bool:
    angle = match["angle"]
    return angle is None or (angle.lower() not in _MARKUP and f"</{angle}>" not in text)
