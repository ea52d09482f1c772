"""The provider of the judges' tests, for second opinions."""

from __future__ import annotations

from tests.evals.judges.conftest import connection, editor, project, provider

__all__ = ["connection", "editor", "project", "provider"]
