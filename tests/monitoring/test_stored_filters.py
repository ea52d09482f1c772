"""A filter that was stored selects what it selected before."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import stored_filters
from monitoring.exploring import language
from monitoring.exploring.terms import Operator, Term, Value
from monitoring.kinds import Arm
from monitoring.trace_filters import Outcome, Thumbs, TraceFilter

MOMENT = datetime(2026, 11, 3, 12, tzinfo=UTC)
values = st.builds(Value, st.text(max_size=9), st.sampled_from(Operator))
terms = st.builds(
    Term, st.sampled_from(["prompt", "text", "metadata"]), st.lists(values, min_size=1, max_size=3).map(tuple),
    st.text(max_size=5), st.booleans(),
)  # fmt: skip


def again(wanted: TraceFilter) -> TraceFilter:
    return stored_filters.from_json(json.loads(json.dumps(stored_filters.to_json(wanted))))


@given(st.lists(terms, max_size=4).map(tuple))
def test_terms_of_the_language_come_back_as_they_were(wanted):
    stored = TraceFilter(start=MOMENT, end=MOMENT, terms=wanted)

    assert again(stored) == stored


def test_all_fields_come_back_as_they_were():
    wanted = TraceFilter(
        start=MOMENT, end=MOMENT, text="late", status=Outcome.ERROR, thumbs=Thumbs.DOWN, environment="live", prompt="a/b",
        version=3, model="m", user="u", session="s", rollout=UUID(int=5), arm=Arm.CANDIDATE, flag="refused",
        min_duration_ms=1.5, min_cost_usd=0.25, issue=4, group=5, among=(UUID(int=1), UUID(int=2)),
        terms=language.parse('-model:gpt-4,gpt-4o "free words"').terms,
    )  # fmt: skip

    assert again(wanted) == wanted


def test_a_field_that_is_not_known_is_refused_as_it_would_widen_the_filter():
    with pytest.raises(ValueError, match="shoe_size"):
        stored_filters.from_json({"start": MOMENT.isoformat(), "end": MOMENT.isoformat(), "shoe_size": 9})
