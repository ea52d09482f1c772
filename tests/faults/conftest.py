"""One installation for all tests of a run; its ledger goes on from test to test, as a user's data does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.installation import Installation
from tests.faults.ledger import Ledger


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            # One installation for all of them, so one worker runs them all.
            item.add_marker(pytest.mark.xdist_group("faults"))


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.fixture(scope="session")
def ledger(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    kept = Ledger(tmp_path_factory.mktemp("ledger") / "acknowledged")
    yield kept
    kept.close()
