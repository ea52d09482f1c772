"""The bounded queue: it never blocks, never grows without bound, and every promise about time is kept."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from callboard.delivery import Batch, Courier, Route
from callboard.http_client import Answer
from callboard.outbox import Outbox
from callboard.spool import Spool, StoredBatch


class Client:
    """Accepts every request, unless told to hang."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.open = threading.Event()
        self.open.set()

    def request(self, method, path, *, body, headers, timeout):
        self.open.wait(20)
        self.bodies.append(body)
        return Answer(200, {}, b"{}")

    def close(self):
        """Nothing to close."""


def until(is_so, seconds=5.0):
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return is_so()


def fill_behind_a_silent_server(outbox, network, count):
    network.open.clear()
    outbox.put("first", 1)
    assert until(lambda: not outbox._items)
    for number in range(count):
        outbox.put(number, 1)


@pytest.fixture
def network():
    return Client()


@pytest.fixture
def make_outbox(network):
    made = []

    def make(spool=None, **options):
        outbox = Outbox(
            "test",
            courier=Courier("items", connect=lambda: network, store=spool and spool.write),
            spool=spool,
            route=lambda: Route("/", b"[", b"]"),
            **({"encode": lambda item: str(item).encode(), "interval": 0.02} | options),
        )
        made.append(outbox)
        return outbox

    yield make
    network.open.set()
    for outbox in made:
        outbox.close(0)


def test_items_are_sent_in_order(make_outbox, network):
    outbox = make_outbox()
    for number in range(5):
        outbox.put(number, 1)

    assert outbox.flush(5)
    assert b",".join(body.strip(b"[]") for body in network.bodies) == b"0,1,2,3,4"


def test_no_thread_runs_before_the_first_item(make_outbox):
    outbox = make_outbox()
    assert outbox._thread is None
    assert outbox.flush(0)

    outbox.put(1, 1)
    assert outbox._thread is not None


def test_a_full_queue_drops_the_newest_and_counts(make_outbox, network):
    network.open.clear()
    outbox = make_outbox(max_items=10)
    outbox.put("first", 1)
    while outbox._items:
        time.sleep(0.001)

    taken = [outbox.put(number, 1) for number in range(15)]

    assert taken == [True] * 10 + [False] * 5
    assert outbox.lost == 5
    network.open.set()
    assert outbox.flush(5)
    assert b"9" in network.bodies[-1]
    assert b"10" not in network.bodies[-1]


def test_with_a_spool_a_crowded_queue_goes_to_disk_while_the_server_hangs_and_is_sent_later(
    make_outbox, network, tmp_path
):
    network.open.clear()
    outbox = make_outbox(spool=Spool(tmp_path, scope="here", secret="s3cret"), max_items=100)
    outbox.put("first", 1)
    while outbox._items:
        time.sleep(0.001)

    for number in range(300):
        outbox.put(number, 1)
        while len(outbox._items) > 90:
            time.sleep(0.001)

    assert (outbox.lost, outbox.sent) == (0, 0)
    assert outbox.stored > 100
    network.open.set()
    deadline = time.monotonic() + 10
    while outbox.sent < 301 and time.monotonic() < deadline:
        time.sleep(0.01)
    sent = b",".join(body.strip(b"[]") for body in network.bodies).split(b",")
    assert sorted(sent) == sorted([b"first", *(str(number).encode() for number in range(300))])


def test_a_disk_that_cannot_be_written_costs_nothing_that_the_server_takes(make_outbox, network, tmp_path, monkeypatch):
    spool = Spool(tmp_path, scope="here", secret="s3cret")
    monkeypatch.setattr(spool, "write", lambda batch: False)
    outbox = make_outbox(spool=spool, max_items=1_000)
    fill_behind_a_silent_server(outbox, network, 960)
    assert until(lambda: outbox._unkept or outbox._disk_again_at)
    network.open.set()

    assert outbox.flush(10)
    assert (outbox.sent, outbox.lost, outbox.stored) == (961, 0, 0)


