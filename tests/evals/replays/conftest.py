"""Fixtures for replays that really run, against a provider on loopback."""

from __future__ import annotations

from tests.evals.experiments.conftest import _quick_pumps, connection, editor, project, provider

__all__ = ["_quick_pumps", "connection", "editor", "project", "provider"]
