"""What can go wrong with traffic and feedback, in words for whoever sent it."""

from __future__ import annotations


class MonitoringError(Exception):
    """This cannot be done with the traffic of the project."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class ScoreRefused(MonitoringError):
    """This score cannot be stored."""


class OutcomeRefused(MonitoringError):
    """This outcome cannot be stored."""


class TokenRefused(MonitoringError):
    """This feedback token is not valid or has expired."""


class RuleRefused(MonitoringError):
    """This masking rule cannot be used."""


class RepricingRefused(MonitoringError):
    """Past calls cannot be counted again now."""


class RerunRefused(MonitoringError):
    """Calls cannot be looked at again now."""


class MarkRefused(MonitoringError):
    """This cannot be said about the call."""


class SettingRefused(MonitoringError):
    """This setting of a detector cannot be stored."""


class ViewRefused(MonitoringError):
    """This view cannot be kept."""


class DashboardRefused(MonitoringError):
    """This cannot be kept on a dashboard."""