def test_a_burst_below_the_rim_stays_in_memory_while_the_server_takes_batches(make_outbox, tmp_path):
    outbox = make_outbox(
        spool=Spool(tmp_path, scope="here", secret="s3cret"), max_items=1_000, interval=5, flush_at=512
    )
    outbox.put(-1, 10)
    assert outbox.flush(5)

    for number in range(800):
        outbox.put(number, 10)
    assert outbox.flush(10)

    assert (outbox.sent, outbox.stored) == (801, 0)


def test_a_flush_waits_for_what_a_burst_put_on_disk(make_outbox, network, tmp_path):
    outbox = make_outbox(spool=Spool(tmp_path, scope="here", secret="s3cret"), max_items=1_000)
    fill_behind_a_silent_server(outbox, network, 980)
    assert until(lambda: outbox.stored > 0)
    network.open.set()

    assert outbox.flush(10)

    assert (outbox.sent, outbox.lost) == (981, 0)


def test_what_had_to_make_room_on_disk_is_counted_as_lost(make_outbox, network, tmp_path):
    network.open.clear()
    spool = Spool(tmp_path, scope="here", secret="s3cret", max_bytes=4_000)
    outbox = make_outbox(spool=spool, encode=lambda item: os.urandom(600).hex().encode())
    outbox.put("first", 1)
    while outbox._items:
        time.sleep(0.001)
    for number in range(20):
        outbox.put(number, 1)
        outbox._store(outbox._take())

    kept = sum(len(stored.batch.parts) for stored in spool.waiting() if not stored.mark_sent())

    assert outbox.stored == 20
    assert 0 < kept < 20
    assert outbox.lost == 20 - kept


def test_a_queue_is_full_by_bytes_too(make_outbox, network):
    network.open.clear()
    outbox = make_outbox(max_bytes=1000)
    outbox.put("first", 1)
    while outbox._items:
        time.sleep(0.001)

    assert [outbox.put("x", 400) for _ in range(4)] == [True, True, False, False]
    assert outbox.put("small", 100)


def test_putting_does_not_wait_for_a_server_that_hangs(make_outbox, network):
    network.open.clear()
    outbox = make_outbox()

    began = time.perf_counter()
    for number in range(5_000):
        outbox.put(number, 1)

    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize("act", ["flush", "close"])
def test_flush_and_close_return_in_time_even_when_the_server_hangs(make_outbox, network, act):
    network.open.clear()
    outbox = make_outbox()
    outbox.put(1, 1)

    began = time.perf_counter()
    is_done = getattr(outbox, act)(0.3)

    assert is_done is False
    assert 0.25 < time.perf_counter() - began < 1.0


def test_a_closed_outbox_takes_nothing_and_counts(make_outbox):
    outbox = make_outbox()
    outbox.put(1, 1)

    assert outbox.close(5)
    assert outbox.put(2, 1) is False
    assert outbox.lost == 1
    assert outbox.flush(0.1)
    assert outbox.close(0.1)


def test_the_thread_ends_when_the_outbox_is_closed(make_outbox):
    outbox = make_outbox()
    outbox.put(1, 1)
    thread = outbox._thread

    outbox.close(5)

    thread.join(2)
    assert not thread.is_alive()


def test_what_is_left_when_closing_is_counted_as_lost(make_outbox, network):
    network.open.clear()
    outbox = make_outbox()
    outbox.put("in flight", 1)
    while outbox._items:
        time.sleep(0.001)
    for number in range(3):
        outbox.put(number, 1)

    outbox.close(0.05)
    network.open.set()
    outbox._thread.join(2)

    assert outbox.lost == 3
    assert outbox.sent == 1
    began = time.perf_counter()
    assert outbox.flush(5)
    assert time.perf_counter() - began < 1


def test_an_item_that_cannot_be_encoded_costs_only_itself(make_outbox, network):
    def encode(item):
        if item == "bad":
            raise ValueError(item)
        return str(item).encode()

    outbox = make_outbox(encode=encode)
    for item in ("a", "bad", "b"):
        outbox.put(item, 1)

    assert outbox.flush(5)
    assert (outbox.sent, outbox.lost) == (2, 1)


