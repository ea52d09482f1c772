"""Which prompts stand in which, as Langfuse's clients read it."""

from __future__ import annotations

from typing import Any

Item = dict[str, Any]


def graph_of(item: Item) -> Item | None:
    """Return the graph of the snippets that were filled into an answer, or None when there are none."""
    if not item["snippets"]:
        return None
    dependencies: dict[str, list[Item]] = {}
    for used in item["snippets"]:
        inside, found = dependencies.setdefault(id_of(used["parent"]), []), _node(used)
        if found not in inside:
            inside.append(found)
    return {"root": _node(item), "dependencies": dependencies}


def id_of(item: Item) -> str:
    """Return the id under which Langfuse's clients see a prompt version."""
    return f"{item['name']}:{item['version']}"


def _node(item: Item) -> Item:
    return {"id": id_of(item), "name": item["name"], "version": item["version"]}
