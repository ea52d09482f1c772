"""Forked, pooled and ending processes: nothing is lost, nothing is sent twice, nothing hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from callboard.testing import TEST_KEY

from tests.sdk.fake_server import Scripted, eventually


@pytest.fixture
def run(server, tmp_path):
    """Run a program with the client pointed at the fake server."""

    def run(program: str, *, timeout: float = 20.0) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(program))
        return subprocess.run(
            [sys.executable, str(path)],
            env=environment(server),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


def environment(server):
    return {**os.environ, "CALLBOARD_URL": server.url, "CALLBOARD_API_KEY": TEST_KEY, "PYTHONWARNINGS": "ignore"}


def names(server):
    return sorted(span["name"] for span in server.spans)


def test_spans_of_a_program_that_ends_are_sent(server, run):
    ended = run(
        """
        import callboard
        with callboard.span("last words"):
            callboard.feedback(thumbs="up")
        """
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert names(server) == ["last words"]
    assert len(server.feedback) == 1


def test_spans_made_while_the_program_ends_are_sent(server, run):
    run(
        """
        import atexit
        import callboard
        callboard.flush()
        @atexit.register
        def bye():
            with callboard.span("in atexit"):
                pass
            callboard.flush()
        """
    )

    assert names(server) == ["in atexit"]


def test_a_program_that_fails_keeps_its_own_exit_status(server, run):
    ended = run(
        """
        import callboard
        with callboard.span("failing"):
            raise SystemExit(3)
        """
    )

    assert ended.returncode == 3
    assert server.span_named("failing")["attributes"]["error.type"] == "SystemExit"


def test_a_server_that_hangs_holds_an_ending_program_up_for_two_seconds_at_most(server, run):
    server.always["/v1/traces"] = Scripted(200, delay=8.0)
    began = time.monotonic()

    ended = run(
        """
        import callboard
        with callboard.span("stuck"):
            pass
        """
    )

    assert ended.returncode == 0
    assert time.monotonic() - began < 5.0


def test_a_server_that_is_off_holds_an_ending_program_up_for_two_seconds_at_most(server, run):
    server.stop()
    began = time.monotonic()

    ended = run(
        """
        import callboard
        with callboard.span("nowhere to go"):
            pass
        prompt = callboard.prompts.get("greeting", fallback="Hi")
        assert prompt.text == "Hi"
        """
    )
    server.start_again()

    assert ended.returncode == 0, ended.stderr
    assert time.monotonic() - began < 5.0


def test_what_a_program_could_not_send_at_its_end_is_sent_by_the_next(server, run, tmp_path, monkeypatch):
    monkeypatch.setenv("CALLBOARD_SPOOL_DIR", str(tmp_path / "spool"))
    program = """
        import callboard
        for number in range(1500):
            with callboard.span("kept"):
                pass
        """
    server.stop()
    began = time.monotonic()
    first = run(program)
    server.start_again()

    assert first.returncode == 0, first.stderr
    assert time.monotonic() - began < 5.0
    run(
        """
        import time
        import callboard
        with callboard.span("later"):
            pass
        callboard.flush(5)
        time.sleep(2)
        """
    )
    assert names(server) == ["kept"] * 1500 + ["later"]


def test_a_forked_child_starts_with_an_empty_queue_and_its_own_thread(server, run):
    ended = run(
        """
        import os
        import callboard

        with callboard.span("before the fork") as root:
            child = os.fork()
            if child == 0:
                assert callboard.stats()["spans_sent"] == 0
                with callboard.span("in the child"):
                    pass
                assert callboard.flush(5)
                os._exit(0)
            os.waitpid(child, 0)
        with callboard.span("in the parent"):
            pass
        """
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert names(server) == ["before the fork", "in the child", "in the parent"]
    child, parent = server.span_named("in the child"), server.span_named("before the fork")
    assert child["parentSpanId"] == parent["spanId"]
    instances = {str(batch.json["resourceSpans"][0]["resource"]) for batch in server.batches}
    assert len(instances) == 2


def test_children_have_ids_of_their_own(server, run):
    run(
        """
        import os
        import callboard

        with callboard.span("warm up"):
            pass
        for number in range(4):
            if os.fork() == 0:
                with callboard.span("work"):
                    pass
                callboard.flush(5)
                os._exit(0)
        for number in range(4):
            os.wait()
        """
    )

    assert len(server.spans) == 5
    assert len({span["traceId"] for span in server.spans}) == 5
    assert len({batch.headers["x-callboard-batch-id"] for batch in server.batches}) == 5


def test_workers_forked_in_c_without_telling_python_have_ids_and_queues_of_their_own(server, run):
    # As uWSGI does it: no hook of `os.register_at_fork` runs in the children.
    ended = run(
        """
        import ctypes
        import os
        import callboard

        fork = ctypes.PyDLL(None).fork
        with callboard.span("in the master"):
            pass
        children = []
        for number in range(3):
            child = fork()
            if child == 0:
                with callboard.span(f"worker {number}"), callboard.span(f"step {number}"):
                    pass
                os._exit(0 if callboard.flush(5) else 7)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
        """
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert names(server) == ["in the master", *(f"{name} {n}" for name in ("step", "worker") for n in range(3))]
    assert len({span["spanId"] for span in server.spans}) == 7
    assert len({span["traceId"] for span in server.spans}) == 4


GEVENT_HOST = """
    import callboard
    import gevent

    def work(number):
        with callboard.span(f"outer {number}"):
            gevent.sleep(0.01)
            with callboard.span(f"inner {number}"):
                gevent.sleep(0.01)

    gevent.joinall([gevent.spawn(work, number) for number in range(20)], raise_error=True)
    assert callboard.flush(5)
    assert callboard.stats()["spans_sent"] == 40
    """


@pytest.mark.parametrize("patching", ["", "import gevent.monkey; gevent.monkey.patch_all()"])
def test_greenlets_keep_their_spans_apart_whether_the_host_is_patched_or_not(server, run, patching):
    ended = run(patching + textwrap.dedent(GEVENT_HOST))

    assert (ended.returncode, ended.stderr) == (0, "")
    for number in range(20):
        inner, outer = server.span_named(f"inner {number}"), server.span_named(f"outer {number}")
        assert inner["parentSpanId"] == outer["spanId"]


def test_a_patched_host_whose_server_hangs_goes_on_and_ends_in_time(server, run):
    server.always["/v1/traces"] = Scripted(200, delay=8.0)
    began = time.monotonic()

    ended = run(
        """
        import gevent.monkey
        gevent.monkey.patch_all()
        import time
        import callboard
        with callboard.span("stuck"):
            pass
        began = time.monotonic()
        for _ in range(20):
            time.sleep(0.05)
            with callboard.span("going on"):
                pass
        assert time.monotonic() - began < 3
        """
    )

    assert ended.returncode == 0, ended.stderr
    assert time.monotonic() - began < 7.5


def test_a_fork_while_other_threads_record_never_hangs(server, run):
    ended = run(
        """
        import os
        import threading
        import callboard

        stop = threading.Event()

        def record():
            while not stop.is_set():
                with callboard.span("busy", input={"a": [1, 2, 3]}):
                    pass
                callboard.prompts.get("greeting", fallback="Hi")

        threads = [threading.Thread(target=record, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(15):
            if os.fork() == 0:
                with callboard.span(f"child {number}"):
                    callboard.prompts.get("greeting", fallback="Hi")
                os._exit(0 if callboard.flush(5) else 7)
        statuses = [os.waitstatus_to_exitcode(os.wait()[1]) for number in range(15)]
        stop.set()
        assert statuses == [0] * 15, statuses
        """,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stderr
    assert {f"child {number}" for number in range(15)} <= set(names(server))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_multiprocessing_send_what_they_recorded(server, run, method):
    ended = run(
        f"""
        import multiprocessing
        import callboard

        def work(number):
            with callboard.span(f"work {{number}}"):
                return number

        if __name__ == "__main__":
            with callboard.span("main"):
                pass
            workers = multiprocessing.get_context("{method}")
            processes = [workers.Process(target=work, args=(number,)) for number in range(2)]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
        """
    )

    assert ended.returncode == 0, ended.stderr
    assert names(server) == ["main", "work 0", "work 1"]


def test_workers_of_celery_send_what_they_recorded(server, run):
    ended = run(
        """
        import billiard
        import callboard

        def work(number):
            with callboard.span(f"work {number}"):
                return number

        if __name__ == "__main__":
            processes = [billiard.Process(target=work, args=(number,)) for number in range(2)]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
        """
    )

    assert ended.returncode == 0, ended.stderr
    assert names(server) == ["work 0", "work 1"]


@pytest.mark.parametrize("library", ["multiprocessing", "billiard"])
def test_a_server_that_hangs_holds_an_ending_worker_up_once_and_not_for_each_queue(server, run, library):
    server.always["/v1/traces"] = server.always["/api/v1/feedback"] = Scripted(200, delay=8.0)
    ended = run(
        f"""
        import time
        import {library} as library
        import callboard

        def work():
            with callboard.span("stuck"):
                callboard.feedback(thumbs="up")

        if __name__ == "__main__":
            process = library.Process(target=work)
            began = time.monotonic()
            process.start()
            process.join()
            print(time.monotonic() - began)
        """
    )

    assert ended.returncode == 0, ended.stderr
    # Two seconds, and what a busy machine needs to start and end a process.
    assert float(ended.stdout) < 2.9


def test_a_preloading_web_server_sends_from_its_workers(server, tmp_path):
    (tmp_path / "shop.py").write_text(
        textwrap.dedent(
            """
            import callboard
            with callboard.span("preloaded"):
                pass

            def app(environ, start_response):
                with callboard.span("request"):
                    start_response("200 OK", [])
                    return [b"ok"]
            """
        )
    )
    socket_path = tmp_path / "gunicorn.sock"
    gunicorn = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--preload", "-w", "1", "-b", f"unix:{socket_path}", "shop:app"],
        cwd=tmp_path,
        env=environment(server),
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(socket_path.exists, seconds=15)
        eventually(lambda: ask(socket_path), seconds=15)
        eventually(lambda: "request" in names(server), seconds=10)
    finally:
        gunicorn.send_signal(signal.SIGTERM)
        gunicorn.wait(15)

    assert names(server).count("preloaded") == 1


def ask(path):
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return b"ok" in connection.recv(1000)
        except OSError:
            return False


def test_the_client_installs_no_signal_handlers(run):
    ended = run(
        """
        import signal
        before = {number: signal.getsignal(number) for number in signal.valid_signals()}
        import callboard
        with callboard.span("a"):
            pass
        callboard.flush(5)
        assert {number: signal.getsignal(number) for number in signal.valid_signals()} == before
        """
    )

    assert (ended.returncode, ended.stderr) == (0, "")


def test_importing_the_package_starts_no_thread_and_needs_no_other_package(run):
    ended = run(
        """
        import sys
        import threading
        import callboard
        from callboard import observe, span, prompts, feedback, context, flush, shutdown
        assert threading.active_count() == 1
        names = {name.partition(".")[0] for name in sys.modules}
        outside = names - set(sys.stdlib_module_names) - {"callboard", "__main__"}
        assert not {name for name in outside if not name.startswith(("_", "sitecustomize"))}, outside
        assert "asyncio" not in sys.modules
        """
    )

    assert (ended.returncode, ended.stderr) == (0, "")
