"""Fixtures for every test."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _forget_what_processes_remember() -> None:
    """Keys, quotas, senders and the like are remembered per process; no test may see those of another test."""
    from monitoring import masking_policies, quotas
    from monitoring.analysis import baselines
    from monitoring.erasure import tombstones
    from monitoring.ingest import ledger
    from projects import keys
    from prompt_registry import resolution
    from webapp import disk
    from webapp.api import rate_limits, turned_away

    for memory in (keys, masking_policies, quotas, ledger, rate_limits, turned_away, disk.guard, baselines, tombstones):
        memory.forget()
    # Another thread has another connection, which does not see what a test has not committed.
    resolution._cache.grace = 0.0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the pages sent, whether or not it was within the budget."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    measured = [value for report in reports for name, value in report.user_properties if name == "budget"]
    if measured:
        terminalreporter.section("Budgets of the pages")
    for line in dict.fromkeys(measured):
        terminalreporter.write_line(str(line))
