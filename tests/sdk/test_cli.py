"""The command line."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import subprocess
import sys

import pytest
from callboard.cli import main as command_line
from callboard.testing import TEST_KEY

from tests.sdk.fake_server import Scripted


@pytest.fixture
def run(capsys):
    def run(*arguments: str) -> tuple[int, str, str]:
        status = command_line.main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def add_command(monkeypatch):
    """Join a command the way an installed server does."""

    def add(add_commands, *, value="server:add_commands"):
        entry_point = importlib.metadata.EntryPoint("server", value, "callboard.commands")
        monkeypatch.setattr(importlib.metadata.EntryPoint, "load", lambda self: add_commands())
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry_point])

    return add


@pytest.fixture
def me(server, monkeypatch):
    """A server that knows the key."""

    def me(**changes):
        facts = {
            "key_id": "testtesttest",
            "project": "Shop",
            "environment": "production",
            "scopes": ["ingest", "prompts:read", "feedback:write"],
            "server_time": datetime.datetime.now(datetime.UTC).isoformat(),
        }
        server.always["/api/v1/me"] = Scripted(200, body=json.dumps(facts | changes).encode())

    monkeypatch.setenv("CALLBOARD_URL", server.url)
    monkeypatch.setenv("CALLBOARD_API_KEY", TEST_KEY)
    me()
    return me


def test_the_version_is_told(run):
    status, out, _ = run("--version")

    assert (status, out) == (0, "callboard 0.1.0\n")


def test_help_lists_the_commands(run, add_command):
    add_command(lambda: lambda subparsers: subparsers.add_parser("up", help="start everything"))

    status, out, _ = run("--help")

    assert status == 0
    assert "doctor" in out
    assert "start everything" in out


def test_without_a_command_the_help_is_shown(run):
    status, out, _ = run()

    assert status == 2
    assert "usage: callboard" in out


@pytest.mark.parametrize("arguments", [["nonsense"], ["doctor", "--nonsense"], ["doctor", "--timeout", "soon"]])
def test_wrong_use_is_status_two(run, arguments):
    status, out, err = run(*arguments)

    assert (status, out) == (2, "")
    assert "usage: callboard" in err


def test_commands_of_an_installed_server_are_run(run, add_command):
    def add_commands(subparsers):
        parser = subparsers.add_parser("greet")
        parser.add_argument("name")
        parser.set_defaults(run=lambda arguments: 0 if arguments.name == "ada" else 1)

    add_command(lambda: add_commands)

    assert run("greet", "ada")[0] == 0
    assert run("greet", "bob")[0] == 1


def test_a_server_that_cannot_be_loaded_does_not_stop_the_other_commands(run, add_command):
    def broken():
        raise ImportError("no module named django")

    add_command(broken)

    status, _, err = run("nonsense")

    assert status == 2
    assert "callboard: the commands of server:add_commands are not available: no module named django" in err


def test_an_error_is_one_line_without_a_traceback(run, add_command, monkeypatch):
    def fail(arguments):
        raise RuntimeError("the database\nis gone")

    add_command(lambda: lambda subparsers: subparsers.add_parser("fail").set_defaults(run=fail))

    status, out, err = run("fail")
    monkeypatch.setenv("CALLBOARD_DEBUG", "1")
    _, _, err_with_debug = run("fail")

    assert (status, out, err) == (1, "", "callboard: the database is gone\n")
    assert "Traceback" in err_with_debug


def test_an_error_without_words_says_where_to_look(run, add_command):
    def fail(arguments):
        raise AssertionError

    add_command(lambda: lambda subparsers: subparsers.add_parser("fail").set_defaults(run=fail))

    assert run("fail")[2] == "callboard: AssertionError (set CALLBOARD_DEBUG=1 to see where)\n"


def test_an_interrupted_command_says_stopped(run, add_command):
    def interrupted(arguments):
        raise KeyboardInterrupt

    add_command(lambda: lambda subparsers: subparsers.add_parser("wait").set_defaults(run=interrupted))

    assert run("wait") == (1, "", "callboard: stopped\n")


def test_doctor_finds_all_well(run, me):
    status, out, err = run("doctor")

    assert (status, err) == (0, "")
    assert "project: Shop, production" in out
    assert "failed" not in out
    assert "warning" not in out


def test_doctor_answers_in_json(run, me):
    status, out, _ = run("doctor", "--json")

    document = json.loads(out)
    assert status == 0
    assert document["ok"] is True
    assert {finding["check"] for finding in document["findings"]} >= {"address", "key", "server", "project", "clock"}


def test_doctor_names_missing_scopes(run, me):
    me(scopes=["ingest"])

    status, out, _ = run("doctor")

    assert status == 0
    assert "warning  prompts:read: this key may not fetch prompts" in out


def test_doctor_compares_the_clocks(run, me):
    late = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=10)
    me(server_time=late.isoformat())

    _, out, _ = run("doctor")

    assert "warning  clock: 600" in out
    assert "ahead of the server's" in out


def test_doctor_sees_a_refused_key(run, server, me):
    server.always["/api/v1/me"] = Scripted(401)

    status, out, _ = run("doctor")

    assert status == 1
    assert "refused the key (401)" in out


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]"])
def test_doctor_sees_that_another_server_answers(run, server, me, body):
    server.always["/api/v1/me"] = Scripted(200, body=body)

    status, out, _ = run("doctor")

    assert status == 1
    assert "does not come from Callboard" in out


def test_doctor_sees_that_nobody_answers(run, me):
    status, out, _ = run("doctor", "--url", "http://127.0.0.1:9")

    assert status == 1
    assert "no answer from http://127.0.0.1:9" in out


def test_doctor_sees_a_missing_and_a_mistyped_key(run, me, monkeypatch):
    monkeypatch.setenv("CALLBOARD_API_KEY", TEST_KEY[:-1])
    assert "incomplete or mistyped" in run("doctor")[1]

    monkeypatch.delenv("CALLBOARD_API_KEY")
    status, out, _ = run("doctor")
    assert status == 1
    assert "CALLBOARD_API_KEY is not set" in out


def test_doctor_sees_that_prompts_cannot_be_kept(run, me, monkeypatch, tmp_path):
    blocking = tmp_path / "file"
    blocking.write_text("")
    monkeypatch.setenv("CALLBOARD_PROMPT_DIR", str(blocking / "prompts"))

    assert "warning  prompt copies" in run("doctor")[1]


def test_doctor_tells_how_much_waits_in_the_spool(run, me, monkeypatch, tmp_path):
    monkeypatch.setenv("CALLBOARD_SPOOL_DIR", str(tmp_path))
    (tmp_path / "a.spool").write_bytes(b"")
    assert f"spool: 1 files wait in {tmp_path}" in run("doctor")[1]

    monkeypatch.setenv("CALLBOARD_SPOOL_DIR", str(tmp_path / "a.spool" / "below a file"))
    assert "warning  spool" in run("doctor")[1]


def test_the_command_starts_as_a_module_without_django():
    program = (
        "import sys, runpy\n"
        "sys.argv = ['callboard', 'doctor', '--help']\n"
        "try:\n    runpy.run_module('callboard', run_name='__main__')\n"
        "except SystemExit as stop:\n    print('status', stop.code)\n"
        "print('django' in sys.modules, 'webapp' in sys.modules)"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)

    assert "usage: callboard doctor" in ended.stdout
    assert ended.stdout.endswith("status 0\nFalse False\n")
    assert ended.stderr == ""
