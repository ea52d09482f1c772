"""What can go wrong with the embedded servers, in words for the person at the terminal."""

from __future__ import annotations

from webapp.supervisor.errors import StartError


class EmbeddedServerMissing(StartError):
    """The embedded server is not installed.

    Run `make install`, or set DATABASE_URL and REDIS_URL to servers of your own.
    """


class EmbeddedServerFailed(StartError):
    """The embedded server did not start."""


class ForeignCluster(StartError):
    """The database files in the data directory were made by another version of PostgreSQL."""
