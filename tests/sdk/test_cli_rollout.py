"""`callboard rollout`: the command line says and does what the API does."""

from __future__ import annotations

import json

import pytest
from callboard.cli import main as command_line
from callboard.testing import TEST_KEY

from tests.sdk.fake_server import Scripted

ROLLOUT = {
    "id": "6f1c", "prompt": "shop/answer", "label": "production", "control_version": 1, "candidate_version": 2,
    "state": "running", "trouble": "", "share": 0.05, "step": 1, "steps": [{"share": 0.01}, {"share": 0.05}], "reason": "",
    "url": "http://callboard/p/shop/rollouts/6f1c/",
}  # fmt: skip


@pytest.fixture
def run(capsys, server, monkeypatch):
    monkeypatch.setenv("CALLBOARD_URL", server.url)
    monkeypatch.setenv("CALLBOARD_API_KEY", TEST_KEY)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = command_line.main(["rollout", *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def there(server):
    """A server with one rollout."""
    server.always["/api/v1/rollouts"] = Scripted(200, body=json.dumps({"items": [ROLLOUT]}).encode())


def test_the_status_says_how_far_it_is(run, there):
    status, out, _ = run("status", "shop/answer")

    assert status == 0
    assert "shop/answer in production: v1 -> v2, running at 5 %" in out
    assert "shares: 1 [5] 100" in out


def test_without_a_rollout_it_says_so(run, there):
    status, _, err = run("status", "shop/answer", "--label", "staging")

    assert status == 1
    assert "shop/answer has no rollout in staging" in err


@pytest.mark.parametrize(
    ("verb", "end"), [("pause", "pause"), ("resume", "resume"), ("advance", "advance"), ("rollback", "roll-back")]
)
def test_each_verb_does_what_it_says_with_its_reason(run, there, server, verb, end):
    address = f"/api/v1/rollouts/6f1c/{end}"
    server.always[address] = Scripted(200, body=json.dumps({**ROLLOUT, "state": "paused"}).encode())

    status, out, _ = run(verb, "shop/answer", "--reason", "Lunch.", "--json")

    assert status == 0
    assert json.loads(out)["state"] == "paused"
    [sent] = server.requests_to(address)
    assert json.loads(sent.body) == {"reason": "Lunch."}


def test_a_rollout_is_started_with_shares_in_percent(run, server):
    server.always["/api/v1/rollouts"] = Scripted(201, body=json.dumps(ROLLOUT).encode())

    status, _, _ = run("start", "shop/answer", "2", "--shares", "10, 50%", "--caution", "fast", "--note", "Shorter")

    assert status == 0
    sent = json.loads(server.requests_to("/api/v1/rollouts")[0].body)
    assert (sent["version"], sent["shares"], sent["caution"], sent["note"]) == (2, [0.1, 0.5], "fast", "Shorter")


def test_what_the_server_refuses_is_told(run, server):
    server.always["/api/v1/rollouts"] = Scripted(403, body=b'{"detail": "A person can do it."}')

    status, _, err = run("start", "shop/answer", "2")

    assert status == 1
    assert "A person can do it." in err


def test_shares_that_are_no_numbers_are_refused_before_anything_is_sent(run, server):
    status, _, err = run("start", "shop/answer", "2", "--shares", "few")

    assert status == 1
    assert "write the shares as numbers" in err
    assert server.requests_to("/api/v1/rollouts") == []
