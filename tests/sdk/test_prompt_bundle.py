"""`callboard prompts bundle`: an application starts with prompts that were shipped with it."""

from __future__ import annotations

import stat

import pytest
from callboard.cli.main import main
from callboard.testing import TEST_KEY

from tests.sdk.fake_server import Scripted

GONE_URL = "http://127.0.0.1:9"


@pytest.fixture
def bundle(server, tmp_path, monkeypatch, capsys):
    """Run the verb, and return its status and what it said."""
    monkeypatch.setenv("CALLBOARD_URL", server.url)
    monkeypatch.setenv("CALLBOARD_API_KEY", TEST_KEY)

    def run(*arguments: str):
        status = main(["prompts", "bundle", "--output", str(tmp_path / "bundle"), *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_an_application_starts_from_a_bundle_with_the_server_off(server, bundle, make_client, tmp_path):
    for number in range(5):
        server.publish(f"folder/prompt-{number}", f"Text {number}", version=number + 1)

    status, out, _ = bundle()
    server.stop()
    client = make_client(GONE_URL, prompt_dir=tmp_path / "bundle")

    assert status == 0
    assert "5 prompts" in out
    assert "folder/prompt-3 v4" in out
    found = [client.prompts.get(f"folder/prompt-{number}") for number in range(5)]
    assert [prompt.text for prompt in found] == [f"Text {number}" for number in range(5)]
    assert {prompt.source for prompt in found} == {"disk"}


def test_another_label_can_be_shipped(server, bundle, make_client, tmp_path):
    server.publish("greeting", "production")
    server.publish("greeting", "staging", version=2, label="staging")

    bundle("--label", "staging")

    client = make_client(GONE_URL, prompt_dir=tmp_path / "bundle")
    assert client.prompts.get("greeting", "staging").text == "staging"
    assert client.prompts.get("greeting").error is not None


def test_a_bundle_is_private_and_holds_no_key(server, bundle, tmp_path):
    server.publish("greeting", "Hi")
    bundle()

    [path] = (tmp_path / "bundle").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert TEST_KEY.split("_", 2)[2][:20] not in path.read_text()


def test_a_bundle_made_with_another_key_is_not_used(server, bundle, make_client, tmp_path):
    server.publish("greeting", "Hi")
    bundle()

    client = make_client(GONE_URL, prompt_dir=tmp_path / "bundle", api_key=TEST_KEY[:-1] + "x")

    assert client.prompts.get("greeting").error is not None


def test_nothing_published_is_an_error_and_not_an_empty_bundle(bundle, tmp_path):
    status, _, err = bundle()

    assert status == 1
    assert "no prompt is published" in err
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Scripted(403), "prompts:read"),
        (Scripted(503), "503"),
        (Scripted(200, body=b"<html>"), "not a"),
        (Scripted(200, body=b'{"items": [{"name": "a"}]}'), "not a prompt"),
    ],
)
def test_a_server_that_does_not_answer_well_leaves_nothing_behind(server, bundle, tmp_path, answer, said):
    server.always["/api/v1/prompts"] = answer

    status, _, err = bundle()

    assert status == 1
    assert said in err
    assert not (tmp_path / "bundle").exists()


def test_without_a_key_it_says_where_to_get_one(bundle, monkeypatch):
    monkeypatch.delenv("CALLBOARD_API_KEY")

    status, _, err = bundle()

    assert status == 1
    assert "CALLBOARD_API_KEY" in err
