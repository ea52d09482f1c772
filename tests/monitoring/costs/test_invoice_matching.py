"""Both sides of an invoice are held together, and a difference gets its likely reason."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.costs import invoice_matching
from monitoring.costs.invoice_files import Billed
from monitoring.costs.invoice_matching import Reason
from monitoring.costs.reading import Amounts

DAY, NEXT = date(2026, 11, 3), date(2026, 11, 4)
USD = 1_000_000_000


def counted(usd, *, calls=10, tokens=1000, **values):
    return Amounts(call_count=calls, input_tokens=tokens, cost_nano_usd=round(usd * USD), **values)


def match(billed, ours, *, has_tokens=False):
    theirs = {key: one if isinstance(one, Billed) else Billed(round(one * USD)) for key, one in billed.items()}
    return invoice_matching.match(billed=theirs, counted=ours, has_tokens=has_tokens)


def reasons(found):
    return [(line.day, line.reasons) for line in found.differing]


def test_amounts_that_differ_by_rounding_agree():
    assert match({(DAY, "m"): 100.5}, {(DAY, "m"): counted(100)}).differing == []


def test_one_model_written_in_two_ways_is_put_together():
    billed = {(DAY, "gpt-5-mini-2025-08-07"): 3.0, (DAY, "anthropic.claude-sonnet-4-5-20250929-v1:0"): 2.0}
    ours = {(DAY, "openai/gpt-5-mini"): counted(3), (DAY, "claude-sonnet-4-5"): counted(2)}

    found = match(billed, ours)

    assert found.differing == []
    assert {line.model for line in found.lines} == {"gpt-5-mini", "claude-sonnet-4-5"}


def test_models_that_both_sides_write_alike_stay_apart():
    names = {(DAY, "gpt-4o-2024-08-06"): 3.0, (DAY, "gpt-4o-2024-11-20"): 2.0}

    found = match(names, {key: counted(usd) for key, usd in names.items()})

    assert len(found.lines) == 2


@pytest.mark.parametrize(
    ("billed", "ours", "reason"),
    [
        (Billed(5 * USD), Amounts(), Reason.NO_CALLS),
        (None, counted(5), Reason.NOT_BILLED),
        (Billed(5 * USD), counted(1, unpriced_count=9), Reason.UNPRICED),
        (Billed(5 * USD, 5000), counted(1, unpriced_count=1, tokens=1000), Reason.MISSING_CALLS),
        (Billed(5 * USD, 5000), counted(1, tokens=1000), Reason.MISSING_CALLS),
        (Billed(1 * USD, 1000), counted(5, tokens=5000), Reason.MORE_CALLS),
        (Billed(5 * USD, 1000), counted(10, tokens=1001), Reason.PRICE),
        (Billed(5 * USD, 600), counted(10, tokens=1000, cache_read_tokens=400), Reason.PRICE),
    ],
)
def test_a_difference_gets_its_likely_reason(billed, ours, reason):
    found = match(
        {(DAY, "m"): billed} if billed else {}, {(DAY, "m"): ours} if ours.call_count else {}, has_tokens=True
    )

    assert found.differing[0].reasons[0] == reason


def test_without_tokens_only_the_direction_speaks():
    assert reasons(match({(DAY, "m"): 5.0}, {(DAY, "m"): counted(1)})) == [(DAY, (Reason.MISSING_CALLS,))]
    assert reasons(match({(DAY, "m"): 1.0}, {(DAY, "m"): counted(5)})) == [(DAY, (Reason.DISCOUNT,))]


def test_money_that_moved_to_the_day_beside_is_recognised():
    found = match({(DAY, "m"): 8.0, (NEXT, "m"): 12.0}, {(DAY, "m"): counted(10), (NEXT, "m"): counted(10)})

    assert all(line.reasons[0] == Reason.NEXT_DAY for line in found.differing)


def test_the_reasons_are_summed_up_with_the_most_money_first():
    found = match({(DAY, "a"): 50.0, (DAY, "b"): 1.0}, {(DAY, "c"): counted(9)})

    assert found.by_reason() == [(Reason.NO_CALLS, 2, 51 * USD), (Reason.NOT_BILLED, 1, -9 * USD)]


keys = st.tuples(
    st.integers(0, 5).map(lambda days: DAY + timedelta(days=days)),
    st.sampled_from(["gpt-5", "openai/gpt-5-2025-08-07", "GPT-5", "", "x", "a/", "-latest"]),
)


@given(
    st.dictionaries(keys, st.integers(-(10**12), 10**12)), st.dictionaries(keys, st.integers(0, 10**12)), st.booleans()
)
def test_no_money_is_lost_and_every_difference_has_a_reason(billed, ours, has_tokens):
    found = invoice_matching.match(
        billed={key: Billed(amount) for key, amount in billed.items()},
        counted={key: Amounts(call_count=1, cost_nano_usd=amount) for key, amount in ours.items()}, has_tokens=has_tokens,
    )  # fmt: skip

    assert (found.billed_nano_usd, found.counted_nano_usd) == (sum(billed.values()), sum(ours.values()))
    assert all(line.reasons for line in found.differing)


@given(st.text(max_size=80))
def test_the_family_of_a_family_is_itself_or_shorter(model):
    assert len(invoice_matching.family(model)) <= len(model.strip().lower())
