"""Labelled texts from files with one JSON object a line; what a file is about is seen from its fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class DataRefused(ValueError):
    """The file holds no labelled texts that a detector can be measured with."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text; `label` is None where nobody can say, and such a text should not be flagged."""

    source: str
    group: str
    label: int | None
    licence: str
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a field as text; a missing one is empty."""
        return str(self.fields.get(name) or "")


@dataclass(frozen=True, slots=True)
class Collection:
    """The examples for one detector, and the file they stand in."""

    detector: str
    name: str
    examples: Sequence[Example]


def read(paths: Sequence[Path]) -> list[Collection]:
    """Return the labelled texts in the files; of folders, every JSON Lines file that holds some."""
    found = []
    for path in paths:
        if path.is_dir():
            found += [collection for file in sorted(path.glob("*.jsonl")) if (collection := _read_file(file))]
        elif collection := _read_file(path):
            found.append(collection)
        else:
            raise DataRefused(f"{path.name} holds no labelled texts that a detector can be measured with.")
    return found


def _read_file(path: Path) -> Collection | None:
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    if not rows or not (detector := _detector(rows[0])):
        return None
    label = {"refusal": "refusal", "toxicity": "toxic"}.get(detector, "label")
    return Collection(detector, path.name, [_example(row, label) for row in rows])


def _detector(row: Mapping[str, Any]) -> str:
    if {"refusal", "output"} <= row.keys():
        return "refusal"
    if {"context", "output", "label"} <= row.keys():
        return "groundedness"
    if {"channel", "text", "label"} <= row.keys():
        return "injection"
    return "toxicity" if {"toxic", "text"} <= row.keys() else ""


def _example(row: Mapping[str, Any], label: str) -> Example:
    source = str(row.get("source") or "unknown")
    # Parts of one source that differ in kind are reported apart: the subset of a summary task, the language of a text.
    if row.get("subset") and source == "SummEdits":
        source = f"{source}/{row['subset']}"
    return Example(source, str(row.get("group") or row.get("id")), row.get(label), str(row.get("licence") or ""), row)
