"""Fixtures for every test."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _forget_cached_keys() -> None:
    """Keys and masking settings are remembered per process; no test may see another test's."""
    from monitoring import masking_policies
    from projects import keys

    keys.forget()
    masking_policies.forget()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the pages sent, whether or not it was within the budget."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    measured = [value for report in reports for name, value in report.user_properties if name == "budget"]
    if measured:
        terminalreporter.section("Budgets of the pages")
    for line in dict.fromkeys(measured):
        terminalreporter.write_line(str(line))
