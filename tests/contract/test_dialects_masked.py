"""Masking in every dialect that is read: no way of writing a call down hides what is in it, and numbers survive."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from monitoring.ingest.masking import Masker
from monitoring.ingest.masking_texts import Policy
from monitoring.ingest.rows import COLUMNS, Sender, build
from monitoring.ingest.spans import RawEvent
from monitoring.kinds import IdMode, MaskMode, Sensitive
from tests.contract.test_dialects import DIALECTS, EXPECTED, FOLDER
from tests.monitoring.ingest.spans import raw_span

TEXTS = ("input", "output", "input_preview", "output_preview")
NUMBERS = [name for name in EXPECTED["answer"] if name not in TEXTS and name != "kind"]


def stored(dialect: str, call: str, **policy: Any) -> dict[str, Any]:
    """Return the columns of a call of a dialect's file in which people write their e-mail addresses."""
    text = (FOLDER / f"{dialect}.json").read_text().replace("Where is my money?", "I am jo@example.com")
    sent = json.loads(text.replace("It is on its way.", "Hello jo@example.com"))[call]
    events = [RawEvent(event["name"], 0, event["attributes"]) for event in sent.get("events", [])]
    span = raw_span(attributes=sent["attributes"], scope=sent["scope"], events=events)
    sender = Sender(1, "", datetime.now(UTC), Masker(Policy(**policy), key=b"k" * 32))
    [row], _ = build([span], sender)
    return dict(zip(COLUMNS, row, strict=True))


@pytest.mark.parametrize("call", EXPECTED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_masked_call_is_the_same_in_every_dialect(dialect: str, call: str) -> None:
    columns = stored(dialect, call, modes={Sensitive.EMAIL: MaskMode.MASK})

    assert "example.com" not in repr(columns)
    assert orjson.loads(columns["input"])[1] == {"role": "user", "content": "I am [e-mail]"}
    assert {name: columns[name] for name in NUMBERS} == {name: EXPECTED[call][name] for name in NUMBERS}
    if call == "answer":
        assert columns["output_preview"] == "Hello [e-mail]"


@pytest.mark.parametrize("call", EXPECTED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_numbers_survive_without_any_content_in_every_dialect(dialect: str, call: str) -> None:
    columns = stored(dialect, call, is_metrics_only=True)

    assert {name: columns[name] for name in NUMBERS} == {name: EXPECTED[call][name] for name in NUMBERS}
    assert [columns[name] for name in TEXTS] == [None, None, "", ""]
    written = " ".join(value for value in columns.values() if isinstance(value, str))
    assert not [text for text in ("jo@example.com", "I am", "Hello", "Be brief", "5531") if text in written]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ids_are_hidden_in_every_dialect(dialect: str) -> None:
    columns = stored(dialect, "answer", ids=IdMode.HASH)

    assert columns["session_id"].startswith("id:")
    assert columns["user_id"].startswith("id:")
    assert not [sent for sent in ("talk-1", "customer-1") if sent in repr(columns)]