def test_a_system_without_threads_to_spare_does_no_harm(make_outbox, monkeypatch):
    outbox = make_outbox()

    def no_thread(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        assert outbox.put(1, 1)
        # Without a thread the flush does the work itself.
        assert outbox.flush(2)
        assert outbox.sent == 1
        assert outbox.put(2, 1)

    outbox._start_at = 0.0
    outbox.put(3, 1)
    assert outbox.flush(5)
    assert outbox.sent == 3


def test_many_threads_lose_nothing(make_outbox, network):
    outbox = make_outbox()

    def work():
        for number in range(500):
            outbox.put(number, 1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outbox.flush(10)
    assert outbox.sent == 4_000
    assert outbox._bytes == 0


def test_a_signal_handler_may_put_while_it_interrupts_a_put(make_outbox):
    outbox = make_outbox()
    before = signal.signal(signal.SIGALRM, lambda *_: outbox.put("from the handler", 1))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        deadline = time.monotonic() + 0.4
        while time.monotonic() < deadline:
            outbox.put("from the program", 1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert outbox.flush(10)


def test_a_flush_cuts_a_wait_short_once():
    class Failing:
        attempts = 0

        def request(self, *args, **kwargs):
            from callboard.errors import Unreachable

            Failing.attempts += 1
            raise Unreachable("down")

        def close(self):
            """Nothing to close."""

    outbox = Outbox(
        "test",
        courier=Courier("items", connect=Failing),
        route=lambda: Route("/", b"", b""),
        encode=lambda item: b"x",
        interval=0.01,
    )
    outbox.put(1, 1)
    while Failing.attempts < 4:
        time.sleep(0.01)
    before = Failing.attempts

    outbox.flush(0.05)

    assert Failing.attempts > before
    outbox.close(0)


def test_an_unexpected_failure_costs_one_batch_and_not_the_thread(make_outbox, network, monkeypatch):
    outbox = make_outbox()
    deliver = outbox._courier.deliver
    failures = iter([RuntimeError("bug")])

    def sometimes(batch, *, deadline):
        for failure in failures:
            raise failure
        deliver(batch, deadline=deadline)

    monkeypatch.setattr(outbox._courier, "deliver", sometimes)
    outbox.put("first", 1)
    assert outbox.flush(5)
    outbox.put("second", 1)

    assert outbox.flush(5)
    assert (outbox.lost, outbox.sent) == (1, 1)


def test_an_interval_of_nothing_does_not_keep_the_processor_busy(make_outbox):
    outbox = make_outbox(interval=0)
    outbox.put("first", 1)
    assert outbox.flush(5)
    began = time.process_time()

    time.sleep(0.3)

    assert time.process_time() - began < 0.15


def test_a_disk_that_fails_while_stored_batches_are_sent_does_not_end_the_thread(
    make_outbox, network, tmp_path, monkeypatch
):
    def fail(stored):
        raise OSError("disk full")

    monkeypatch.setattr(StoredBatch, "mark_sent", fail)
    spool = Spool(tmp_path, scope="here", secret="s3cret")
    spool.write(Batch(Route("/", b"[", b"]"), [b"stored"]))
    outbox = make_outbox(spool=spool)
    outbox.put("first", 1)
    deadline = time.monotonic() + 10
    while b"[stored]" not in network.bodies and time.monotonic() < deadline:
        time.sleep(0.01)

    outbox.put("second", 1)

    assert outbox.flush(5)
    assert b"[second]" in network.bodies


def test_a_forked_child_does_not_hold_the_lock_on_what_its_parent_was_sending(make_outbox, tmp_path):
    spool, of_another = (Spool(tmp_path, scope="here", secret="s3cret") for _ in range(2))
    spool.write(Batch(Route("/", b"[", b"]"), [b"stored"]))
    sending = spool.waiting()
    assert next(sending).batch.parts == [b"stored"]
    assert list(of_another.waiting()) == []

    make_outbox(spool=spool).reset_after_fork()

    assert [stored.batch.parts for stored in of_another.waiting()] == [[b"stored"]]
    sending.close()


def test_a_process_forked_without_notice_is_recognised_by_its_number(make_outbox, network):
    network.open.clear()
    outbox = make_outbox()
    outbox.put("of the parent", 1)
    outbox.put("of the parent too", 1)
    outbox._pid = 0

    outbox.put("of the child", 1)

    assert outbox._pid != 0
    network.open.set()
    assert outbox.flush(5)
    assert outbox._accepted == 1
