"""Turns the ways in which other tools write a blank into `{{name}}`; braces that mean nothing there stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prompt_registry.imports.values import distinct, short
from prompt_registry.rendering import VARIABLE

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_F_STRING = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_MUSTACHE = re.compile(r"\{\{\{([^{}]*)\}\}\}|\{\{([^{}]*)\}\}")
_JINJA = re.compile(r"\{\{([^{}]*)\}\}|\{%[^%]*%\}|\{#[^#]*#\}")
_SNIPPET = re.compile(r"@@@([^@\n]{1,300})@@@")


@dataclass(frozen=True, slots=True)
class Converted:
    """A text with our blanks, and a sentence for everything that is not as it was."""

    text: str
    remarks: tuple[str, ...] = ()


Convert = Callable[[str], Converted]


def same(text: str) -> Converted:
    """Return the text as it is: its blanks are written like ours."""
    return Converted(text)


def f_string(text: str) -> Converted:
    """Read `{name}` as a blank and `{{` as a brace, as Python does."""
    remarks: list[str] = []
    pieces, made = [], 0
    for literal, token in _pieces(_F_STRING, text):
        replaced = _f_string_token(token, remarks)
        made += replaced.startswith("{{")
        pieces += [literal, replaced]
    result = "".join(pieces)
    if len(VARIABLE.findall(result)) > made:
        remarks.append("Double braces that were plain text there are read as a blank here.")
    return Converted(result, distinct(remarks))


def mustache(text: str) -> Converted:
    """Read `{{name}}`, `{{{name}}}` and `{{& name}}` as blanks; sections and partials stay as text."""
    remarks: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        inside = (match[1] if match[1] is not None else match[2]).strip()
        name = inside.removeprefix("&").strip()
        if _NAME.fullmatch(name):
            return f"{{{{{name}}}}}"
        if inside.startswith("!"):
            remarks.append("A comment was left out.")
            return ""
        kind = "A section, condition or partial" if inside[:1] in tuple("#^/>=") else "What has no plain name"
        remarks.append(f"{kind} stays as text: «{short(match[0])}». Blanks here have a name and no logic.")
        return match[0]

    return Converted(_MUSTACHE.sub(replaced, text), distinct(remarks))


def jinja(text: str) -> Converted:
    """Read `{{ name }}` as a blank; filters, calls, conditions and loops stay as text."""
    remarks: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        if match[1] is not None and _NAME.fullmatch(match[1].strip()):
            return f"{{{{{match[1].strip()}}}}}"
        if match[0].startswith("{#"):
            remarks.append("A comment was left out.")
            return ""
        remarks.append(f"Template logic stays as text: «{short(match[0])}». Blanks here have a name and no logic.")
        return match[0]

    return Converted(_JINJA.sub(replaced, text), distinct(remarks))


def snippets(text: str) -> Converted:
    """Read `@@@name@@@` as another prompt that is put in."""
    remarks: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        name = match[1].split("@")[0].strip()
        if match[1].startswith(("prompt:", "langfusePrompt:")) or not name or "|" in name:
            return match[0]
        remarks.append(f"It includes the prompt «{short(name)}». Import that one as well, and publish it.")
        return f"@@@prompt:name={name}|label=production@@@"

    return Converted(_SNIPPET.sub(replaced, text), distinct(remarks))


def both(first: Convert, second: Convert) -> Convert:
    """Return what applies one after the other."""

    def convert(text: str) -> Converted:
        begun = first(text)
        ended = second(begun.text)
        return Converted(ended.text, begun.remarks + ended.remarks)

    return convert


def _pieces(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str]]:
    end = 0
    for match in pattern.finditer(text):
        yield text[end : match.start()], match[0]
        end = match.end()
    yield text[end:], ""


def _f_string_token(token: str, remarks: list[str]) -> str:
    if token in ("{{", "}}"):
        return token[0]
    if len(token) < 2:
        if token:
            remarks.append(f"A single «{token}» stays as text.")
        return token
    name = re.split("[!:]", token[1:-1], maxsplit=1)[0].strip()
    if not _NAME.fullmatch(name):
        remarks.append(f"«{short(token)}» stays as text: it is not the name of a blank.")
        return token
    if name != token[1:-1].strip():
        remarks.append(f"The format of «{short(token)}» is not applied; the application sends the finished text.")
    return f"{{{{{name}}}}}"
