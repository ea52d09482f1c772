"""Writes what `callboard bench detectors --json` printed into the file from which Callboard shows how good its detectors are.

callboard bench detectors FILES --json | python -m benchmarks.detectors.published
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "monitoring" / "analysis" / "shipped_quality.json"
# The parts of the benchmark, and the detectors that they measure.
_DETECTORS = {
    "refusal": "refused", "groundedness": "unsupported", "injection_user": "injection",
    "injection_document": "hidden_instruction", "toxicity": "toxic",
}  # fmt: skip
# The figures of texts that the weights were not taught with; a detector without weights has only the shipped ones.
_HONEST = ("without_each_group", "shipped")
_FIGURES = ("precision", "recall", "f1", "auroc")


def figures(printed: Iterable[dict[str, Any]], *, measured_on: date) -> dict[str, Any]:
    """Return the content of the file: one figure for each detector and collection of texts that holds both kinds."""
    found: dict[str, list[dict[str, Any]]] = {}
    for measured in printed:
        for part, detector in _DETECTORS.items():
            if part in measured:
                found.setdefault(detector, []).extend(_of_part(measured[part]))
    return {"measured_on": measured_on.isoformat(), "detectors": found}


def _of_part(part: dict[str, Any]) -> list[dict[str, Any]]:
    sources = next(part[name] for name in _HONEST if name in part)["sources"]
    return [
        {"source": name, "texts": quality["texts"], **{figure: quality.get(figure) for figure in _FIGURES}}
        for name, quality in sources.items()
        if quality.get("f1") is not None and "/" not in name
    ]


def main() -> None:
    """Read what the benchmark printed, one object a line, and write the file."""
    printed = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    found = figures(printed, measured_on=datetime.now(UTC).date())
    TARGET.write_text(json.dumps(found, indent=1) + "\n")
    sys.stdout.write(f"{TARGET}: {sum(map(len, found['detectors'].values()))} figures\n")


if __name__ == "__main__":
    main()
