"""What can go wrong with texts that are to become vectors."""

from __future__ import annotations

from monitoring.errors import MonitoringError


class EmbeddingWaits(MonitoringError):
    """The embedding model does not answer. What is to be embedded waits and is tried again."""


class EmbeddingRefused(MonitoringError):
    """This embedding model cannot be used."""
