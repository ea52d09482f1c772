"""Prompts out of LangSmith and LangChain: the manifest that `pull` and `dumps` give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prompt_registry.imports import blanks, json_values, messages, parameters
from prompt_registry.imports.blanks import Convert
from prompt_registry.imports.values import (
    FoundPrompt,
    Reading,
    SourceFile,
    as_list,
    as_mapping,
    as_text,
    distinct,
    short,
)

_ROLES = {"System": "system", "Human": "user", "AI": "assistant", "Function": "tool", "Tool": "tool"}
_MODEL_PARTS = ("bound", "last", "kwargs")


def fits(file: SourceFile, document: Any) -> bool:
    """Tell whether this looks like a manifest."""
    first = as_mapping(document[0] if isinstance(document, list) and document else document)
    return "manifest" in first or ("lc" in first and "kwargs" in first)


def read(files: Sequence[SourceFile]) -> Reading:
    """Return the prompt of every manifest."""
    found = Reading()
    for file in files:
        for number, item in enumerate(json_values.rows(file.text), 1):
            found += _reading(as_mapping(item), file, number)
    return found


def _reading(item: Mapping[str, Any], file: SourceFile, number: int) -> Reading:
    manifest = as_mapping(item.get("manifest")) or item
    name = next((word for key in ("full_name", "repo_handle", "name", "repo") if (word := as_text(item.get(key)))), "")
    name = name.removeprefix("-/") or file.prompt_name + (f"-{number}" if number > 1 else "")
    template = _template(manifest)
    if template is None:
        return Reading(remarks=[f"{short(name)}: no prompt template was found in this manifest."])
    kwargs, remarks = as_mapping(template.get("kwargs")), list[str]()
    document: dict[str, Any] = {"type": "text", "variables": []}
    if "messages" in kwargs:
        document |= {"type": "chat", "messages": _messages(as_list(kwargs["messages"]), remarks)}
    else:
        document["text"] = _text(template, remarks)
    document["settings"] = _settings(manifest, template, remarks)
    return Reading([FoundPrompt(name, document, remarks=distinct(remarks))])


def _template(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the prompt, which may be the first step of a chain."""
    kwargs = as_mapping(manifest.get("kwargs"))
    if "messages" in kwargs or isinstance(kwargs.get("template"), str):
        return manifest
    return next((found for key in ("first", "prompt") if (found := _shallow(as_mapping(kwargs.get(key))))), None)


def _shallow(step: Mapping[str, Any]) -> Mapping[str, Any] | None:
    kwargs = as_mapping(step.get("kwargs"))
    return step if "messages" in kwargs or isinstance(kwargs.get("template"), str) else None


def _messages(raw: Sequence[Any], remarks: list[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for number, item in enumerate(raw, 1):
        kind, kwargs = _kind(item), as_mapping(as_mapping(item).get("kwargs"))
        if kind == "MessagesPlaceholder":
            found.append({"type": "placeholder", "name": as_text(kwargs.get("variable_name")) or "messages"})
            continue
        role = next((role for start, role in _ROLES.items() if kind.startswith(start)), "")
        where = f"Message {number}"
        found.append({
            "role": role or messages.role_of(kwargs.get("role")) or "user",
            "content": _content(kwargs, where, remarks),
        })  # fmt: skip
    return found


def _content(kwargs: Mapping[str, Any], where: str, remarks: list[str]) -> str:
    prompt = kwargs.get("prompt")
    if prompt is None:
        # A finished message: its braces are plain text.
        return messages.text_of(kwargs.get("content"), where, remarks)
    parts = prompt if isinstance(prompt, list) else [prompt]
    texts = []
    for part in parts:
        if isinstance(as_mapping(as_mapping(part).get("kwargs")).get("template"), str):
            texts.append(_text(as_mapping(part), remarks))
        else:
            remarks.append(f"{where}: «{short(_kind(part) or 'a part')}» was left out. Prompts here consist of text.")
    return "\n".join(texts)


def _text(template: Mapping[str, Any], remarks: list[str]) -> str:
    kwargs = as_mapping(template.get("kwargs"))
    converted = _convert(kwargs.get("template_format"))(as_text(kwargs.get("template")))
    remarks += converted.remarks
    if partial := as_mapping(kwargs.get("partial_variables")):
        names = ", ".join(short(name, 30) for name in list(partial)[:8])
        remarks.append(f"Values that LangChain fills in itself are not taken: {names}. The application sends them.")
    return converted.text


def _convert(template_format: object) -> Convert:
    return {"mustache": blanks.mustache, "jinja2": blanks.jinja}.get(str(template_format), blanks.f_string)


def _settings(manifest: Mapping[str, Any], template: Mapping[str, Any], remarks: list[str]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    step = as_mapping(as_mapping(manifest.get("kwargs")).get("last")) if manifest is not template else {}
    for _ in range(4):
        kwargs = as_mapping(step.get("kwargs"))
        raw |= {name: value for name, value in kwargs.items() if name not in _MODEL_PARTS and not _is_secret(value)}
        raw |= as_mapping(kwargs.get("kwargs"))
        step = as_mapping(kwargs.get("bound"))
    template_kwargs = as_mapping(template.get("kwargs"))
    schema = template_kwargs.get("schema_") or template_kwargs.get("schema")
    if isinstance(schema, dict) and schema:
        raw["response_schema"] = schema
    settings, told = parameters.read(raw)
    remarks += told
    return settings


def _is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("type") in ("secret", "not_implemented")


def _kind(item: object) -> str:
    found = as_list(as_mapping(item).get("id"))
    return as_text(found[-1]) if found else ""
