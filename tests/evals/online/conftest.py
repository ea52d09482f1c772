"""The provider of the judges' tests, for online evaluations."""

from __future__ import annotations

from tests.evals.judges.conftest import connection, editor, project, provider, version

__all__ = ["connection", "editor", "project", "provider", "version"]
