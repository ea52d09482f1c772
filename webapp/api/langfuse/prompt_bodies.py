"""Prompts in Langfuse's shape, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prompt_registry import contents
from prompt_registry.contents import CHAT, TEXT, PromptContent
from prompt_registry.errors import ContentNotUsable, Problem
from prompt_registry.models import PRODUCTION
from webapp.api.langfuse import configs
from webapp.api.langfuse.composition import graph_of, id_of

Item = dict[str, Any]


def content_of(document: Mapping[str, Any]) -> PromptContent:
    """Return the content that a client sends, or raise ContentNotUsable with everything that is wrong with it."""
    prompt, config = document.get("prompt"), document.get("config")
    prompt_type = document.get("type") or (CHAT if isinstance(prompt, list) else TEXT)
    if prompt_type not in (TEXT, CHAT):
        raise ContentNotUsable([Problem("type", "The type must be «text» or «chat».")])
    if not isinstance(prompt, str if prompt_type == TEXT else list):
        wanted = "a text" if prompt_type == TEXT else "a list of messages"
        raise ContentNotUsable([Problem("prompt", f"The «prompt» must be {wanted}.")])
    if config is not None and not isinstance(config, dict):
        raise ContentNotUsable([Problem("config", "The «config» must be a JSON object.")])
    return contents.parse({
        "type": prompt_type,
        "text": prompt if prompt_type == TEXT else "",
        "messages": prompt if prompt_type == CHAT else [],
        "settings": configs.settings_of(config or {}),
    })  # fmt: skip


def body_of(item: Item, *, project: str, tags: list[str]) -> Item:
    """Return a version as clients read it.

    Whatever the answer says of a rollout is left out: a client that knows nothing of arms gets the label's own version.
    """
    return {
        "id": id_of(item), "projectId": project, "name": item["name"], "version": item["version"], "type": item["type"],
        "prompt": item["text"] if item["type"] == TEXT else item["messages"], "config": configs.config_of(item["settings"]),
        "labels": item["labels"], "tags": tags, "commitMessage": item["note"] or None,
        "isActive": PRODUCTION in item["labels"], "createdBy": "callboard", "createdAt": item["updated_at"],
        "updatedAt": item["updated_at"], "resolutionGraph": graph_of(item),
    }  # fmt: skip
