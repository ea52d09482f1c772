"""`callboard up` as a person meets it: the real command, the real processes, one data directory."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = """
import argparse, sys
from webapp.cli.main import add_commands
parser = argparse.ArgumentParser("callboard")
add_commands(parser.add_subparsers(required=True))
args = parser.parse_args()
sys.exit(args.run(args))
"""
OURS = ("DATABASE_URL", "REDIS_URL", "CALLBOARD_", "DJANGO_", "PYTEST_")


def environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "CALLBOARD_PLAIN_STATIC": "1", **extra}


def callboard(*words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", COMMAND, *words]
    return subprocess.run(argv, cwd=ROOT, env=environment(**extra), capture_output=True, text=True, check=False)


class Terminal:
    """A terminal in which `callboard up` runs."""

    def __init__(self, data_dir: Path, *words: str) -> None:
        argv = [sys.executable, "-c", COMMAND, "up", "--no-demo", "--data-dir", str(data_dir), *words]
        self.process = subprocess.Popen(argv, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
        self.record = data_dir / "run" / "processes.json"
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, pattern: str, *, seconds: float = 120.0) -> str:
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.05)
        return found[1]

    def pids(self) -> dict[str, int]:
        return {row["name"]: row["pid"] for row in json.loads(self.record.read_text())}

    def wait_for_all(self) -> dict[str, int]:
        deadline = time.monotonic() + 20
        while len(pids := self.pids()) < 6 and time.monotonic() < deadline:
            time.sleep(0.05)
        return pids

    def end(self, number: signal.Signals) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def family(pids: dict[str, int]) -> set[int]:
    """Return these processes and everything they started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = set(pids.values())
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def survivors(pids: set[int], *, seconds: float) -> set[int]:
    deadline = time.monotonic() + seconds
    while alive := {pid for pid in pids if is_alive(pid)}:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return alive


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("up") / "mes données à moi"


@pytest.fixture(scope="module")
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def terminal(data_dir, taken_port) -> Iterator[Terminal]:
    terminal = Terminal(data_dir, "--port", str(taken_port))
    yield terminal
    terminal.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def url(terminal) -> str:
    return terminal.wait_for(r"Callboard is running: (\S+)")


def test_it_serves_pages_and_says_where(url):
    with urllib.request.urlopen(f"{url}/readyz") as answer:
        assert answer.status == 200


def test_a_port_in_use_is_named_and_the_next_one_taken(terminal, url, taken_port):
    port = url.rpartition(":")[2]

    assert f"Port {taken_port} is in use by another program; using {port} instead." in terminal.lines


def test_the_link_it_prints_leads_in(terminal, url):
    link = terminal.wait_for(r"Sign in with this link, once, within 24 hours: (\S+)")

    with urllib.request.urlopen(link) as answer:
        assert (link.startswith(f"{url}/sign-in/"), answer.status) == (True, 200)


def test_other_commands_find_its_database(url, data_dir):
    outcome = callboard("project", "create", "Support bot", "--json", "--data-dir", str(data_dir))

    assert json.loads(outcome.stdout)["url"] == f"{url}/p/support-bot/"


def test_its_servers_pass_every_check(url, data_dir):
    outcome = callboard("server-check", "--data-dir", str(data_dir))

    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert {line.split()[0] for line in outcome.stdout.splitlines()} <= {"ok", "warning"}


def test_a_second_one_on_the_same_data_says_where_the_first_is(terminal, url, data_dir):
    outcome = callboard("up", "--data-dir", str(data_dir))

    assert outcome.returncode == 1
    assert f"already runs from {data_dir} as process {terminal.process.pid}: {url}." in outcome.stderr


def test_a_web_process_that_is_killed_comes_back(terminal, url):
    os.kill(terminal.wait_for_all()["The web process"], signal.SIGKILL)

    terminal.wait_for(r"(The web process was ended by signal 9 \(SIGKILL\) and is started again in 0.5 s.)")

    deadline = time.monotonic() + 20
    while not answers(f"{url}/livez"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_a_kill_and_a_stop_leave_nothing_running(tmp_path):
    killed = Terminal(tmp_path)
    killed.wait_for(r"(Callboard is running)")
    processes = family(killed.wait_for_all())

    killed.end(signal.SIGKILL)
    assert survivors(processes, seconds=40) == set()

    again = Terminal(tmp_path)
    again.wait_for(r"(Callboard is running)")
    processes = family(again.wait_for_all())
    code = again.end(signal.SIGINT)

    assert (code, again.lines[-2:]) == (0, ["Stopping Callboard ...", "Callboard has stopped."])
    assert survivors(processes, seconds=0) == set()


def test_a_data_directory_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    outcome = callboard("up", "--data-dir", str(tmp_path / "file" / "data"))

    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr == (
        "callboard: A part of the path is a file, not a directory. Choose another place with --data-dir "
        f"({tmp_path}/file/data).\n"
    )


def test_a_database_that_cannot_be_reached_is_one_sentence(tmp_path):
    address = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0"}

    outcome = callboard("up", "--no-demo", "--data-dir", str(tmp_path), **address)

    assert outcome.returncode == 1
    assert outcome.stderr.startswith("callboard: The database cannot be reached: ")
    assert outcome.stderr.count("\n") == 1


def test_a_port_that_is_no_port_is_a_wrong_command():
    outcome = callboard("up", "--port", "70000")

    assert outcome.returncode == 2
    assert "a port is a number from 1 to 65535" in outcome.stderr
