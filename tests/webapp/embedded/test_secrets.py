import stat

from webapp.embedded import secrets


def test_a_secret_is_made_once(tmp_path):
    first = secrets.keep(tmp_path / "secrets" / "key")

    assert secrets.keep(tmp_path / "secrets" / "key") == first
    assert len(first) >= 40


def test_a_secret_is_for_its_owner_only(tmp_path):
    secrets.keep(tmp_path / "secrets" / "key")

    assert stat.S_IMODE((tmp_path / "secrets" / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
