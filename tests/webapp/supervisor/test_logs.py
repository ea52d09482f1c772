import stat

from webapp.supervisor import logs


def test_a_log_is_readable_by_its_owner_only(tmp_path):
    logs.open_log(tmp_path / "logs" / "web.log").close()

    assert stat.S_IMODE((tmp_path / "logs" / "web.log").stat().st_mode) == 0o600


def test_a_long_log_is_moved_aside_while_its_writer_keeps_it_open(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 10)
    path = tmp_path / "web.log"
    with logs.open_log(path) as log:
        log.write(b"first line of many\n")
        log.flush()

        logs.keep_small(path)
        log.write(b"next\n")

    assert path.read_bytes() == b"next\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"first line of many\n"


def test_last_lines_show_the_end_of_a_log(tmp_path):
    path = tmp_path / "web.log"
    path.write_bytes(b"one\n\ntwo\xff\nthree\n")

    assert logs.last_lines(path, count=2) == "two\ufffd\nthree"


def test_a_log_that_was_never_written_has_no_last_lines(tmp_path):
    assert logs.last_lines(tmp_path / "web.log") == ""
