"""One installation for all tests of a run; its ledger goes on from test to test, as a user's data does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.installation import Installation
from tests.faults.replay import Ledger


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.fixture(scope="session")
def ledger(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    kept = Ledger(tmp_path_factory.mktemp("ledger") / "acknowledged")
    yield kept
    kept.close()
