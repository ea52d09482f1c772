"""Gates: what is understood, and that nothing else is."""

from __future__ import annotations

import pytest
from callboard.experiment_gates import GateNotReadable, judge, parse
from hypothesis import given
from hypothesis import strategies as st

CHECK = {"name": "Names it", "mean": 0.8, "pass_rate": 0.75, "errors": 1, "verdict": "worse"}
COLUMN = {
    "pass_rate": 0.9, "failed": 0, "skipped": 0, "cost_usd": None, "median_ms": 10.0, "p95_ms": 20.0, "verdict": "unknown",
    "checks": [CHECK],
}  # fmt: skip
NAMES = st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    str.strip
)


@pytest.mark.parametrize(
    ("text", "is_passed"),
    [
        ("pass_rate>=0.9", True), ("pass_rate > 0.9", False), ("mean[Names it]>=.8", True), ("verdict!=worse", True),
        ("verdict[Names it]!=worse", False), ("errors==0", False), ("errors<2", True), ("p95_ms<=20", True),
        ("cost_usd<1", False), ("mean[Another]>=0", False),
    ],
    ids=str,
)  # fmt: skip
def test_a_gate_holds_or_not(text, is_passed):
    assert judge(parse(text), COLUMN).is_passed is is_passed


@pytest.mark.parametrize(
    "text",
    [
        "", "pass_rate", "pass_rate=0.9", "pass_rate>=high", "verdict>=worse", "verdict==fine", "mean>=0.8", "failed[x]==0",
        "other>=1", "pass_rate[ ]>=1", "pass_rate>=1e3", "pass_rate>=-1", "pass_rate>=0.9 or 1", "pass_rate>=٣", "p" * 400,
    ],
    ids=repr,
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(GateNotReadable):
        parse(text)


@given(st.text(max_size=80))
def test_any_text_is_a_gate_or_is_refused(text):
    try:
        gate = parse(text)
    except GateNotReadable:
        return
    assert judge(gate, COLUMN).is_passed in (True, False)


@given(NAMES, st.sampled_from([">=", "<=", ">", "<", "==", "!="]), st.decimals(0, 1000, places=3))
def test_what_is_written_is_what_is_read(name, sign, number):
    gate = parse(f"mean[{name}]{sign}{number}")

    assert (gate.metric, gate.check, gate.sign, gate.value) == ("mean", name.strip(), sign, float(number))
