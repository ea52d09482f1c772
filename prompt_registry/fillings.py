"""Fills snippets into the answers that applications get, and remembers the last whole text in case one goes missing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Any

from prompt_registry import contents, snippets
from prompt_registry.snippets import Composed, Shelf

Item = dict[str, Any]

_MOST_REMEMBERED = 200
# A page holds many prompts, each with snippets of its own.
_MOST_ON_A_LEVEL = 2_000
_FILLED_FIELDS = ("text", "messages", "variables", "snippets")
# The parts of the last answer without a gap, by project, name and version.
_last_whole: OrderedDict[tuple[int, str, str], Item] = OrderedDict()
_lock = Lock()


def filled(items: Iterable[Item], *, project_id: int) -> Iterator[Item]:
    """Yield the items with their snippets filled in: one query per level for all of them together."""
    read = [(item, contents.read(item)[0] if _may_hold_snippets(item) else None) for item in items]
    texts = [text for _, content in read if content for text in content.texts]
    shelf = snippets.load(project_id=project_id, texts=texts, most=_MOST_ON_A_LEVEL)
    for item, content in read:
        yield _filled(item, content, shelf, project_id) if content else item


def _may_hold_snippets(item: Item) -> bool:
    texts = [item["text"]] if item["text"] is not None else [message.get("content") for message in item["messages"]]
    return any("@@@" in text for text in texts if text)


def _filled(item: Item, content: contents.PromptContent, shelf: Shelf, project_id: int) -> Item:
    composed = snippets.compose(content, shelf=shelf, name=item["name"], version=item["version"])
    key = (project_id, item["name"], item["content_hash"])
    if composed.has_gaps and (whole := _last_whole.get(key)):
        return item | whole
    parts = _parts(item, composed)
    if composed.uses and not composed.has_gaps:
        _remember(key, parts)
    return item | parts


def _remember(key: tuple[int, str, str], parts: Item) -> None:
    with _lock:
        _last_whole[key] = parts
        _last_whole.move_to_end(key)
        if len(_last_whole) > _MOST_REMEMBERED:
            _last_whole.popitem(last=False)


def _parts(item: Item, composed: Composed) -> Item:
    values = composed.content.to_json()
    variables = [
        variable | ({"source": source} if (source := composed.sources.get(variable["name"])) else {})
        for variable in values["variables"]
    ]
    used = [
        {
            "name": use.reference.name, "version": use.snippet.version, "label": use.reference.label or None,
            "parent": {"name": use.parent[0], "version": use.parent[1]},
        }
        for use in composed.uses
    ]  # fmt: skip
    text = values["text"] if item["text"] is not None else None
    return dict(zip(_FILLED_FIELDS, (text, values["messages"], variables, used), strict=True))
