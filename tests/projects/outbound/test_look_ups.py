"""Looking up a host never holds anybody longer than they can wait."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from projects.outbound import look_ups
from projects.outbound.errors import AddressRefused

HERE = ip_address("203.0.113.9")


class Silent:
    """A name server that does not answer until it is let go."""

    def __init__(self) -> None:
        self.asked = 0
        self.let_go = threading.Event()

    def __call__(self, host: str, port: int) -> list:
        self.asked += 1
        self.let_go.wait(30)
        return [HERE]


@pytest.fixture
def silent() -> Iterator[Silent]:
    silent = Silent()
    yield silent
    silent.let_go.set()
    while look_ups._under_way:
        time.sleep(0.01)


def test_addresses_are_returned():
    assert look_ups.addresses(lambda host, port: [HERE], "a.example", 443) == [HERE]


def test_an_error_of_the_look_up_reaches_whoever_asked():
    def broken(host: str, port: int) -> list:
        raise ValueError("odd name")

    with pytest.raises(ValueError, match="odd name"):
        look_ups.addresses(broken, "a.example", 443)


def test_whoever_saves_an_address_is_told_after_a_while(silent):
    started = time.monotonic()

    with pytest.raises(AddressRefused, match=r"slow\.example could not be looked up"):
        look_ups.addresses(silent, "slow.example", 443, seconds=0.1)

    assert time.monotonic() - started < 10


def test_an_event_loop_ends_although_a_look_up_goes_on(silent):
    async def hurry() -> None:
        async with asyncio.timeout(0.1):
            await look_ups.addresses_async(silent, "slow.example", 443)

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(hurry())

    assert time.monotonic() - started < 10
    assert not silent.let_go.is_set()


def test_an_answer_that_comes_after_the_event_loop_ended_disturbs_nobody(silent):
    async def hurry() -> None:
        async with asyncio.timeout(0.05):
            await look_ups.addresses_async(silent, "slow.example", 443)

    with pytest.raises(TimeoutError):
        asyncio.run(hurry())

    silent.let_go.set()
    assert look_ups.addresses(silent, "slow.example", 443) == [HERE]


def test_many_who_ask_for_the_same_host_wait_for_one_look_up(silent):
    async def ask() -> list:
        asking = [asyncio.ensure_future(look_ups.addresses_async(silent, "a.example", 443)) for _ in range(20)]
        await asyncio.sleep(0.05)
        silent.let_go.set()
        return await asyncio.gather(*asking)

    assert asyncio.run(ask()) == [[HERE]] * 20
    assert silent.asked == 1


def test_the_next_one_asks_anew(silent):
    silent.let_go.set()
    for _ in range(2):
        look_ups.addresses(silent, "a.example", 443)

    assert silent.asked == 2


def test_no_more_than_so_many_names_are_looked_up_at_once(silent, monkeypatch):
    monkeypatch.setattr(look_ups, "MOST_AT_ONCE", 2)
    for host in ("a.example", "b.example"):
        with pytest.raises(AddressRefused):
            look_ups.addresses(silent, host, 443, seconds=0.01)

    with pytest.raises(AddressRefused, match=r"c\.example"):
        look_ups.addresses(silent, "c.example", 443, seconds=5)

    assert silent.asked == 2


def test_a_thread_that_cannot_start_leaves_nothing_under_way(monkeypatch):
    def full(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", full)
        with pytest.raises(RuntimeError, match="can't start"):
            look_ups.addresses(at_home, "a.example", 443)

    assert look_ups.addresses(at_home, "a.example", 443) == [HERE]


def at_home(host: str, port: int) -> list:
    return [HERE]
