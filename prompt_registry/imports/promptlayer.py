"""Prompts out of PromptLayer: what its templates API and its export give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prompt_registry.imports import blanks, json_values, messages, parameters
from prompt_registry.imports.blanks import Convert
from prompt_registry.imports.values import FoundPrompt, Reading, SourceFile, as_list, as_mapping, as_text, distinct


def fits(file: SourceFile, document: Any) -> bool:
    """Tell whether this looks like PromptLayer's."""
    first = as_mapping(document[0] if isinstance(document, list) and document else document)
    return "prompt_template" in first


def read(files: Sequence[SourceFile]) -> Reading:
    """Return every prompt in the files, oldest version first."""
    items = [(as_mapping(item), file) for file in files for item in json_values.rows(file.text)]
    known = [(item, file) for item, file in items if isinstance(item.get("prompt_template"), Mapping)]
    left_over = len(items) - len(known)
    remarks = [f"{left_over} entries without a «prompt_template» were left out."] if left_over else []
    return Reading([_found(item, file) for item, file in sorted(known, key=_version)], remarks)


def _found(item: Mapping[str, Any], file: SourceFile) -> FoundPrompt:
    template = as_mapping(item["prompt_template"])
    model = as_mapping(as_mapping(item.get("metadata")).get("model"))
    settings, remarks = parameters.read({"model": model.get("name"), **as_mapping(model.get("parameters"))})
    document: dict[str, Any] = {"type": "text", "settings": settings, "variables": []}
    if "messages" in template:
        document |= {"type": "chat", "messages": _messages(template, remarks)}
    else:
        converted = _convert(template)(messages.text_of(template.get("content"), "The text", remarks))
        document["text"] = converted.text
        remarks += converted.remarks
    if functions := as_list(template.get("tools") or template.get("functions")):
        tools = parameters.read({"tools": [_tool(function) for function in functions]})
        settings |= tools[0]
        remarks += tools[1]
    name = as_text(item.get("prompt_name") or item.get("name")) or file.prompt_name
    return FoundPrompt(
        name, document, note=as_text(item.get("commit_message")),
        tags=tuple(tag for tag in as_list(item.get("tags")) if isinstance(tag, str)), remarks=distinct(remarks),
    )  # fmt: skip


def _messages(template: Mapping[str, Any], remarks: list[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for item in as_list(template["messages"]):
        read_messages, told = messages.read([item], _convert(as_mapping(item) or template, template))
        found += read_messages
        remarks += told
    return found


def _convert(part: Mapping[str, Any], above: Mapping[str, Any] | None = None) -> Convert:
    found = part.get("template_format") or as_mapping(above).get("template_format")
    # Snippets first: what they are replaced by has no braces.
    return blanks.both(blanks.snippets, blanks.jinja if found == "jinja2" else blanks.f_string)


def _tool(function: object) -> object:
    return function if "function" in as_mapping(function) else {"type": "function", "function": function}


def _version(pair: tuple[Mapping[str, Any], SourceFile]) -> int:
    number = pair[0].get("version")
    return number if isinstance(number, int) else 0
