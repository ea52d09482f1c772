"""Reading server-sent events, whole, in pieces and broken."""

from __future__ import annotations

import pytest
from callboard.prompt_events import EventReader, LineTooLong, PromptChange

EVENT = b'id: a-1\nevent: prompts\ndata: {"name": "x", "labels": ["production"], "change": "12"}\n\n'
CHANGE = PromptChange("x", ("production",), "12")


def read(*pieces: bytes) -> list[PromptChange]:
    reader = EventReader()
    return [change for piece in pieces for change in reader.feed(piece)]


def test_an_event_is_read_whole_and_byte_by_byte():
    assert read(EVENT) == [CHANGE]
    assert read(*(EVENT[place : place + 1] for place in range(len(EVENT)))) == [CHANGE]
    assert read(EVENT.replace(b"\n", b"\r\n")) == [CHANGE]


def test_heartbeats_and_other_events_are_no_changes():
    assert read(b": still here\n\n", b"event: other\ndata: {}\n\n", b"data: {}\n\n", b"\n\n\n") == []


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b"null", b'{"labels": 7}', b"[" * 50_000, b"\xff\xfe"])
def test_rubbish_in_an_event_is_no_change(data):
    assert read(b"event: prompts\ndata: " + data + b"\n\n", EVENT) == [CHANGE]


@pytest.mark.parametrize("token", ["1\\r\\nX-Evil: 1", "ü", "x" * 41, " "])
def test_a_token_that_does_not_belong_in_a_header_is_dropped(token):
    [change] = read(f'event: prompts\ndata: {{"name": "x", "change": "{token}"}}\n\n'.encode())

    assert change.token == ""


def test_the_place_is_kept_only_with_a_whole_event():
    reader = EventReader()
    list(reader.feed(EVENT))
    list(reader.feed(b"id: a-2\nevent: prompts\ndata: {"))

    assert reader.last_id == "a-1"


@pytest.mark.parametrize("text", [b"id: a\xc3\xbc", b"id: " + b"x" * 101, b"id: a\x00b"])
def test_an_id_that_does_not_belong_in_a_header_is_not_kept(text):
    reader = EventReader()
    list(reader.feed(EVENT))
    list(reader.feed(text + b"\n\n"))

    assert reader.last_id == "a-1"


def test_the_pause_that_the_server_names_is_read():
    reader = EventReader()
    list(reader.feed(b"retry: 2500\n\nretry: -1\nretry: many\n"))

    assert reader.retry_seconds == 2.5


def test_a_line_without_an_end_is_given_up():
    reader = EventReader()
    list(reader.feed(b"x" * 60_000))

    with pytest.raises(LineTooLong):
        list(reader.feed(b"x" * 10_000))
