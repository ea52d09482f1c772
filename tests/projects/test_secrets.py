"""Behaviour of secrets at rest."""

from __future__ import annotations

import stat

import pytest

from projects import secrets
from projects.errors import SecretUnreadable


@pytest.fixture(autouse=True)
def _fresh_master_key():
    secrets._master_key.cache_clear()
    yield
    secrets._master_key.cache_clear()


def seal(plain: str = "sk-12345") -> bytes:
    return secrets.seal(plain=plain, project_id=1, field="provider")


def test_a_secret_comes_back():
    assert secrets.unseal(sealed=seal("sk-ünïcödé"), project_id=1, field="provider") == "sk-ünïcödé"


def test_equal_secrets_look_different():
    assert seal() != seal()


def test_the_secret_is_not_in_what_is_stored():
    assert b"sk-12345" not in seal()


@pytest.mark.parametrize(("project_id", "field"), [(2, "provider"), (1, "webhook")])
def test_a_secret_moved_to_another_place_is_unreadable(project_id, field):
    with pytest.raises(SecretUnreadable):
        secrets.unseal(sealed=seal(), project_id=project_id, field=field)


@pytest.mark.parametrize("position", [0, 5, 20])
def test_a_damaged_secret_is_unreadable(position):
    sealed = bytearray(seal())
    sealed[position] ^= 1

    with pytest.raises(SecretUnreadable):
        secrets.unseal(sealed=bytes(sealed), project_id=1, field="provider")


def test_another_master_key_reads_nothing(monkeypatch):
    sealed = seal()
    monkeypatch.setenv("CALLBOARD_MASTER_KEY", "11" * 32)
    secrets._master_key.cache_clear()

    with pytest.raises(SecretUnreadable, match="master key"):
        secrets.unseal(sealed=sealed, project_id=1, field="provider")


def test_the_master_key_is_made_once_for_its_owner_only(monkeypatch, settings, tmp_path):
    monkeypatch.delenv("CALLBOARD_MASTER_KEY")
    settings.MASTER_KEY_FILE = tmp_path / "secrets" / "master.key"
    sealed = seal()
    written = settings.MASTER_KEY_FILE.read_text()
    secrets._master_key.cache_clear()

    assert secrets.unseal(sealed=sealed, project_id=1, field="provider") == "sk-12345"
    assert settings.MASTER_KEY_FILE.read_text() == written
    assert stat.S_IMODE(settings.MASTER_KEY_FILE.stat().st_mode) == 0o600
