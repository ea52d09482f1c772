"""What alerts refuse, in words for the person who asked for it."""

from __future__ import annotations

from monitoring.errors import MonitoringError


class AlertRefused(MonitoringError):
    """This alert cannot be stored."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TooManyAlerts(MonitoringError):
    """A project may have up to 100 alerts. Delete one that is no longer needed."""


class AlertChangedMeanwhile(MonitoringError):
    """Somebody changed this alert meanwhile. Look at it again, then decide."""


class AlertDeleted(MonitoringError):
    """This alert was deleted. Bring it back first."""
