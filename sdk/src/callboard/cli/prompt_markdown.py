"""One prompt as one Markdown file: settings and blanks in the head, messages under headings, nothing lost on the way.

A document has the shape of the API: name, type, text or messages, variables, settings, note.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from callboard.cli import prompt_front_matter as front_matter
from callboard.cli.prompt_file_errors import FileNotReadable

FENCE: Final = "---"
ENTRIES: Final = ("name", "type", "note", "settings", "blanks")
_ROLES: Final = "system|user|assistant|developer|tool"
_HEADING: Final = re.compile(rf"# (?:({_ROLES})|placeholder: ([A-Za-z_][A-Za-z0-9_.-]*)) *")
# A line of a text that looks like a heading gets a backslash in front, and one more when it has some already.
_GUARDED: Final = re.compile(rf"\\+# (?:{_ROLES}|placeholder: [A-Za-z_][A-Za-z0-9_.-]*) *")
# The order of the settings in a file; those of newer servers come last.
_SETTINGS: Final = ("model", "temperature", "top_p", "max_tokens", "seed", "stop", "tools", "response_schema", "custom")
_JSON_SETTINGS: Final = frozenset({"tools", "response_schema", "custom"})
# What the properties of a blank are called in a file.
_WORDS: Final = {"description": "meaning", "sample": "sample", "kind": "type"}
_REQUIRED: Final = ("required", True)


def write(document: Mapping[str, Any]) -> str:
    """Return the file for a document; `read` gives back an equal one."""
    is_chat = document.get("type") == "chat"
    head: dict[str, Any] = {"name": document["name"], "type": "chat" if is_chat else "text"}
    if document.get("note"):
        head["note"] = document["note"]
    if settings := document.get("settings"):
        head["settings"] = {
            name: front_matter.as_json(settings[name]) if name in _JSON_SETTINGS else settings[name]
            for name in sorted(settings, key=_place)
        }
    if blanks := _blanks(document.get("variables") or []):
        head["blanks"] = blanks
    messages = document.get("messages") or [] if is_chat else []
    body = ["", *(line for message in messages for line in _part(message))] if is_chat else _section(document["text"])
    return "\n".join([FENCE, *front_matter.write(head), FENCE, *body])


def read(text: str, *, name: str = "") -> dict[str, Any]:
    """Return the document in a file, or raise FileNotReadable; `name` is what it is called when its head does not say."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head, start = _head(lines)
    if unknown := next((entry for entry in head if entry not in ENTRIES), ""):
        raise FileNotReadable(f"The head has no entry «{unknown[:60]}». Its entries are {', '.join(ENTRIES)}.")
    body = lines[start:]
    document: dict[str, Any] = {
        "name": _word(head, "name") or name,
        "type": _type(head, body),
        "note": _word(head, "note"),
        "settings": _mapping(head, "settings"),
        "variables": _variables(_mapping(head, "blanks")),
    }
    if document["type"] == "chat":
        return document | {"messages": _messages(body, start + 1)}
    return document | {"text": _trimmed(body)}


def _place(setting: str) -> tuple[int, str]:
    return (_SETTINGS.index(setting) if setting in _SETTINGS else len(_SETTINGS), setting)


def _head(lines: list[str]) -> tuple[dict[str, Any], int]:
    if lines[0].rstrip() != FENCE:
        return {}, 0
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        raise FileNotReadable("Line 1: the head that begins here has no end. Close it with a line «---».")
    return front_matter.read(lines[1:end], first_line=2), end + 1


def _part(message: Mapping[str, Any]) -> list[str]:
    if message.get("type") == "placeholder":
        return [f"# placeholder: {message['name']}", ""]
    return [f"# {message['role']}", *_section(str(message.get("content") or ""), is_guarded=True)]


def _section(text: str, *, is_guarded: bool = False) -> list[str]:
    lines = text.split("\n")
    if is_guarded:
        lines = [f"\\{line}" if _HEADING.fullmatch(line) or _GUARDED.fullmatch(line) else line for line in lines]
    return ["", *lines, ""]


def _messages(body: list[str], first_line: int) -> list[dict[str, str]]:
    found: list[tuple[re.Match[str], int, list[str]]] = []
    for number, line in enumerate(body, first_line):
        heading = _HEADING.fullmatch(line)
        if heading:
            found.append((heading, number, []))
        elif found:
            found[-1][2].append(line[1:] if _GUARDED.fullmatch(line) else line)
        elif line.strip():
            raise FileNotReadable(
                f"Line {number}: a chat begins with a heading that says who speaks, such as «# system»."
            )
    return [_message(heading, number, lines) for heading, number, lines in found]


def _message(heading: re.Match[str], number: int, lines: list[str]) -> dict[str, str]:
    if role := heading[1]:
        return {"role": role, "content": _trimmed(lines)}
    if any(line.strip() for line in lines):
        raise FileNotReadable(f"Line {number}: nothing can stand below «# placeholder: {heading[2]}».")
    return {"type": "placeholder", "name": heading[2]}


def _trimmed(lines: list[str]) -> str:
    """Return the text between the empty line after a heading and the one at its end."""
    kept = lines[1:] if lines and not lines[0] else lines
    return "\n".join(kept[:-1] if kept and not kept[-1] else kept)


def _type(head: Mapping[str, Any], body: list[str]) -> str:
    found = head.get("type")
    if found is None:
        first = next((line for line in body if line.strip()), "")
        return "chat" if _HEADING.fullmatch(first) else "text"
    if found not in ("text", "chat"):
        raise FileNotReadable("«type» is text or chat.")
    return str(found)


def _word(head: Mapping[str, Any], entry: str) -> str:
    value = head.get(entry)
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        raise FileNotReadable(f'«{entry}» must be text. Put it into double quotes: "{value}".')
    if not isinstance(value, str):
        raise FileNotReadable(f"«{entry}» must be text.")
    return value


def _mapping(head: Mapping[str, Any], entry: str) -> dict[str, Any]:
    value = head.get(entry)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FileNotReadable(f"«{entry}» has names and values, one on each line, further to the right.")
    return value


def _blanks(variables: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    for variable in variables:
        words = {word: variable.get(name) for name, word in _WORDS.items()}
        words |= {name: value for name, value in variable.items() if name != "name" and name not in _WORDS}
        told = {word: value for word, value in words.items() if value not in (None, "") and (word, value) != _REQUIRED}
        if told:
            found[str(variable["name"])] = told
    return found


def _variables(blanks: Mapping[str, Any]) -> list[dict[str, Any]]:
    names: dict[Any, str] = {word: name for name, word in _WORDS.items()}
    found: list[dict[str, Any]] = []
    for blank, words in blanks.items():
        if not isinstance(words, dict | None):
            raise FileNotReadable(f"The blank «{blank[:60]}» has meaning, sample, required and type, one on each line.")
        told: dict[str, Any] = {names.get(word, str(word)): value for word, value in (words or {}).items()}
        if not isinstance(told.get("required", True), bool):
            raise FileNotReadable(f"«required» of the blank «{blank[:60]}» is true or false.")
        found.append({**told, "name": blank})
    return found
