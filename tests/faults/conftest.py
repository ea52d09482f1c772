"""One installation for all tests of a run; its ledger goes on from test to test, as a user's data does."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.installation import Installation
from tests.faults.ledger import Ledger

Record = Callable[[str], None]


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


@pytest.fixture
def record(record_property: Callable[[str, object], None]) -> Record:
    """Write down a figure; all of them are printed at the end of the run."""
    return lambda line: record_property("fault", line)


@pytest.fixture
def seed(record: Record) -> int:
    """The seed of everything random; FAULTS_SEED repeats the one of an earlier run."""
    return int(os.environ.get("FAULTS_SEED", "0")) or random.randrange(1, 1_000_000)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured, whether or not the tests passed."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    measured = [value for report in reports for name, value in report.user_properties if name == "fault"]
    if measured:
        terminalreporter.section("What the faults did")
    for line in dict.fromkeys(measured):
        terminalreporter.write_line(str(line))
