"""A folder and a store that exports may reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projects.models import Project, User
from tests.monitoring.scheduled_exports.fake_store import FakeStore, storing
from tests.projects.factories import make_project, make_user


@pytest.fixture
def admin() -> User:
    return make_user()


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def base(settings, tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    settings.EXPORT_DIR = str(folder)
    return folder


@pytest.fixture
def store(settings) -> Iterator[FakeStore]:
    with storing(FakeStore()) as store:
        settings.EXPORT_ALLOWLIST = [f"127.0.0.1:{store.port}"]
        yield store
