"""Exports of providers are read as they are, whatever is in them."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.costs import invoice_files, invoice_values
from monitoring.costs.errors import InvoiceRefused

DAY = date(2026, 11, 3)


def read(text):
    return invoice_files.read(text.encode())


def amounts(found):
    return {key: billed.nano_usd / 1e9 for key, billed in found.lines.items()}


def test_costs_exported_by_openai_are_added_up_by_day_and_model():
    found = read(
        "start_time,end_time,start_time_iso,amount_value,amount_currency,line_item\n"
        '1793664000,1793750400,2026-11-03T00:00:00+00:00,0.5,usd,"gpt-5-mini-2025-08-07, input"\n'
        '1793664000,1793750400,2026-11-03T00:00:00+00:00,1.25,usd,"gpt-5-mini-2025-08-07, output"\n'
    )

    assert amounts(found) == {(DAY, "gpt-5-mini-2025-08-07"): 1.75}


def test_costs_exported_by_anthropic_are_read():
    found = read(
        "usage_date_utc,model,workspace,token_type,cost_usd\n2026-11-03,claude-sonnet-4-5,Default,output,2.5\n"
    )

    assert amounts(found) == {(DAY, "claude-sonnet-4-5"): 2.5}


def test_a_table_that_somebody_wrote_is_read_with_its_tokens():
    found = read("Date;Model;Cost (USD);Input tokens;Output tokens\n3 Nov 2026;gpt-5;1,50;1200;30\n")
    (billed,) = found.lines.values()

    assert found.has_tokens
    assert (billed.nano_usd, billed.input_tokens, billed.output_tokens) == (1_500_000_000, 1200, 30)


def test_a_column_that_is_missing_is_named_with_those_there_are():
    with pytest.raises(InvoiceRefused, match=r"the model and the amount was found.*Date, Team"):
        read("Date,Team\n2026-11-03,a\n")


@pytest.mark.parametrize(
    ("row", "reason"),
    [("03/04/2026,m,1,", "date"), ("2026-11-03,m,much,", "no number"), ("2026-11-03,m,NaN,", "no number"),
     ("2026-11-03,m,1e99,", "no number"),
     ("2026-11-03,m,1e9999999,", "no number"), ("2026-11-03,m,1,EUR", "EUR"), ("1999-01-01,m,1,", "date")],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_left_out_with_its_line_and_why(row, reason):
    found = read(f"date,model,amount,currency\n2026-11-03,m,1,usd\n{row}\n")

    assert found.skipped_count == 1
    assert found.skipped[0][0] == 3
    assert reason in found.skipped[0][1]


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x00", b"date,model,amount\n", b'"', b"\xff\xfe", b"date,model,amount\nx,y,z\n"]
)
def test_a_file_that_says_nothing_is_refused(content):
    with pytest.raises(InvoiceRefused):
        invoice_files.read(content)


def test_files_that_are_too_long_are_refused(monkeypatch):
    row = "2026-11-03,m,1\n"
    monkeypatch.setattr(invoice_files, "MOST_ROWS", 3)

    with pytest.raises(InvoiceRefused, match="more than 3 rows"):
        read("date,model,amount\n" + row * 5)


def test_files_over_more_days_than_are_compared_are_refused():
    with pytest.raises(InvoiceRefused, match="400 days"):
        read("date,model,amount\n2024-01-01,m,1\n2026-11-03,m,1\n")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("1,234", 1234),
        ("0,125", 0.125),
        ("(2.00)", -2),
        ("-3", -3),
        ("1e-05", 0.00001),
    ],
)
def test_amounts_are_read_as_people_and_spreadsheets_write_them(text, amount):
    assert invoice_values.nano_usd(text) == round(amount * 1e9)


_WRITTEN = [
    "2026-11-03",
    "2026-11-03T23:00:00Z",
    "1793664000",
    "1793664000000",
    "Nov 3, 2026",
    "2026/11/03",
    "25/11/2026",
]


@pytest.mark.parametrize("text", _WRITTEN)
def test_days_are_read_as_providers_write_them(text):
    assert invoice_values.day(text).year == 2026


def test_a_moment_counts_on_its_day_in_utc():
    assert invoice_values.day("2026-11-03T23:30:00-08:00") == date(2026, 11, 4)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content):
    try:
        found = invoice_files.read(b"date,model,amount,input_tokens\n2026-11-03,m,1,1\n" + content)
    except InvoiceRefused:
        return
    assert all(len(model) <= 200 and "\x00" not in model for _, model in found.lines)


@given(st.text(max_size=60))
def test_any_cell_is_a_value_or_none(text):
    for read_value in (invoice_values.day, invoice_values.nano_usd, invoice_values.count):
        with contextlib.suppress(invoice_values.NotAValue):
            read_value(text)


days_and_models = st.tuples(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.sampled_from("abc"))


@given(st.dictionaries(days_and_models, st.integers(0, 10**12), min_size=1))
def test_what_is_written_is_read_back(lines):
    rows = "".join(f"{day},{model},{nano_usd / 10**9:.9f}\n" for (day, model), nano_usd in lines.items())

    assert {key: billed.nano_usd for key, billed in read(f"date,model,amount\n{rows}").lines.items()} == lines


@pytest.mark.parametrize("row", ["2026-11-03,m,999999999,1", "2026-11-03,m,1,900000000000000"])
def test_amounts_that_add_up_to_more_than_can_be_kept_are_refused(row):
    rows = f"{row}\n" * 11_000

    with pytest.raises(InvoiceRefused, match="more than can be kept"):
        read(f"date,model,cost,input tokens\n{rows}")
