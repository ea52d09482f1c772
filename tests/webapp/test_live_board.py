"""Handing out changes: bounded mailboxes, slow readers, those who come back; without a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import pytest

from tests.webapp.live_server import NOWHERE
from webapp import live_board
from webapp.live_board import MAILBOX_SIZE, Board, Change, Mailbox
from webapp.live_prompts import Limits, PromptStreams


def run(work: Awaitable[Any]) -> Any:
    return asyncio.run(work)


def payload(name: str, *, project: int = 1) -> str:
    return json.dumps({"project": project, "name": name, "labels": ["production"], "change": "7"})


async def read_all(mailbox: Mailbox) -> list[str | None]:
    found: list[str | None] = []
    while True:
        try:
            change = await mailbox.get(seconds=0.01)
        except TimeoutError:
            return found
        found.append(change.name if change else None)


def test_a_slow_reader_gets_one_notice_in_place_of_all_that_it_missed():
    async def scenario() -> list[str | None]:
        mailbox = Mailbox()
        for number in range(MAILBOX_SIZE + 3):
            mailbox.put(Change(number=number, name=f"prompt-{number}"))
        return await read_all(mailbox)

    assert run(scenario()) == ["", f"prompt-{MAILBOX_SIZE + 1}", f"prompt-{MAILBOX_SIZE + 2}"]


def test_the_end_is_told_whatever_else_is_waiting_or_comes_later():
    async def scenario() -> list[str | None]:
        mailbox = Mailbox()
        for number in range(MAILBOX_SIZE):
            mailbox.put(Change(number=number))
        mailbox.close()
        for number in range(MAILBOX_SIZE * 2):
            mailbox.put(Change(number=number))
        return await read_all(mailbox)

    assert run(scenario()) == [None]


def test_whoever_was_away_for_too_long_must_look_at_everything():
    async def scenario() -> tuple[list[str | None], list[str | None]]:
        board = Board()
        for number in range(live_board._REMEMBERED_CHANGES + 5):
            board.post(payload(f"prompt-{number}"))
        short = board.open(1, last_seen=f"{board.mark}-{board._number - 2}")
        long = board.open(1, last_seen=f"{board.mark}-1")
        return await read_all(short), await read_all(long)

    short, long = run(scenario())
    assert len(short) == 2
    assert long == [""]


def test_whoever_missed_nothing_is_told_nothing():
    async def scenario() -> list[str | None]:
        board = Board()
        board.post(payload("a"))
        return await read_all(board.open(1, last_seen=f"{board.mark}-1"))

    assert run(scenario()) == []


def test_after_a_gap_everybody_must_look_at_everything():
    async def scenario() -> tuple[list[str | None], list[str | None]]:
        board = Board()
        board.post(payload("a"))
        there = board.open(1, last_seen=f"{board.mark}-1")
        board.post_gap()
        return await read_all(there), await read_all(board.open(1, last_seen=f"{board.mark}-1"))

    assert run(scenario()) == ([""], [""])


def test_projects_without_readers_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(live_board, "_REMEMBERED_PROJECTS", 10)

    async def scenario() -> tuple[int, list[str | None], list[str | None]]:
        board = Board()
        board.post(payload("a", project=0))
        seen = f"{board.mark}-{board._number}"
        listening = board.open(0, last_seen=seen)
        for project in range(1, 50):
            board.post(payload("x", project=project))
        board.post(payload("b", project=0))
        return len(board._projects), await read_all(listening), await read_all(board.open(1, last_seen=seen))

    count, heard, returned = run(scenario())
    assert count <= 11
    assert heard == ["b"]
    assert returned == [""]


def test_a_reader_that_takes_nothing_is_cut_off():
    async def never(message: Any) -> None:
        await asyncio.sleep(60)

    async def scenario() -> None:
        streams = PromptStreams(database_url=NOWHERE, limits=Limits(send_seconds=0.05))
        started: list[Any] = []

        async def send(message: Any) -> None:
            started.append(message)
            if message["type"] == "http.response.body":
                await never(message)

        await streams._send_all(Mailbox(), send)

    with pytest.raises(TimeoutError):
        run(scenario())
