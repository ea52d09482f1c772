"""Where the bars of the time line begin and how wide they are."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from monitoring.kinds import Kind, Status
from monitoring.trace_trees import Step, arrange
from webapp.pages import traces_rows

TRACE = SimpleNamespace(start_ns=1_000, end_ns=2_000)


def row(**fields):
    step = Step(**{"span_id": 1, "parent_id": None, "start_ns": 1_000, "duration_ns": 1_000} | fields)
    return traces_rows.rows(TRACE, arrange([step]), current=None)[0]


@pytest.mark.parametrize(
    ("start", "took", "expected"),
    [
        (1_000, 1_000, ("0.00", "100.00")),
        (1_500, 250, ("50.00", "25.00")),
        (1_000, 0, ("0.00", "0.40")),
        (2_000, 0, ("99.60", "0.40")),
    ],
)
def test_bars_are_shares_of_the_trace(start, took, expected):
    found = row(start_ns=start, duration_ns=took)

    assert (found.start_percent, found.width_percent) == expected


def test_bars_never_leave_the_track_whatever_the_clocks_say():
    found = row(start_ns=-5_000, duration_ns=10**18)

    assert (found.start_percent, found.width_percent) == ("0.00", "100.00")


def test_a_row_names_its_kind_outcome_and_model():
    found = row(kind=Kind.LLM, status=Status.ERROR, model="gpt-5", name="think", ttft_ns=300)

    assert (found.kind, found.is_error, found.detail, found.first_token_percent) == ("llm", True, "gpt-5", "30.00")


def test_an_orphan_says_why_it_stands_at_the_top():
    assert row(parent_id=99).detail == "its parent has not arrived"


def test_a_kind_of_the_future_is_shown_as_other():
    assert row(kind=77).kind == "other"
