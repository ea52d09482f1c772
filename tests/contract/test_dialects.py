"""The same two calls in every dialect that is read: the files in `dialects/` all become the same rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from monitoring.ingest.rows import COLUMNS, Sender, row
from monitoring.ingest.spans import RawEvent
from monitoring.kinds import Kind
from tests.monitoring.ingest.spans import raw_span

FOLDER = Path(__file__).parent / "dialects"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
DIALECTS = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "expected")


def stored(dialect: str, call: str) -> dict[str, Any]:
    """Return the columns that a call of a dialect's file fills."""
    sent = json.loads((FOLDER / f"{dialect}.json").read_text())[call]
    events = [RawEvent(event["name"], 0, event["attributes"]) for event in sent.get("events", [])]
    span = raw_span(attributes=sent["attributes"], scope=sent["scope"], events=events)
    sender = Sender(project_id=1, environment="", received_at=datetime.now(UTC))
    return dict(zip(COLUMNS, row(span, sender), strict=True))


def normalised(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that must be equal in all dialects, with the texts read."""
    found = {name: columns[name] for name in EXPECTED["answer"]}
    texts = {name: orjson.loads(found[name]) for name in ("input", "output")}
    return found | texts | {"kind": Kind(found["kind"]).label}


@pytest.mark.parametrize("call", EXPECTED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_call_is_the_same_in_every_dialect(dialect: str, call: str) -> None:
    assert normalised(stored(dialect, call)) == EXPECTED[call]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_dialect_stores_a_text_twice(dialect: str) -> None:
    columns = stored(dialect, "answer")

    assert "Where is my money?" not in columns["attributes"]
    assert "Where is my money?" not in (columns["events"] or "")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_words_of_a_call_are_its_preview(dialect: str) -> None:
    columns = stored(dialect, "answer")

    assert (columns["input_preview"], columns["output_preview"]) == ("Where is my money?", "It is on its way.")
    assert stored(dialect, "tool_call")["output_preview"] == 'find_refund({"order":5531})'


def test_every_dialect_has_a_file() -> None:
    assert len(DIALECTS) == 10
