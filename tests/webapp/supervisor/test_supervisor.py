import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from webapp.supervisor import records
from webapp.supervisor.children import Child, Program
from webapp.supervisor.signals import StopRequested, StopSignals
from webapp.supervisor.supervisor import Supervisor, describe_ending


def make_program(directory: Path, code: str, **overrides) -> Program:
    argv = (sys.executable, "-I", "-S", "-c", code)
    return Program(
        **{"name": "The test process", "argv": argv, "directory": directory, "log": directory / "log", **overrides}
    )


def wait_for(condition, *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


SLEEP = "import time; time.sleep(60)"
NOTE_PID_AND_SLEEP = "import os, time; open('pids', 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def cast(tmp_path, said):
    supervisor = Supervisor(record=tmp_path / "processes.json", say=said.append)
    yield supervisor
    supervisor.end()


@pytest.fixture
def stopped_by_signals():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    StopSignals().listen()
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def watch_for(cast: Supervisor, condition) -> None:
    """Watch in this thread until the condition holds, then stop watching by the signal a person would send."""

    def ask_to_stop() -> None:
        try:
            wait_for(condition)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    asker = threading.Thread(target=ask_to_stop)
    asker.start()
    with pytest.raises(StopRequested):
        cast.watch()
    asker.join()


def pids_noted(directory: Path) -> list[int]:
    path = directory / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


@pytest.mark.usefixtures("stopped_by_signals")
def test_a_child_that_is_killed_is_started_again_and_the_screen_says_so(cast, said, tmp_path):
    child = cast.start(make_program(tmp_path, NOTE_PID_AND_SLEEP))
    wait_for(lambda: pids_noted(tmp_path))

    os.kill(child.pid, signal.SIGKILL)
    watch_for(cast, lambda: len(pids_noted(tmp_path)) == 2)

    assert is_alive(pids_noted(tmp_path)[1])
    assert said == [
        f"The test process was ended by signal 9 (SIGKILL) and is started again in 0.5 s. Its log: {tmp_path / 'log'}"
    ]


@pytest.mark.usefixtures("stopped_by_signals")
def test_a_child_that_keeps_crashing_is_started_ever_less_often(cast, said, tmp_path):
    cast.start(make_program(tmp_path, "raise SystemExit(3)"))

    watch_for(cast, lambda: len(said) == 2)

    assert "ended by itself with code 3 and is started again in 0.5 s" in said[0]
    assert "is started again in 1 s" in said[1]


def test_stop_ends_the_children_of_a_child_too(cast, tmp_path):
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', {NOTE_PID_AND_SLEEP!r}])"
    cast.start(make_program(tmp_path, code))
    wait_for(lambda: pids_noted(tmp_path))

    cast.stop()

    wait_for(lambda: not is_alive(pids_noted(tmp_path)[0]))


def test_stop_ends_servers_after_those_who_use_them(cast, tmp_path):
    code = "import signal, sys, time\n"
    code += "def leave(*_):\n    time.sleep(0.2)\n    open('order', 'a').write(sys.argv[1])\n    sys.exit()\n"
    code += "signal.signal(signal.SIGTERM, leave)\nopen('pids', 'a').write('1\\n')\ntime.sleep(60)"
    server, user = make_program(tmp_path, code, is_server=True), make_program(tmp_path, code)
    cast.start(Program(**{**vars(server), "argv": (*server.argv, "server ")}))
    cast.start(Program(**{**vars(user), "argv": (*user.argv, "user ")}))
    wait_for(lambda: len(pids_noted(tmp_path)) == 2)

    cast.stop()

    assert (tmp_path / "order").read_text() == "user server "


def test_a_child_that_ignores_its_signal_is_ended_and_named(cast, said, tmp_path):
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {NOTE_PID_AND_SLEEP}"
    child = cast.start(make_program(tmp_path, code, stop_seconds=0.3))
    wait_for(lambda: pids_noted(tmp_path))

    cast.stop()

    assert child.exit_code == -signal.SIGKILL
    assert said == ["The test process did not stop within 0 s and was ended."]


def test_children_do_not_get_the_ctrl_c_of_the_terminal(cast, tmp_path):
    child = cast.start(make_program(tmp_path, SLEEP))

    wait_for(lambda: os.getsid(child.pid) == child.pid)

    assert os.getpgid(child.pid) != os.getpgid(0)


def test_a_program_that_does_not_exist_is_named_in_its_log(cast, tmp_path):
    child = cast.start(Program(name="The test process", argv=("/no/such",), directory=tmp_path, log=tmp_path / "log"))

    wait_for(lambda: child.exit_code is not None)

    assert (tmp_path / "log").read_text() == "/no/such cannot be started: No such file or directory.\n"


def test_the_next_start_ends_what_a_killed_one_left(cast, tmp_path):
    child = cast.start(make_program(tmp_path, SLEEP))

    ended = records.end_leftovers(tmp_path / "processes.json")

    assert ended == ["The test process"]
    wait_for(lambda: child.exit_code is not None)
    assert not (tmp_path / "processes.json").exists()


def test_a_process_that_only_has_the_number_of_a_recorded_one_is_left_alone(tmp_path):
    stranger = Child(make_program(tmp_path, SLEEP))
    record = tmp_path / "processes.json"
    records.write(record, [stranger])
    record.write_text(record.read_text().replace(stranger.mark, "another boot/1"))

    try:
        assert records.end_leftovers(record) == []
        assert stranger.exit_code is None
    finally:
        stranger.end()


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_broken_record_is_taken_as_empty(tmp_path, text):
    (tmp_path / "processes.json").write_text(text)

    assert records.end_leftovers(tmp_path / "processes.json") == []


def test_endings_are_described_in_words():
    assert describe_ending(0) == "ended by itself with code 0"
    assert describe_ending(-9) == "was ended by signal 9 (SIGKILL)"
