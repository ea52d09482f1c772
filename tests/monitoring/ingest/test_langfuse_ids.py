"""Ids of Langfuse applications."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest import langfuse_ids as ids

TRACE = "0af7651916cd43dd8448eb211c80319c"
UUID = "0af76519-16cd-43dd-8448-eb211c80319c"


@pytest.mark.parametrize("text", [TRACE, TRACE.upper(), UUID, f" {UUID} "])
def test_a_hexadecimal_trace_id_and_its_uuid_are_the_same(text):
    assert ids.trace_id(text).hex() == TRACE


def test_any_other_text_becomes_what_the_sdk_makes_of_a_seed():
    assert ids.trace_id("order 17") == hashlib.sha256(b"order 17").digest()[:16]


def test_the_id_of_nothing_is_no_id_and_is_hashed():
    assert any(ids.trace_id("0" * 32))
    assert any(ids.span_id("0" * 16))


def test_a_hexadecimal_span_id_stays_and_a_uuid_is_hashed():
    assert ids.span_id("B7AD6B7169203331").hex() == "b7ad6b7169203331"
    assert ids.span_id(UUID) == hashlib.sha256(UUID.encode()).digest()[:8]


def test_a_uuid_of_a_score_stays_and_other_texts_are_hashed():
    assert ids.score_id(UUID) == uuid.UUID(UUID)
    assert ids.score_id("tone") == ids.score_id("tone") != ids.score_id("mood")


def test_within_a_realm_no_text_names_a_score_from_outside():
    assert ids.score_id(UUID, realm="public") != uuid.UUID(UUID)
    assert ids.score_id("tone", realm="public") != ids.score_id("tone")


@given(st.text(alphabet=st.characters(codec=None)))
def test_every_text_has_an_id_of_the_right_length(text):
    trace = ids.trace_id(text)

    assert (len(trace), len(ids.span_id(text)), len(ids.root_id(trace))) == (16, 8, 8)
    assert any(trace)
    assert ids.trace_id(text) == trace
