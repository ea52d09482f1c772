"""The oracle of the fault tests sees every kind of damage; without these tests nothing would show that it can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.traffic import Traffic
from tests.faults.ledger import Ledger, SpanId, compare, digest, spans_in

ONE, TWO = ("a" * 32, "1" * 16), ("a" * 32, "2" * 16)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Two spans were sent, the first one was acknowledged."""
    kept = Ledger(tmp_path / "ledger")
    kept.send({ONE: "x", TWO: "y"})
    kept.acknowledge([ONE])
    yield kept
    kept.close()


@pytest.mark.parametrize(
    ("rows", "damage"),
    [
        ([(ONE, "x")], {}),
        ([(ONE, "x"), (TWO, "y")], {}),
        ([(TWO, "y")], {"lost": 1}),
        ([(ONE, "x"), (("b" * 32, "1" * 16), "x")], {"phantom": 1}),
        ([(ONE, "x"), (ONE, "x")], {"doubled": 1}),
        ([(ONE, "x"), (TWO, "x")], {"changed": 1}),
    ],
)
def test_lost_invented_doubled_and_changed_spans_are_told_apart(
    ledger: Ledger, rows: list[tuple[SpanId, str]], damage: dict[str, int]
) -> None:
    verdict = compare(ledger, rows)

    found = {name: getattr(verdict, name) for name in ("lost", "phantom", "doubled", "changed")}
    assert {name: count for name, count in found.items() if count} == damage
    assert verdict.is_clean is not bool(damage)


def test_a_ledger_written_by_another_process_reads_the_same(ledger: Ledger, tmp_path: Path) -> None:
    copy = Ledger.read(tmp_path / "ledger")
    copy.close()

    assert (copy.sent, copy.acked) == (ledger.sent, ledger.acked)


def test_a_conversation_has_one_digest_in_both_notations() -> None:
    sent = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Where is it?"}]}])
    stored = json.dumps([{"role": "user", "content": "Where is it?"}])

    assert digest(sent, "Here.") == digest(stored, "Here.")
    assert digest(sent, "Here.") != digest(stored.replace("Where", "What"), "Here.")
    assert digest("a", "b") != digest("ab", "")


def test_every_span_of_a_request_is_in_the_ledger() -> None:
    request = Traffic().request(9)

    assert len(spans_in(request.renew())) == request.span_count
