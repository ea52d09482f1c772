"""Sorts the attributes of a span in one pass: what fills a column, what the application added, and everything to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitoring.ingest import dialects
from monitoring.ingest.limits import MAX_VALUE_CHARS

Fields = dict[str, Any]

_NAMES = {
    "kind": ("callboard.kind",), "operation": ("gen_ai.operation.name",), "openinference_kind": ("openinference.span.kind",),
    "model": dialects.MODEL, "provider": dialects.PROVIDER, "cost": dialects.COST, "time_to_first": dialects.TIME_TO_FIRST,
    "input_tokens": dialects.INPUT_TOKENS, "output_tokens": dialects.OUTPUT_TOKENS,
    "cache_read_tokens": dialects.CACHE_READ_TOKENS, "cache_write_tokens": dialects.CACHE_WRITE_TOKENS,
    "reasoning_tokens": dialects.REASONING_TOKENS, "session": dialects.SESSION, "user": dialects.USER,
    "environment": dialects.ENVIRONMENT, "release": dialects.RELEASE, "service": ("service.name",),
    "prompt_name": dialects.PROMPT_NAME, "prompt_version": dialects.PROMPT_VERSION, "error": dialects.ERROR,
    "arm": ("callboard.rollout.arm",), "rollout_id": ("callboard.rollout.id",),
}  # fmt: skip
# Attribute name to the field it fills and to its rank among the names of that field: the lowest rank wins.
_PLACES = {name: (field, rank) for field, names in _NAMES.items() for rank, name in enumerate(names)}


@dataclass(slots=True)
class Sorted:
    """The attributes of one span or resource, sorted by what becomes of them."""

    fields: Fields
    kept: dict[str, Any]
    metadata: dict[str, Any]
    was_cut: bool


def sort(attributes: dict[str, Any]) -> Sorted:
    """Return the attributes without the payloads, which have columns of their own; long values are cut."""
    fields: Fields = {}
    ranks: dict[str, int] = {}
    kept: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    was_cut = False
    for key, value in attributes.items():
        place = _PLACES.get(key)
        if place is None and _is_payload(key):
            continue
        if type(value) is str and len(value) > MAX_VALUE_CHARS:
            value, was_cut = value[:MAX_VALUE_CHARS], True
        if place is None and key.startswith(dialects.METADATA_PREFIX):
            metadata[key[len(dialects.METADATA_PREFIX) :]] = value
            continue
        kept[key] = value
        if place is not None and value is not None and value != "":
            name, rank = place
            if rank <= ranks.get(name, rank):
                fields[name], ranks[name] = value, rank
    return Sorted(fields, kept, metadata, was_cut)


def _is_payload(key: str) -> bool:
    return key in dialects.PAYLOADS or key.startswith(dialects.PAYLOAD_PREFIXES)
