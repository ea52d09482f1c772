"""What cannot be sent is kept on disk, and a later process of the same key sends it."""

from __future__ import annotations

import fcntl
import os
import time

import pytest
from callboard.delivery import Batch, Route
from callboard.spool import Spool
from callboard.testing import TEST_KEY

from tests.sdk.fake_server import Scripted, eventually

ROUTE = Route("/v1/traces", b"[", b"]")
OTHER_KEY = "cb_otherotherot_" + "x" * 43 + "000000"


@pytest.fixture
def make_spool(tmp_path):
    def make(**options):
        return Spool(tmp_path / "spool", **({"scope": "here", "secret": "s3cret"} | options))

    return make


def batch(*parts: bytes) -> Batch:
    return Batch(ROUTE, list(parts))


def waiting(spool):
    return [stored.batch for stored in spool.waiting() if not stored.mark_sent()]


def record(client, *names):
    for name in names:
        with client.span(name):
            pass


def names(server):
    return sorted(span["name"] for span in server.spans)


def test_a_batch_comes_back_as_it_was_and_only_until_it_is_sent(make_spool):
    written = batch(b'{"a":"\\n"}', '{"b":"é"}'.encode())
    assert make_spool().write(written)

    [read] = waiting(make_spool())

    assert (read.id, read.route, read.parts) == (written.id, ROUTE, written.parts)
    assert waiting(make_spool()) == []
    assert make_spool().bytes_waiting() == 0


def test_a_batch_that_was_sent_before_the_process_ended_is_not_sent_again(make_spool):
    spool = make_spool()
    for part in (b"1", b"2", b"3"):
        spool.write(batch(part))

    sending = make_spool().waiting()
    next(sending).mark_sent()
    sending.close()

    assert [read.parts for read in waiting(make_spool())] == [[b"2"], [b"3"]]


def test_a_torn_tail_is_skipped(make_spool, tmp_path):
    spool = make_spool()
    spool.write(batch(b"whole"))
    spool.write(batch(b"torn"))
    [path] = (tmp_path / "spool").iterdir()
    os.truncate(path, path.stat().st_size - 3)

    assert [read.parts for read in waiting(make_spool())] == [[b"whole"]]
    assert not path.exists()


def test_a_changed_record_is_skipped_and_those_behind_it_are_not(make_spool, tmp_path, caplog):
    spool = make_spool()
    spool.write(batch(b"changed"))
    spool.write(batch(b"good"))
    [path] = (tmp_path / "spool").iterdir()
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)

    assert [read.parts for read in waiting(make_spool())] == [[b"good"]]
    assert "damaged record" in caplog.text


def test_a_file_of_something_else_is_left_out(make_spool, tmp_path):
    spool = make_spool()
    spool.write(batch(b"x"))
    [path] = (tmp_path / "spool").iterdir()
    path.write_bytes(b"something else entirely, and longer than one header of a record")

    assert waiting(make_spool()) == []


def test_another_key_never_sees_what_was_written(make_spool, tmp_path):
    make_spool().write(batch(b"x"))
    other = make_spool(secret="another")
    assert waiting(other) == []

    # Not even under a name of its own.
    [path] = (tmp_path / "spool").iterdir()
    other.write(batch(b"y"))
    [own] = [found for found in (tmp_path / "spool").iterdir() if found != path]
    own.write_bytes(path.read_bytes())

    assert waiting(other) == []


def test_the_oldest_make_room_for_the_newest(make_spool):
    spool = make_spool(max_bytes=40_000)
    for number in range(60):
        spool.write(batch(number.to_bytes(1, "big") + os.urandom(2_000).replace(b"\n", b"")))

    kept = [read.parts[0][0] for read in waiting(make_spool(max_bytes=40_000))]

    assert kept == list(range(60))[-len(kept) :]
    assert 10 <= len(kept) <= 20
    assert spool.overwritten == 60 - len(kept)


def test_a_file_that_another_process_is_sending_is_left_alone(make_spool, tmp_path):
    spool = make_spool()
    spool.write(batch(b"first"))
    [path] = (tmp_path / "spool").iterdir()
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert waiting(make_spool()) == []
        assert spool.write(batch(b"second"))

    assert [read.parts for read in waiting(make_spool())] == [[b"first"], [b"second"]]


def test_only_the_owner_can_read_what_is_kept(make_spool, tmp_path):
    make_spool().write(batch(b"x"))

    [path] = (tmp_path / "spool").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_cannot_be_made_is_reported_and_never_raised(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    spool = Spool(tmp_path / "file" / "spool", scope="a", secret="b")

    assert spool.write(batch(b"x")) is False
    assert waiting(spool) == []
    assert "nothing can be kept" in caplog.text


def test_what_is_left_at_shutdown_is_sent_by_the_next_client_of_the_key(server, make_client, tmp_path):
    server.stop()
    first = make_client(server.url, spool_dir=tmp_path / "spool")
    record(first, "one", "two")
    first.feedback("0" * 31 + "1", thumbs="up")

    assert first.shutdown(1.0)
    assert first.stats()["spans_stored"] == 2
    assert first.stats()["spans_lost"] == 0
    server.start_again()
    second = make_client(server.url, spool_dir=tmp_path / "spool")
    record(second, "three")
    second.feedback("0" * 31 + "2", thumbs="up")

    eventually(lambda: {"one", "two", "three"} <= set(names(server)))
    eventually(lambda: len(server.feedback) == 2)
    eventually(lambda: not list((tmp_path / "spool").iterdir()))


def test_a_client_of_another_key_leaves_it_where_it_is(server, make_client, tmp_path):
    server.stop()
    first = make_client(server.url, spool_dir=tmp_path / "spool")
    record(first, "secret")
    first.shutdown(0.5)
    server.start_again()

    other = make_client(server.url, spool_dir=tmp_path / "spool", api_key=OTHER_KEY)
    record(other, "mine")
    other.flush(5)
    record(other, "mine too")
    other.flush(5)

    assert "secret" not in names(server)
    assert len(list((tmp_path / "spool").iterdir())) == 1


def test_without_a_spool_directory_nothing_is_written(server, make_client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server.stop()
    client = make_client(server.url)
    record(client, "lost")
    client.shutdown(0.2)
    server.start_again()

    eventually(lambda: client.stats()["spans_lost"] == 1)
    assert client.stats()["spans_stored"] == 0
    assert not list(tmp_path.rglob("*.spool"))


def test_a_span_the_server_will_never_take_is_not_kept(server, make_client, tmp_path):
    server.answer_next("/v1/traces", Scripted(400))
    client = make_client(server.url, spool_dir=tmp_path / "spool")
    record(client, "bad")

    assert client.flush(5)
    assert client.stats()["spans_lost"] == 1
    assert client.stats()["spans_stored"] == 0


def test_shutting_down_takes_no_longer_than_asked_for(server, make_client, tmp_path):
    server.always["/v1/traces"] = Scripted(200, delay=10.0)
    client = make_client(server.url, spool_dir=tmp_path / "spool", timeout=10.0)
    record(client, *["stuck"] * 2_000)
    eventually(lambda: server.batches)
    began = time.monotonic()

    client.shutdown(2.0)

    assert time.monotonic() - began < 3.5
    assert client.stats()["spans_stored"] == 2_000


def test_the_key_is_not_in_what_is_kept(make_spool, tmp_path):
    Spool(tmp_path / "spool", scope="here", secret=TEST_KEY).write(batch(b"x"))

    [path] = (tmp_path / "spool").iterdir()
    assert TEST_KEY.encode() not in path.read_bytes()
    assert TEST_KEY not in path.name
