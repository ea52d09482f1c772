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

    @property
    def part(self) -> str:
        """Parts of one source that differ in kind are reported and weighed apart too."""
        subset = self.fields.get("subset") if self.source == "SummEdits" else ""
        return f"{self.source}/{subset}" if subset else ""

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
    found: list[Collection] = []
    for path in paths:
        if path.suffix == ".csv":
            continue  # timings, which have no texts
        if path.is_dir():
            found += [collection for file in sorted(path.glob("*.jsonl")) if (collection := _read_file(file))]
        elif collection := _read_file(path):
            found.append(collection)
        else:
            raise DataRefused(f"{path.name} holds no labelled texts that a detector can be measured with.")
    if not found and not any(path.suffix == ".csv" for path in paths):
        raise DataRefused(
            "Name a file or a folder with labelled texts; docs/guide/detectors.md says how they must look."
        )
    return found


def handwritten(detector: str) -> list[Example]:
    """Return sentences that were written for this project: what no public collection has, such as fourteen languages."""
    path = Path(__file__).parent / "handwritten" / f"{detector}.tsv"
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        label, sort, text = line.split("\t")
        # The middle column: the channel of an injection, the source of a claim, else the language.
        fields = {"text": text, "output": text, "channel": sort, "context": sort}
        found.append(Example("handwritten", f"handwritten-{number}", int(label), "CC0-1.0", fields))
    return found


def _read_file(path: Path) -> Collection | None:
    try:
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines if line.strip()]
    except ValueError as error:
        raise DataRefused(f"{path.name} is not a file of JSON Lines.") from error
    if not rows or not all(isinstance(row, dict) for row in rows) or not (detector := _detector(rows[0])):
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
    return Example(source, str(row.get("group") or row.get("id")), row.get(label), str(row.get("licence") or ""), row)
