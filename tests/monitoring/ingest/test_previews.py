"""The first words of what was said, on one line, always storable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest import fields, payloads
from monitoring.ingest.limits import MAX_PAYLOAD_CHARS, PREVIEW_CHARS


@pytest.mark.parametrize(
    ("text", "preview"),
    [
        ("", ""),
        ("plain words", "plain words"),
        ("  two\n\nlines\tand  gaps ", "two lines and gaps"),
        ("ends with a gap ", "ends with a gap"),
        ("a\x00b", "a\ufffdb"),
        ("non\u00a0breaking", "non breaking"),
        ("x" * 500, "x" * PREVIEW_CHARS),
        (" " * 200 + "late", "late"),
    ],
)
def test_a_preview_is_the_beginning_on_one_line(text: str, preview: str) -> None:
    assert payloads.preview_of(text) == preview


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400))
def test_the_short_way_gives_the_same_words_as_the_long_one(text: str) -> None:
    long_way = " ".join(text[: PREVIEW_CHARS * 2].split())[:PREVIEW_CHARS]

    assert payloads.preview_of(text).split() == long_way.replace("\x00", "\ufffd").split()


def test_a_nul_escaped_inside_a_conversation_reaches_no_column() -> None:
    sent = '[{"role":"user","parts":[{"type":"text","content":"a\\u0000b"}]}]'

    text, preview = payloads.of_input(fields.sort({"gen_ai.input.messages": sent}), None, is_call=True)

    assert "\x00" not in preview
    assert "\x00" not in (text or "")


def test_a_payload_beyond_its_limit_is_cut() -> None:
    found = fields.sort({"input.value": "x" * (MAX_PAYLOAD_CHARS + 1)})

    text, _ = payloads.of_input(found, None, is_call=False)

    assert text is not None
    assert len(text) == MAX_PAYLOAD_CHARS
    assert found.cuts.made["input"]["length"] == MAX_PAYLOAD_CHARS + 1
