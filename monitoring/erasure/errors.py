"""Why something cannot be deleted as it was asked for."""

from __future__ import annotations

from monitoring.errors import MonitoringError


class ErasureRefused(MonitoringError):
    """This cannot be deleted."""


class SubjectMissing(ErasureRefused):
    """Say whose data is to be deleted: the id of a user, a session or a trace, or a filter."""


class NotConfirmed(ErasureRefused):
    """What was typed is not what is to be deleted. Type it exactly; nothing was deleted."""


class AlreadyRunning(ErasureRefused):
    """This is being deleted already. Wait until that is done."""
