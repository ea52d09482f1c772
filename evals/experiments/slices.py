"""The same comparison for parts of the items: by tag, by part of the dataset, by anything noted on the items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from evals.experiments import contrasts, score_tables
from evals.experiments.comparison_values import Comparison, Result
from evals.models import DatasetItem
from evals.statistics.verdicts import settle

# Fewer items of a kind show only that there are few.
FEW = 20
MOST_SHOWN = 20
_MOST_NAMES = 50
_LONGEST_VALUE = 80
TAG, SPLIT, NOTE = "tag", "split", "note:"
_NONE = "none"


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the items, and the result of every check on them."""

    name: str
    items: int
    results: tuple[Result, ...]

    @property
    def is_small(self) -> bool:
        return self.items < FEW


@dataclass(frozen=True, slots=True)
class Slices:
    """The largest parts by one property, how many smaller ones there are, and how many differences were looked at."""

    by: str
    parts: tuple[Slice, ...]
    unshown: int
    comparisons: int


def ways(comparison: Comparison) -> list[tuple[str, str]]:
    """Return by what the items can be cut: the value for `cut`, and its name on screen."""
    ids = comparison.table.item_ids.tolist()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(bool_or(cardinality(tags) > 0), false), count(DISTINCT split) FROM dataset_item "
            "WHERE id = ANY(%s)",
            [ids],
        )
        has_tags, splits = cursor.fetchone() or (False, 0)
        cursor.execute(
            "SELECT DISTINCT name FROM dataset_item, jsonb_object_keys(metadata) AS name WHERE id = ANY(%s) "
            "AND jsonb_typeof(metadata) = 'object' ORDER BY name LIMIT %s",
            [ids, _MOST_NAMES],
        )
        notes = [name for (name,) in cursor.fetchall()]
    found = [(TAG, "Tag")] if has_tags else []
    found += [(SPLIT, "Part")] if splits > 1 else []
    return found + [(NOTE + name, name) for name in notes]


def cut(comparison: Comparison, *, column: int, by: str) -> Slices:
    """Return the comparison of a column for each part of the items, the largest part first."""
    parts = _parts(comparison, by)
    largest = sorted(parts, key=lambda name: (-len(parts[name]), name))[:MOST_SHOWN]
    found = [(name, order) for name in largest for order in range(len(comparison.checks))]
    results = [_contrast(comparison, column, parts[name], order) for name, order in found]
    findings = settle([result.difference for result in results])
    of_part: dict[str, list[Result]] = {}
    for (name, order), result, finding in zip(found, results, findings, strict=True):
        of_part.setdefault(name, []).append(Result(comparison.checks[order], result, finding))
    slices = tuple(Slice(name, len(parts[name]), tuple(of_part.get(name, ()))) for name in largest)
    return Slices(by, slices, len(parts) - len(largest), len(found))


def _contrast(comparison: Comparison, column: int, places: Sequence[int], order: int) -> contrasts.Contrast:
    check, table, chosen = comparison.checks[order], comparison.table, np.array(places)
    a, b = (table.values(place, check.version_id)[chosen] for place in (comparison.against, column))
    groups = None if comparison.groups is None else [comparison.groups[place] for place in places]
    return contrasts.contrast(a, b, nature=check.nature, groups=groups)


def _parts(comparison: Comparison, by: str) -> Mapping[str, list[int]]:
    """Return the places of the items by the value of the property; an item with several tags stands in several parts."""
    found: dict[str, list[int]] = {}
    for place, names in enumerate(_names(comparison, by)):
        for name in names:
            found.setdefault(name[:_LONGEST_VALUE], []).append(place)
    return found


def _names(comparison: Comparison, by: str) -> list[list[str]]:
    if by.startswith(NOTE):
        return [[name or _NONE] for name in score_tables.notes(comparison.table, by.removeprefix(NOTE))]
    items = DatasetItem.objects.only("tags", "split").in_bulk(comparison.table.item_ids.tolist())
    ordered = [items[item_id] for item_id in comparison.table.item_ids.tolist()]
    return [list(item.tags) or [_NONE] if by == TAG else [item.split or _NONE] for item in ordered]
