"""The last known good copies on disk."""

import hashlib
import json
import stat

import pytest
from callboard.prompt_disk import PromptDisk, StoredPrompt

STORED = StoredPrompt({"name": "greeting", "text": "Hi"}, '"etag"', 12.5)


@pytest.fixture
def disk(tmp_path):
    return PromptDisk(tmp_path / "prompts", scope="key", secret="s")


def only_file(disk):
    [path] = disk._directory.iterdir()
    return path


def test_what_was_saved_is_loaded(disk):
    disk.save("greeting|l:production", STORED)

    assert disk.load("greeting|l:production") == STORED
    assert disk.load("greeting|v:1") is None


def test_files_are_private(disk):
    disk.save("k", STORED)

    assert stat.S_IMODE(only_file(disk).stat().st_mode) == 0o600
    assert stat.S_IMODE(disk._directory.stat().st_mode) == 0o700


def test_saving_again_replaces_the_file_and_leaves_nothing_behind(disk):
    disk.save("k", STORED)
    disk.save("k", StoredPrompt({"name": "new"}, None))

    assert disk.load("k").payload == {"name": "new"}
    assert only_file(disk).suffix == ".json"


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"signature": "00", "body": "{}"}', b"[" * 100_000]
)
def test_a_damaged_file_counts_as_none(disk, damage):
    disk.save("k", STORED)
    only_file(disk).write_bytes(damage)

    assert disk.load("k") is None


def test_a_changed_text_is_noticed_by_its_signature(disk, caplog):
    disk.save("k", STORED)
    path = only_file(disk)
    document = json.loads(path.read_text())
    document["body"] = document["body"].replace("Hi", "Ho")
    path.write_text(json.dumps(document))

    assert disk.load("k") is None
    assert "signature" in caplog.text


def test_a_copied_file_of_another_prompt_or_project_is_not_used(disk, tmp_path):
    disk.save("k", STORED)
    only_file(disk).rename(disk._path("other"))
    assert disk.load("other") is None

    elsewhere = PromptDisk(tmp_path / "prompts", scope="other-key", secret="s")
    disk.save("k", STORED)
    disk._path("k").rename(elsewhere._path("k"))
    assert elsewhere.load("k") is None


def test_a_text_signed_with_another_secret_is_not_used(disk, tmp_path):
    forger = PromptDisk(tmp_path / "prompts", scope="key", secret="guessed")
    forger.save("k", StoredPrompt({"name": "greeting", "text": "Ho"}, None))

    assert disk.load("k") is None


def test_a_checksum_that_anybody_can_compute_is_not_a_signature(disk):
    disk.save("k", STORED)
    body = json.loads(only_file(disk).read_text())["body"].replace("Hi", "Ho")
    digest = hashlib.sha256(body.encode()).hexdigest()
    only_file(disk).write_text(json.dumps({"signature": digest, "sha256": digest, "body": body}))

    assert disk.load("k") is None


def test_a_directory_that_cannot_be_made_is_reported_once_and_never_raised(tmp_path, caplog):
    blocking = tmp_path / "file"
    blocking.write_text("")
    disk = PromptDisk(blocking / "prompts", scope="s", secret="s")

    disk.save("k", STORED)
    disk.save("k", STORED)

    assert disk.load("k") is None
    assert caplog.text.count("cannot be stored") == 1


def test_the_key_itself_is_not_on_disk(server, make_client):
    from tests.sdk.fake_server import eventually

    server.publish("greeting", "Hi")
    client = make_client(server.url)
    client.prompts.get("greeting")

    directory = client.settings.prompt_dir
    eventually(lambda: list(directory.glob("*.json")))
    content = "".join(path.read_text() for path in directory.iterdir())
    assert client.settings.api_key.rsplit("_", 1)[1] not in content
