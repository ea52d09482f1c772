"""What the command line makes of answers that are not what they should be."""

from __future__ import annotations

import pytest
from callboard.cli.main import CommandError
from callboard.cli.prompts_server import NotSaved, PromptServer
from callboard.testing import TEST_KEY

from tests.sdk.fake_server import Scripted

EXPORT = "/api/v1/prompts/export"


@pytest.fixture
def asked(server, monkeypatch):
    monkeypatch.setenv("CALLBOARD_API_KEY", TEST_KEY)
    with PromptServer(server.url) as one:
        yield one


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"name": "a", "version": 1}\n',
        b'{"name": "a", "version": 1}\n{"count": 2}\n',
        b"<html>",
        b'{"count": 1}\n',
    ],
)
def test_an_answer_that_was_cut_off_is_not_taken_for_all_prompts(server, asked, body):
    server.always[EXPORT] = Scripted(200, body=body)

    with pytest.raises(CommandError, match="broke off; nothing was changed"):
        asked.prompts()


def test_a_page_of_something_else_is_told(server, asked):
    server.always[EXPORT] = Scripted(404, body=b"<html>")

    with pytest.raises(CommandError, match=r"\(404\) does not come from Callboard"):
        asked.prompts()


def test_without_a_key_it_says_where_to_make_one(server):
    with pytest.raises(CommandError, match="CALLBOARD_API_KEY is not set"):
        PromptServer(server.url)


def test_a_refusal_carries_its_reasons(server, asked):
    body = b'{"detail": "no", "errors": [{"reason": "Too warm."}, 5], "newest_version": 7}'
    server.always["/api/v1/prompts"] = Scripted(422, body=body)

    assert asked.save({"name": "a"}, note="", base_version=1) == NotSaved("Too warm.", 7)
