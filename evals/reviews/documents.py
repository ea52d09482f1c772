"""A review queue as other programs read it: one JSON document, or one row of a table, for each item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from evals.experiments.plans import Variant
from evals.reviews.models import ReviewItem, ReviewQueue
from evals.reviews.questions import LEFT, RIGHT

_CHUNK = 200


def of_items(queue: ReviewQueue) -> Iterator[dict[str, Any]]:
    """Yield every item with its texts, what each reviewer said and what was accepted, a few in memory at a time."""
    variants = titles_of(queue)
    last = -1
    while chunk := list(_rows(queue, last)):
        for item in chunk:
            yield _document(item, variants)
        last = chunk[-1].rank


def table(queue: ReviewQueue) -> Iterator[list[object]]:
    """Yield the rows of a table, its head first; several reviewers stand in one cell as JSON."""
    asked = [question.name for question in queue.questions.all()]
    yield [
        "item",
        "trace_id",
        "variants",
        "answers",
        "state",
        *asked,
        "better_variant",
        "decided_by",
        "judge_passed",
        "reviewers",
    ]
    for found in of_items(queue):
        accepted = found["accepted"]
        yield [
            found["item"], found["trace_id"], " | ".join(found["variants"]), "\n---\n".join(found["answers"]),
            found["state"], *(accepted.get(name) for name in asked), found["better_variant"], found["decided_by"],
            found["judge_passed"], orjson.dumps(found["reviews"]).decode(),
        ]  # fmt: skip


def variant_titles(item: ReviewItem, variants: list[str]) -> list[str]:
    """Return whose answers an item shows, left to right; empty for recorded calls."""
    cells = [item.cell, item.rival_cell] if item.is_pair else [item.cell]
    found = [
        variants[cell.column] if cell.column < len(variants) else f"variant {cell.column}" for cell in cells if cell
    ]
    return found[::-1] if item.is_swapped else found


def _document(item: ReviewItem, variants: list[str]) -> dict[str, Any]:
    content = item.content
    titles = variant_titles(item, variants)
    return {
        "item": item.key, "trace_id": item.trace_id.hex if item.trace_id else None, "variants": titles,
        "inputs": dict(content["inputs"]), "messages": content["messages"], "answers": content["answers"],
        "state": item.state, "accepted": item.accepted, "better_variant": better_variant(item, titles),
        "decided_by": item.accepted_by.email if item.accepted_by else None, "judge_passed": item.judge_passed,
        "judge_value": item.judge_value,
        "reviews": [
            {
                "reviewer": answer.reviewer.name, "guest": answer.reviewer.is_guest, "values": answer.values,
                "cannot_tell": answer.cannot_tell, "flagged": answer.is_flagged, "note": answer.note,
                "at": answer.created_at.isoformat(),
            }
            for answer in item.answers.all()
        ],
    }  # fmt: skip


def better_variant(item: ReviewItem, titles: list[str]) -> str | None:
    """Return which variant won a pair, whichever side it stood on; None for ties and for single answers."""
    said = set(item.accepted.values())
    if not item.is_pair or len(titles) != 2:
        return None
    return titles[0] if LEFT in said else titles[1] if RIGHT in said else None


def _rows(queue: ReviewQueue, after: int) -> Any:
    rows = queue.items.filter(rank__gt=after).order_by("rank").select_related("cell", "rival_cell", "accepted_by")
    return rows.prefetch_related("answers__reviewer")[:_CHUNK]


def titles_of(queue: ReviewQueue) -> list[str]:
    """Return the names of the variants of the queue's experiment, by column."""
    return [Variant.from_json(raw).title for raw in queue.experiment.variants] if queue.experiment else []
